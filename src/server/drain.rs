//! Going away in order, and within a time.

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

/// What a server has started, and what tells it to end.
#[derive(Default)]
pub(super) struct Tasks {
    /// WebSockets; they end once `draining` is cancelled.
    pub(super) sockets: TaskTracker,
    pub(super) draining: CancellationToken,
    /// Connections; they end once `close_open` is cancelled and their request is answered.
    pub(super) connections: TaskTracker,
    pub(super) close_open: CancellationToken,
    /// Presence and the janitor; they end once `stop` is cancelled.
    pub(super) background: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Tasks {
    /// Whatever way a server ends, with these dropped nothing that it started is left running.
    pub(super) fn guards(&self) -> [DropGuard; 3] {
        [&self.stop, &self.draining, &self.close_open].map(|token| token.clone().drop_guard())
    }

    /// First what is in is finished and told, then the store is closed, then what it wrote is
    /// passed on. What takes longer than `timing.stop_ms` is left, and the log says what that was.
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

        // However long connections may take, the store is left time to end in order.
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
                "presence, the janitor or the pings did not end in time"
            );
        }
        if timeout_at(end, store.close()).await.is_err() {
            tracing::warn!("the database was not closed in time; what was acked is on disk");
        }
        let Some(publisher) = publisher else {
            return Ok(());
        };
        if let Ok(passed_on) = timeout_at(end, publisher).await {
            return passed_on.map_err(|_| RunError::Publisher);
        }
        tracing::warn!("not all that was written was passed on in time");
        Ok(())
    }
}
