//! What is swept up in the background.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Chat, ChatError};
use crate::domain::Timestamp;

const EVERY: Duration = Duration::from_mins(1);
/// Messages of deleted rooms that one transaction deletes: few, for senders wait meanwhile.
const PURGE_SLICE: i64 = 500;
/// An ended login stays this long, for who looks into the database after an incident.
const FORGET_SESSIONS: Duration = Duration::from_hours(168);

impl Chat {
    /// Ends logins that ran out, deletes what deleted rooms left and forgets what throttles no
    /// longer need, until `stop`.
    pub async fn run_janitor(self, stop: CancellationToken) {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = stop.cancelled() => return,
            }
            self.inner.ended.sweep();
            self.inner.attempts.sweep();
            self.inner.codes.sweep();
            self.inner.sends.sweep();
            self.inner.requests.sweep();
            let sweep = async {
                self.expire_sessions().await?;
                while self.inner.store.purge_deleted_rooms(PURGE_SLICE).await? {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok::<_, ChatError>(())
            };
            let result = tokio::select! {
                result = sweep => result,
                () = stop.cancelled() => return,
            };
            if let Err(error) = result {
                tracing::warn!(%error, "sweep failed");
            }
        }
    }

    async fn expire_sessions(&self) -> Result<(), ChatError> {
        let now = Timestamp::now();
        Ok(self
            .inner
            .store
            .expire_sessions(now, now.minus(FORGET_SESSIONS))
            .await?)
    }
}
