//! Settings: one name everywhere. `limits.body_chars` in `parlor.toml` is
//! `PARLOR_LIMITS_BODY_CHARS` in the environment and `--set limits.body_chars=…` on the command
//! line; the command line wins over the environment, the environment over the file, the file over
//! the defaults.

mod environment;
mod error;
mod layers;
#[cfg(test)]
mod tests;
mod values;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Deserializer, de::Error};

use crate::domain::Registration;
pub use environment::IgnoredVariable;
pub use error::ConfigError;
pub use layers::{Layers, Loaded, load};

/// The settings file with every setting at its default, for people to start from.
pub const EXAMPLE: &str = include_str!("../../parlor.example.toml");

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address to listen on.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// The folder that holds the database and the secrets.
    pub data: PathBuf,
    /// The address people reach the server at, where a proxy stands before it; empty if none does.
    /// Cookies are marked `Secure` when it begins with `https://`.
    pub public_url: String,
    /// What the server calls itself.
    pub name: String,
    /// Who may make an account.
    pub registration: Registration,
    /// What is logged, and how.
    pub log: Log,
    /// The database.
    pub store: Store,
    /// Logins.
    pub auth: Auth,
    /// What is not part of the chat itself: headers, other origins.
    pub http: Http,
    /// What may become of messages.
    pub messages: Messages,
    /// The sizes and rates that protect the server.
    pub limits: Limits,
    /// How long things take that wait.
    pub timing: Timing,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level, or a filter such as `parlor=debug,info`.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// What the database may grow to, in MiB; 0 is no quota.
    pub max_mb: u64,
}

/// Logins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// How long an access token is good.
    pub access_token_s: u64,
    /// How long a login lasts without being refreshed.
    pub refresh_token_days: u64,
}

/// What is not part of the chat itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Other origins whose pages may call the API with a bearer token.
    pub cors_origins: Vec<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// What may become of messages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// How long after it was sent a message can be edited; 0 is for ever.
    pub edit_window_s: u64,
    /// Who may read what a message said before it was edited.
    pub versions: VersionsFor,
}

/// Who may read what a message said before it was edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionsFor {
    /// Every member of the room.
    All,
    /// Its moderators and owners.
    Moderators,
    /// Nobody.
    Nobody,
}

/// The sizes and rates that protect the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// `false` lifts every limit on rates and on connections an address or a user, never one on sizes.
    pub rates: bool,
    /// Characters in a message.
    pub body_chars: usize,
    /// Bytes in the body of a request.
    pub request_bytes: usize,
    /// Bytes in a WebSocket frame or message that a client sends.
    pub frame_bytes: usize,
    /// WebSocket messages of so many bytes on are compressed for clients that offer it; 0 is none.
    pub deflate_bytes: usize,
    /// Sockets open at once, of all kinds; 0 is up to 20,000, as far as the limit on open files allows.
    pub connections: usize,
    /// Sockets open at once from one address.
    pub connections_per_address: usize,
    /// WebSockets open at once for one user.
    pub connections_per_user: usize,
    /// Rooms one user can be in.
    pub rooms_per_user: usize,
    /// Bytes in one file.
    pub file_bytes: u64,
    /// What all files of one user may take, in MiB; 0 is no quota.
    pub files_per_user_mb: u64,
    /// What all files may take, in MiB; 0 is no quota.
    pub files_total_mb: u64,
    /// Files that one user brings at once.
    pub uploads_per_user: usize,
    /// Messages a user may send in one go.
    pub send_burst: u32,
    /// Messages a second a user may send after that.
    pub send_per_s: u32,
    /// Other requests of one user in one go.
    pub requests_burst: u32,
    /// Other requests of one user a second after that.
    pub requests_per_s: u32,
    /// Sign-ins, sign-ups and wrong codes from one address in one go.
    pub attempts_burst: u32,
    /// The same, a minute, after that.
    pub attempts_per_min: u32,
    /// Writes that may wait for the database before `overloaded` is answered.
    pub write_queue: usize,
    /// Live events a room keeps for a subscriber that lags before it re-reads from the database.
    pub room_backlog: usize,
}

/// How long things take that wait.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// A request's header must have arrived by then.
    pub header_ms: u64,
    /// A request must be answered by then.
    pub request_ms: u64,
    /// Between two pings to a WebSocket client.
    pub heartbeat_ms: u64,
    /// A WebSocket client that says nothing, not even a pong, is dropped after this.
    pub silence_ms: u64,
    /// A WebSocket client that cannot keep up, or any other that takes nothing of its answer, is
    /// closed after this.
    pub stall_ms: u64,
    /// A file that no message has taken is deleted after this.
    pub unsent_files_ms: u64,
    /// Somebody whose last connection closed stays online this long.
    pub presence_grace_ms: u64,
    /// Between two presence events of a room.
    pub presence_tick_ms: u64,
    /// Connections get this long to close when the server shuts down.
    pub drain_ms: u64,
    /// The whole shutdown takes no longer than this.
    pub stop_ms: u64,
    /// Clients are asked to come back after a random time up to this.
    pub drain_spread_ms: u64,
}

/// Names are not looked up: what `localhost` stands for is not the same everywhere, and a name that
/// stands for several addresses would open one of them.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format_args!(
            "{text:?} is not an address with a port, such as 127.0.0.1:8000 or [::1]:8000 (names are not looked up)"
        ))
    })
}

impl Config {
    /// The defaults, as [`EXAMPLE`] writes them.
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn defaults() -> Result<Self, ConfigError> {
        load(Layers::default()).map(|loaded| loaded.config)
    }

    /// Whether people reach the server by TLS, through a proxy.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

impl Auth {
    /// How long an access token is good.
    #[must_use]
    pub fn access_ttl(&self) -> Duration {
        Duration::from_secs(self.access_token_s)
    }

    /// How long a login lasts without being refreshed.
    #[must_use]
    pub fn refresh_ttl(&self) -> Duration {
        Duration::from_secs(self.refresh_token_days * 24 * 60 * 60)
    }
}
