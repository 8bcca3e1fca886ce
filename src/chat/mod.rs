//! Use cases: every command and query with its permission checks. HTTP and sockets both call this layer, so that each
//! rule exists once.

mod accounts;
mod admin_accounts;
mod admins;
mod conversation;
mod deletion;
mod direct;
mod error;
mod files;
mod invites;
mod janitor;
mod members;
mod messages;
mod moderation;
mod presence;
mod profile;
mod publisher;
mod registration;
mod reports;
mod rooms;
mod search;
mod sessions;
mod tokens;

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

pub use accounts::{Profile, SignUp};
pub use admins::{Admin, AdminReader};
pub use conversation::Changed;
pub use error::{ChatError, MissingRight};
pub use members::Member;
pub use messages::{PendingPost, Posted};
pub use search::{Hit, Hits};
pub use sessions::{Caller, Grant, Login, SignedIn};

pub use crate::store::{Changes, EncodedPage, PageLimit, Part, ProfileEdit, RoomEdit};

use crate::{
    auth::{Passwords, Throttle, Tokens},
    config::{Config, Limits, MessagesConfig, Timing},
    domain::UserId,
    hub::Hub,
    store::{Store, StoreError},
};
use registration::RegistrationPolicy;
use search::Indexer;
use sessions::EndedSessions;
use tokens::KnownTokens;

/// Number of addresses whose combined attempts exhaust the limit of a name. After that, sign-in works only from
/// networks where the owner has a login.
const ADDRESSES: u32 = 10;

/// Entry point to all use cases. Cloning it is cheap.
#[derive(Clone)]
pub struct Chat {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    hub: Hub,
    passwords: Passwords,
    tokens: Tokens,
    ended: EndedSessions,
    registration: RegistrationPolicy,
    known: KnownTokens,
    searching: Indexer,
    /// Wakes the sweep of deleted accounts' messages.
    erase: Notify,
    /// Wakes the sweep of deleted rooms.
    rooms_gone: Notify,
    limits: Limits,
    messages: MessagesConfig,
    timing: Timing,
    thumbnails: files::Thumbnails,
    /// Wakes the sweep of deleted files.
    files_gone: Notify,
    /// Sign-ins and sign-ups by network, sign-ins by name and network, checks of the caller's password and exports.
    attempts: Throttle<String>,
    /// Sign-ins by name. Networks where the owner has a login are exempt.
    names: Throttle<String>,
    /// Attempted codes by user.
    codes: Throttle<UserId>,
    /// Messages and changes by user.
    sends: Throttle<UserId>,
    /// All other requests by user.
    requests: Throttle<UserId>,
}

impl Chat {
    /// Creates the use cases over a store and a hub.
    ///
    /// # Errors
    /// [`StoreError`] if the recently ended logins could not be read.
    pub async fn new(
        config: &Config,
        store: Store,
        hub: Hub,
        passwords: Passwords,
        tokens: Tokens,
    ) -> Result<Self, StoreError> {
        let limits = config.limits.clone();
        let minute = Duration::from_mins(1);
        let second = Duration::from_secs(1);
        // One address alone must not exhaust the limit of a name.
        let names_burst = limits.attempts_burst.saturating_mul(ADDRESSES);
        let names_per_min = limits.attempts_per_min.saturating_mul(ADDRESSES);
        let (attempts, names, codes, sends, requests) = if limits.rates {
            (
                Throttle::new(limits.attempts_burst, limits.attempts_per_min, minute),
                Throttle::new(names_burst, names_per_min, minute),
                Throttle::new(limits.attempts_burst, limits.attempts_per_min, minute),
                Throttle::new(limits.send_burst, limits.send_per_s, second),
                Throttle::new(limits.requests_burst, limits.requests_per_s, second),
            )
        } else {
            (
                Throttle::lifted(),
                Throttle::lifted(),
                Throttle::lifted(),
                Throttle::lifted(),
                Throttle::lifted(),
            )
        };
        let ended = EndedSessions::load(&store, tokens.access_ttl()).await?;
        let timing = config.timing.clone();
        let inner = Inner {
            store,
            hub,
            passwords,
            tokens,
            ended,
            registration: RegistrationPolicy::new(config.registration),
            known: KnownTokens::default(),
            searching: Indexer::new(),
            erase: Notify::new(),
            rooms_gone: Notify::new(),
            limits,
            messages: config.messages.clone(),
            timing,
            thumbnails: files::Thumbnails::new(),
            files_gone: Notify::new(),
            attempts,
            names,
            codes,
            sends,
            requests,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Returns the hub.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// Counts a request or command of the caller against the rate limit.
    ///
    /// # Errors
    /// [`ChatError::RateLimited`] if the limit is exceeded.
    pub fn admit(&self, caller: &Caller) -> Result<(), ChatError> {
        Ok(self.inner.requests.take(&caller.user())?)
    }

    /// Returns the id of the history in the database.
    #[must_use]
    pub fn epoch(&self) -> &str {
        self.inner.store.epoch()
    }

    /// Checks the epoch that a client states, if it states one.
    ///
    /// # Errors
    /// [`ChatError::EpochChanged`] if it differs from the server's.
    pub fn check_epoch(&self, stated: Option<&str>) -> Result<(), ChatError> {
        match stated {
            Some(stated) if stated != self.epoch() => Err(ChatError::EpochChanged),
            _ => Ok(()),
        }
    }

    /// Returns the limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// [`ChatError`] if it does not.
    pub async fn ping(&self) -> Result<(), ChatError> {
        Ok(self.inner.store.ping().await?)
    }

    /// Returns why writes fail at present, as text for the operator.
    #[must_use]
    pub fn health_error(&self) -> Option<&'static str> {
        self.inner.store.health_error()
    }
}
