//! The pace of presence: news at once, then not again within a tick.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Chat;
use crate::{
    domain::{Timestamp, UserId},
    hub::{LivePresence, RoomEvent},
    store::StoreError,
};

/// Who is online has their `last_seen` stored this often, so that a crash leaves it close.
const HEARTBEAT: Duration = Duration::from_mins(1);

impl Chat {
    /// Tells rooms who came and went, and stores when users were last here, until `stop`.
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
            next = self.settle_presence().await;
            tokio::select! {
                () = sleep(tick) => {}
                () = stop.cancelled() => break,
            }
        }
        self.store_heartbeat().await;
    }

    /// `last_seen` is stored before anybody is told, so that who hears "offline" and asks gets it.
    async fn settle_presence(&self) -> Option<Instant> {
        let presence = self.inner.hub.presence();
        let now = Instant::now();
        let seen = presence.pending_last_seen(now);
        if let Err(error) = self.inner.store.set_last_seen(seen.clone()).await {
            tracing::warn!(%error, "last_seen not stored");
            presence.restore_last_seen(seen);
            return Some(Instant::now());
        }
        let hidden = match self.hidden_among(&seen).await {
            Ok(hidden) => hidden,
            Err(error) => {
                tracing::warn!(%error, "who hides last_seen not read");
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

    /// Asked before anybody is let go, so that nobody is told what another has just hidden.
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

    /// At the end, too: whoever is in their grace then will not be let go by this process.
    async fn store_heartbeat(&self) {
        let seen = self.inner.hub.presence().last_seen_times();
        if let Err(error) = self.inner.store.set_last_seen(seen).await {
            tracing::warn!(%error, "last_seen not stored");
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
