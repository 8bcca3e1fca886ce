//! Heartbeat of all connections. One timer wheel pings them, so that no connection has a timer of its own and no task
//! is woken to ping.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::yield_now,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{
    events::{ConnectionEvent, Disconnect},
    outbound::Outbound,
};
use crate::{
    config::Timing,
    protocol::{CloseReason, ws_frame},
};

/// Number of slots of the wheel. They spread the pings over the heartbeat interval.
const SLOTS: usize = 64;
/// Number of pings after which the task yields to others.
const YIELD_EVERY: usize = 64;

/// Timer wheel of pings.
pub struct Heartbeat {
    slots: [Mutex<Vec<Weak<Outbound>>>; SLOTS],
    /// Slot that was processed last.
    last: AtomicUsize,
    interval: Duration,
    silence: Duration,
}

impl Heartbeat {
    /// Creates an empty wheel.
    #[must_use]
    pub fn new(timing: &Timing) -> Self {
        Self {
            slots: [const { Mutex::new(Vec::new()) }; SLOTS],
            last: AtomicUsize::new(0),
            interval: Duration::from_millis(timing.heartbeat_ms),
            silence: Duration::from_millis(timing.silence_ms),
        }
    }

    /// Adds a connection, which is pinged at each heartbeat as long as it lives.
    pub(super) fn add(&self, outbound: &Arc<Outbound>) {
        // The current slot was just processed, so its next turn is a full round away.
        let last = self.last.load(Ordering::Relaxed);
        self.slot(last).push(Arc::downgrade(outbound));
    }

    /// Runs the wheel until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let _ = stop.run_until_cancelled(self.tick_slots()).await;
    }

    async fn tick_slots(&self) {
        let step = self.interval / u32::try_from(SLOTS).unwrap_or(u32::MAX);
        let mut steps = time::interval(step.max(Duration::from_millis(1)));
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            steps.tick().await;
            let next = (self.last.load(Ordering::Relaxed) + 1) % SLOTS;
            self.last.store(next, Ordering::Relaxed);
            let mut outlets = std::mem::take(&mut *self.slot(next));
            outlets.retain(|outbound| outbound.strong_count() > 0);
            for some in outlets.chunks(YIELD_EVERY) {
                some.iter()
                    .filter_map(Weak::upgrade)
                    .for_each(|outbound| self.ping_or_expire(&outbound));
                yield_now().await;
            }
            outlets.shrink_to(outlets.len() * 2);
            let mut slot = self.slot(next);
            // Connections that were added meanwhile go to the end.
            outlets.append(&mut slot);
            *slot = outlets;
        }
    }

    /// Pings a connection, or disconnects it if its peer was silent for too long.
    fn ping_or_expire(&self, outbound: &Outbound) {
        if outbound.silence() > self.silence {
            outbound.post_event(ConnectionEvent::Disconnect(Disconnect::Close(
                CloseReason::Silent,
            )));
        } else {
            // If the buffer is full, the peer has other frames to answer to.
            let _ = outbound.send_now(&ws_frame::ping());
        }
    }

    fn slot(&self, number: usize) -> MutexGuard<'_, Vec<Weak<Outbound>>> {
        self.slots[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
