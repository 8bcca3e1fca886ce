//! What handlers share.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::task::TaskTracker;

use super::{cookies::Cookies, statics::Statics};
use crate::{chat::Chat, config::Config, socket};

/// What handlers share. Cloning it is cheap.
#[derive(Clone)]
pub struct AppState {
    /// The chat.
    pub chat: Chat,
    /// The settings.
    pub config: Arc<Config>,
    /// What a WebSocket needs.
    pub sockets: Arc<socket::Context>,
    /// The tasks of upgraded connections, for the drain to wait for.
    pub tasks: TaskTracker,
    /// Whether new work is welcome.
    pub readiness: Readiness,
    /// The names of the page's cookies.
    pub(super) cookies: Arc<Cookies>,
    /// The page.
    pub(super) statics: Arc<Statics>,
}

/// Whether new work is welcome.
#[derive(Clone, Default)]
pub struct Readiness(Arc<Word>);

#[derive(Default)]
struct Word {
    ready: AtomicBool,
    failure: OnceLock<String>,
}

impl Readiness {
    /// Says whether new work is welcome.
    pub fn set(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Release);
    }

    /// Says why new work is not welcome to this process any more; the first reason stays.
    pub fn fail(&self, reason: String) {
        let _ = self.0.failure.set(reason);
        self.set(false);
    }

    /// Whether new work is welcome.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// Why this process goes away, if not because it was asked to.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.0.failure.get().map(String::as_str)
    }
}

impl AppState {
    /// The state over this chat.
    #[must_use]
    pub fn new(
        chat: Chat,
        config: Arc<Config>,
        sockets: Arc<socket::Context>,
        tasks: TaskTracker,
        readiness: Readiness,
    ) -> Self {
        let cookies = Cookies::new(chat.issuer(), config.is_https());
        Self {
            cookies: Arc::new(cookies),
            chat,
            config,
            sockets,
            tasks,
            readiness,
            statics: Arc::new(Statics::new()),
        }
    }
}
