//! Publication of presence: the first change at once, further changes once per tick.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Chat;
use crate::{
    domain::{Timestamp, UserId},
    hub::{LivePresence, RoomEvent},
    store::StoreError,
};

/// Interval at which `last_seen` of online users is stored, so that a crash loses little.
const HEARTBEAT: Duration = Duration::from_mins(1);

impl Chat {
    /// Publishes presence changes and stores `last_seen` until `stop`.
    pub async fn run_presence(self, stop: CancellationToken) {
        let tick = Duration::from_millis(self.inner.timing.presence_tick_ms);
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut next: Option<Instant> = None;
        loop {
            tokio::select! {
                () = self.inner.hub.presence().changed() => {}
                () = until(next) => {}
                _ = heartbeat.tick() => self.store_heartbeat().await,
                () = stop.cancelled() => break,
            }
            next = self.flush_presence().await;
            tokio::select! {
                () = sleep(tick) => {}
                () = stop.cancelled() => break,
            }
        }
        self.store_heartbeat().await;
    }

    /// Stores `last_seen` and then publishes the changes, so that a client that reads `last_seen` after an "offline"
    /// event gets the new value.
    async fn flush_presence(&self) -> Option<Instant> {
        let presence = self.inner.hub.presence();
        let now = Instant::now();
        let seen = presence.pending_last_seen(now);
        if let Err(error) = self.inner.store.set_last_seen(seen.clone()).await {
            tracing::warn!(%error, "cannot store last_seen");
            presence.restore_last_seen(seen);
            return Some(Instant::now());
        }
        let hidden = match self.hidden_among(&seen).await {
            Ok(hidden) => hidden,
            Err(error) => {
                tracing::warn!(%error, "cannot read which users hide last_seen");
                presence.restore_last_seen(seen);
                return Some(Instant::now());
            }
        };
        let flush = presence.flush(now);
        for (room, mut diff) in flush.diffs {
            diff.redact_last_seen(&hidden);
            let presence = LivePresence::new(room, diff);
            self.inner
                .hub
                .publish(room, RoomEvent::Presence(Arc::new(presence)));
        }
        flush.next
    }

    /// Returns which users hide their `last_seen`. This is read right before the flush, so that a `last_seen` that was
    /// just hidden is not published.
    async fn hidden_among(
        &self,
        seen: &[(UserId, Timestamp)],
    ) -> Result<HashSet<UserId>, StoreError> {
        if seen.is_empty() {
            return Ok(HashSet::new());
        }
        let users = seen.iter().map(|(user, _)| *user).collect();
        self.inner.store.hidden_among(users).await
    }

    /// Stores `last_seen` of all online users. This also runs at the end, for users in their grace period, which this
    /// process no longer expires.
    async fn store_heartbeat(&self) {
        let seen = self.inner.hub.presence().last_seen_times();
        if let Err(error) = self.inner.store.set_last_seen(seen).await {
            tracing::warn!(%error, "cannot store last_seen");
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
