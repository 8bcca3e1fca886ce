//! The use cases: what people do here, and whether they may. HTTP and sockets both come through
//! this layer, so that a rule stands in one place.

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
    config::{Config, Limits, Messages, Timing},
    domain::UserId,
    hub::Hub,
    store::{Store, StoreError},
};
use registration::RegistrationPolicy;
use search::Indexer;
use sessions::EndedSessions;
use tokens::KnownTokens;

/// Addresses that can try a name as fast as they may before it is slowed down for all but those
/// where its owner has a login.
const ADDRESSES: u32 = 10;

/// The chat. Cloning it is cheap.
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
    /// Wakes who deletes the messages of deleted accounts.
    erase: Notify,
    /// Wakes who deletes what deleted rooms have left.
    rooms_gone: Notify,
    limits: Limits,
    messages: Messages,
    timing: Timing,
    thumbnails: files::Thumbnails,
    /// Wakes who clears away the bytes of files that nobody can have any more.
    files_gone: Notify,
    /// Sign-ins and sign-ups by address, sign-ins by name.
    attempts: Throttle<String>,
    /// Sign-ins by name from addresses where its owner has not been lately.
    names: Throttle<String>,
    /// Codes tried, by user.
    codes: Throttle<UserId>,
    /// Messages sent, by user.
    sends: Throttle<UserId>,
    /// Everything else that is asked for, by user.
    requests: Throttle<UserId>,
}

impl Chat {
    /// The chat over this store and this hub.
    ///
    /// # Errors
    /// [`StoreError`] if the logins that ended lately could not be read.
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
        // One address must not use up what a name has.
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

    /// Who is here and what is new.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// Counts one request or command of the caller.
    ///
    /// # Errors
    /// [`ChatError::RateLimited`] if there were too many.
    pub fn admit(&self, caller: &Caller) -> Result<(), ChatError> {
        Ok(self.inner.requests.take(&caller.user())?)
    }

    /// The id of the history that the database holds.
    #[must_use]
    pub fn epoch(&self) -> &str {
        self.inner.store.epoch()
    }

    /// Checks the epoch that a client states, if it states one.
    ///
    /// # Errors
    /// [`ChatError::EpochChanged`] for another one.
    pub fn check_epoch(&self, stated: Option<&str>) -> Result<(), ChatError> {
        match stated {
            Some(stated) if stated != self.epoch() => Err(ChatError::EpochChanged),
            _ => Ok(()),
        }
    }

    /// The sizes and rates in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`ChatError`] if it does not.
    pub async fn ping(&self) -> Result<(), ChatError> {
        Ok(self.inner.store.ping().await?)
    }

    /// Why nothing can be written now, in words for whoever watches the server.
    #[must_use]
    pub fn health_error(&self) -> Option<&'static str> {
        self.inner.store.health_error()
    }
}
