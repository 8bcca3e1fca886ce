//! Orderly shutdown within a time limit.

use std::time::Duration;

use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::RunError;
use crate::{config::Timing, store::Store};

/// Tasks of a server and the tokens that stop them.
#[derive(Default)]
pub(super) struct Tasks {
    /// WebSockets. They end after `draining` is cancelled.
    pub(super) sockets: TaskTracker,
    pub(super) draining: CancellationToken,
    /// HTTP connections. They end after `close_open` is cancelled and their request is answered.
    pub(super) connections: TaskTracker,
    pub(super) close_open: CancellationToken,
    /// Presence, the janitor, the indexer and the heartbeat. They end after `stop` is cancelled.
    pub(super) background: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Tasks {
    /// Returns guards that cancel all tokens when dropped, so that no task outlives the server.
    pub(super) fn guards(&self) -> [DropGuard; 3] {
        [&self.stop, &self.draining, &self.close_open].map(|token| token.clone().drop_guard())
    }

    /// Shuts down in order: WebSockets, HTTP connections, background tasks, the store, then the publisher. A step that
    /// exceeds its part of `timing.stop_ms` is abandoned and logged.
    pub(super) async fn drain(
        &self,
        timing: &Timing,
        store: &Store,
        publisher: Option<JoinHandle<()>>,
    ) -> Result<(), RunError> {
        let patience = Duration::from_millis(timing.drain_ms);
        let whole = Duration::from_millis(timing.stop_ms);
        let begun = Instant::now();
        let end = begun + whole;

        // Connections get two thirds of the time at most, so that the store has time to close in order.
        self.draining.cancel();
        self.sockets.close();
        let until = begun + patience.min(whole * 2 / 3);
        if timeout_at(until, self.sockets.wait()).await.is_err() {
            let left = self.sockets.len();
            tracing::warn!(connections.left = left, "connections did not close in time");
        }
        self.close_open.cancel();
        self.connections.close();
        let until = (Instant::now() + patience / 4).min(begun + whole * 5 / 6);
        if timeout_at(until, self.connections.wait()).await.is_err() {
            let left = self.connections.len();
            tracing::warn!(connections.left = left, "requests did not end in time");
        }
        self.stop.cancel();
        if timeout_at(end, self.background.wait()).await.is_err() {
            let left = self.background.len();
            tracing::warn!(
                tasks.left = left,
                "presence, the janitor, the indexer or the heartbeat did not end in time"
            );
        }
        if timeout_at(end, store.close()).await.is_err() {
            tracing::warn!("the database was not closed in time; acknowledged writes are on disk");
        }
        let Some(publisher) = publisher else {
            return Ok(());
        };
        if let Ok(passed_on) = timeout_at(end, publisher).await {
            return passed_on.map_err(|_| RunError::Publisher);
        }
        tracing::warn!("not all committed changes were published in time");
        Ok(())
    }
}
