//! Settings. A setting has one name everywhere: `limits.body_chars` in `parlor.toml` is
//! `PARLOR_LIMITS_BODY_CHARS` in the environment and `--set limits.body_chars=…` on the command line.
//! The command line overrides the environment, the environment overrides the file, and the file overrides
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

/// Settings file with every setting at its default, as a template.
pub const EXAMPLE: &str = include_str!("../../parlor.example.toml");

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Folder of the database, the files and the secret.
    pub data: PathBuf,
    /// URL at which users reach the server if it is behind a proxy, otherwise empty.
    /// Cookies are marked `Secure` if it begins with `https://`.
    pub public_url: String,
    /// Name of the server, which the page displays.
    pub name: String,
    /// Rule for new accounts.
    pub registration: Registration,
    /// Logging.
    pub log: LogConfig,
    /// The database.
    pub store: StoreConfig,
    /// Lifetimes of tokens and logins.
    pub auth: AuthConfig,
    /// Cross-origin access and proxies.
    pub http: HttpConfig,
    /// Editing of messages.
    pub messages: MessagesConfig,
    /// Sizes and rates that protect the server.
    pub limits: Limits,
    /// Timeouts and intervals.
    pub timing: Timing,
}

/// Logging.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Level, or a filter such as `parlor=debug,info`.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// Format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Plain text.
    Text,
    /// One JSON object per line.
    Json,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Maximum size of the database in MiB; 0 is unlimited.
    pub max_mb: u64,
}

/// Lifetimes of tokens and logins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Lifetime of an access token in seconds.
    pub access_token_s: u64,
    /// Days that a login lasts without being refreshed.
    pub refresh_token_days: u64,
}

/// Cross-origin access and proxies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Other origins whose pages may call the API with a bearer token.
    pub cors_origins: Vec<String>,
    /// Addresses of proxies whose `X-Forwarded-For` header is trusted.
    pub trusted_proxies: Vec<IpAddr>,
}

/// Editing of messages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessagesConfig {
    /// Seconds after sending during which a message can be edited; 0 is unlimited.
    pub edit_window_s: u64,
    /// Readers of the former texts of an edited message.
    pub versions: VersionsFor,
}

/// Readers of the former texts of an edited message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionsFor {
    /// All members of the room.
    All,
    /// The room's moderators and owners.
    Moderators,
    /// No one.
    Nobody,
}

/// Sizes and rates that protect the server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Whether limits on rates and on connections per address and per user apply. Limits on sizes always apply.
    pub rates: bool,
    /// Maximum characters in a message.
    pub body_chars: usize,
    /// Maximum bytes in a request body.
    pub request_bytes: usize,
    /// Maximum bytes in a WebSocket frame or message from a client.
    pub frame_bytes: usize,
    /// Minimum bytes of a WebSocket message that is compressed for clients that support it; 0 disables compression.
    pub deflate_bytes: usize,
    /// Maximum open sockets of all kinds; 0 is up to 20,000, as far as the limit on open files allows.
    pub connections: usize,
    /// Maximum open sockets from one address.
    pub connections_per_address: usize,
    /// Maximum open WebSockets of one user.
    pub connections_per_user: usize,
    /// Maximum rooms of one user.
    pub rooms_per_user: usize,
    /// Maximum bytes in one file.
    pub file_bytes: u64,
    /// Maximum size of all files of one user in MiB; 0 is unlimited.
    pub files_per_user_mb: u64,
    /// Maximum size of all files in MiB; 0 is unlimited.
    pub files_total_mb: u64,
    /// Maximum concurrent uploads of one user.
    pub uploads_per_user: usize,
    /// Messages that a user may send at once.
    pub send_burst: u32,
    /// Messages per second that a user may send after the burst.
    pub send_per_s: u32,
    /// Other requests that a user may make at once.
    pub requests_burst: u32,
    /// Other requests per second that a user may make after the burst.
    pub requests_per_s: u32,
    /// Sign-ins and sign-ups from one address, and codes tried by one user, that are allowed at once.
    pub attempts_burst: u32,
    /// Such attempts per minute that are allowed after the burst.
    pub attempts_per_min: u32,
    /// Maximum writes that wait for the database. Further ones fail with `overloaded`.
    pub write_queue: usize,
    /// Live events that a room buffers for a slow subscriber before the subscriber re-reads from the database.
    pub room_backlog: usize,
}

/// Timeouts and intervals, in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Maximum time until a request's header has arrived.
    pub header_ms: u64,
    /// Maximum time until a request is answered.
    pub request_ms: u64,
    /// Interval between two pings to a WebSocket client.
    pub heartbeat_ms: u64,
    /// A WebSocket client that sends nothing, not even a pong, is disconnected after this time.
    pub silence_ms: u64,
    /// A client that does not read what it is sent is disconnected after this time. An upload that makes no
    /// progress fails after this time.
    pub stall_ms: u64,
    /// A file that belongs to no message is deleted after this time.
    pub unsent_files_ms: u64,
    /// A user stays online for this time after the last connection closed.
    pub presence_grace_ms: u64,
    /// Minimum interval between two presence events of a room.
    pub presence_tick_ms: u64,
    /// Maximum time for connections to close at shutdown.
    pub drain_ms: u64,
    /// Maximum time of the whole shutdown.
    pub stop_ms: u64,
    /// At shutdown, clients are asked to reconnect after a random time up to this one.
    pub drain_spread_ms: u64,
}

/// Parses the address to listen on. Host names are not resolved: `localhost` differs between systems, and only one
/// of a name's several addresses would be opened.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format_args!(
            "{text:?} is not an address with a port, such as 127.0.0.1:8000 or [::1]:8000 (names are not looked up)"
        ))
    })
}

impl Config {
    /// Returns the defaults, which are the values in [`EXAMPLE`].
    ///
    /// # Errors
    /// [`ConfigError`] if [`EXAMPLE`] is not valid, which the tests rule out.
    pub fn defaults() -> Result<Self, ConfigError> {
        load(Layers::default()).map(|loaded| loaded.config)
    }

    /// Returns whether users reach the server by TLS, through a proxy.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

impl AuthConfig {
    /// Returns the lifetime of an access token.
    #[must_use]
    pub fn access_ttl(&self) -> Duration {
        Duration::from_secs(self.access_token_s)
    }

    /// Returns how long a login lasts without being refreshed.
    #[must_use]
    pub fn refresh_ttl(&self) -> Duration {
        Duration::from_secs(self.refresh_token_days * 24 * 60 * 60)
    }
}
