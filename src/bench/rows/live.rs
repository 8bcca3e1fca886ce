//! A room that goes on talking while something else happens to the server.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::bench::client::{ClientPool, Marker, now};

const EVERY: Duration = Duration::from_millis(50);
const BODY: usize = 200;

/// One who says something every 50 ms, the first of the crowd.
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

    /// Says what is due, and reads what comes until the next is.
    pub(super) fn go_on(&mut self, pool: &mut ClientPool, max_wait: Duration) -> io::Result<()> {
        let late = self.due.elapsed();
        let wait = self.due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            let late = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
            let marker = Marker {
                number: self.next,
                sender: 0,
                at: now().saturating_sub(late),
            };
            pool.say(0, self.room, std::iter::once(marker), BODY)?;
            self.next += 1;
            self.due += EVERY;
        }
        pool.poll(wait.min(max_wait))
    }

    /// Goes on for that long.
    pub(super) fn talk(&mut self, pool: &mut ClientPool, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.go_on(pool, EVERY)?;
        }
        Ok(())
    }

    /// Messages said so far.
    pub(super) fn said(&self) -> u64 {
        self.next
    }
}
