//! A member who keeps posting while other load reaches the server.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::bench::client::{ClientPool, Marker, now};

const EVERY: Duration = Duration::from_millis(50);
const BODY: usize = 200;

/// Posts a message every 50 ms from the first socket.
pub(super) struct LiveSpeaker {
    room: i64,
    next: u64,
    due: Instant,
}

impl LiveSpeaker {
    pub(super) fn new(room: i64) -> Self {
        Self {
            room,
            next: 0,
            due: Instant::now(),
        }
    }

    /// Posts the message that is due, and reads until the next one is.
    pub(super) fn publish_due(
        &mut self,
        pool: &mut ClientPool,
        max_wait: Duration,
    ) -> io::Result<()> {
        let late = self.due.elapsed();
        let wait = self.due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            let late = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
            let marker = Marker {
                number: self.next,
                sender: 0,
                at: now().saturating_sub(late),
            };
            pool.publish(0, self.room, std::iter::once(marker), BODY)?;
            self.next += 1;
            self.due += EVERY;
        }
        pool.poll(wait.min(max_wait))
    }

    /// Keeps posting for this time.
    pub(super) fn publish_for(&mut self, pool: &mut ClientPool, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.publish_due(pool, EVERY)?;
        }
        Ok(())
    }

    /// Returns the number of messages posted so far.
    pub(super) fn published(&self) -> u64 {
        self.next
    }
}
