//! State that handlers share.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::task::TaskTracker;

use super::{cookies::Cookies, statics::Statics};
use crate::{chat::Chat, config::Config, socket};

/// State that handlers share. Cloning it is cheap.
#[derive(Clone)]
pub struct AppState {
    /// The use cases.
    pub chat: Chat,
    /// The settings.
    pub config: Arc<Config>,
    /// State that sockets share.
    pub sockets: Arc<socket::Context>,
    /// Tasks of upgraded connections. The shutdown waits for them.
    pub tasks: TaskTracker,
    /// Whether the server accepts new work.
    pub readiness: Readiness,
    /// Names of the page's cookies.
    pub(super) cookies: Arc<Cookies>,
    /// Files of the page.
    pub(super) statics: Arc<Statics>,
}

/// Whether the server accepts new work, and why not.
#[derive(Clone, Default)]
pub struct Readiness(Arc<ReadinessState>);

#[derive(Default)]
struct ReadinessState {
    ready: AtomicBool,
    failure: OnceLock<String>,
}

impl Readiness {
    /// Sets whether the server accepts new work.
    pub fn set(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Release);
    }

    /// Records why this process can no longer accept new work. The first reason stays.
    pub fn fail(&self, reason: String) {
        let _ = self.0.failure.set(reason);
        self.set(false);
    }

    /// Returns whether the server accepts new work.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// Returns why this process fails, if it does.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.0.failure.get().map(String::as_str)
    }
}

impl AppState {
    /// Creates the state.
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
