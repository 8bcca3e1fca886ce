//! Waiting for many sockets at once.
//!
//! A client that sleeps has to be woken, and it is the server that pays for that, with each write: on
//! a virtual machine as much as for the write itself. So a client with a core of its own looks again and
//! again, as if it were on another machine.

use std::{
    io,
    os::fd::AsFd,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    fd::OwnedFd,
    io::Errno,
};

use crate::bench::machine;

/// Sockets, and when something came for them.
pub(super) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    /// Time in which there was nothing to do.
    idle: Duration,
}

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(1024),
            idle: Duration::ZERO,
        })
    }

    /// Watches one more socket, by a number of the caller's.
    pub(super) fn add(&self, number: usize, socket: impl AsFd) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number as u64);
        Ok(epoll::add(
            &self.epoll,
            socket,
            data,
            epoll::EventFlags::IN,
        )?)
    }

    /// Waits that long at most, and answers for which sockets something came.
    pub(super) fn wait(&mut self, max_wait: Duration) -> io::Result<Vec<epoll::Event>> {
        if !self.look(Duration::ZERO)? && !max_wait.is_zero() {
            let start = Instant::now();
            while let rest = max_wait.saturating_sub(start.elapsed())
                && !rest.is_zero()
            {
                let wait = if machine::client_is_awake() {
                    Duration::ZERO
                } else {
                    rest
                };
                if self.look(wait)? {
                    break;
                }
            }
            self.idle += start.elapsed();
        }
        Ok(std::mem::take(&mut self.events))
    }

    /// Takes the list back, so that there need not be a new one each time.
    pub(super) fn give_back(&mut self, events: Vec<epoll::Event>) {
        self.events = events;
    }

    /// How long there was nothing to do, in all.
    pub(super) fn idle(&self) -> Duration {
        self.idle
    }

    fn look(&mut self, wait: Duration) -> io::Result<bool> {
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait)) {
            // A signal that another thread sees to, or one that let the process go on.
            Ok(_) | Err(Errno::INTR) => Ok(!self.events.is_empty()),
            Err(error) => Err(error.into()),
        }
    }
}
