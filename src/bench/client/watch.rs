//! Polling of many sockets.
//!
//! A sleeping client must be woken, and the server pays for this with each write: on a virtual machine
//! as much as for the write itself. So a client with its own core polls without sleeping, as if it were
//! on another machine.

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

/// Polls sockets with epoll.
pub(super) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    /// Total time without work.
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

    /// Adds a socket with a number of the caller.
    pub(super) fn add(&self, number: usize, socket: impl AsFd) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number as u64);
        Ok(epoll::add(
            &self.epoll,
            socket,
            data,
            epoll::EventFlags::IN,
        )?)
    }

    /// Waits at most this long and returns the events.
    pub(super) fn wait(&mut self, max_wait: Duration) -> io::Result<Vec<epoll::Event>> {
        if !self.poll_once(Duration::ZERO)? && !max_wait.is_zero() {
            let start = Instant::now();
            while let rest = max_wait.saturating_sub(start.elapsed())
                && !rest.is_zero()
            {
                let wait = if machine::client_is_awake() {
                    Duration::ZERO
                } else {
                    rest
                };
                if self.poll_once(wait)? {
                    break;
                }
            }
            self.idle += start.elapsed();
        }
        Ok(std::mem::take(&mut self.events))
    }

    /// Takes the list of events back for reuse.
    pub(super) fn recycle(&mut self, events: Vec<epoll::Event>) {
        self.events = events;
    }

    /// Returns the total time without work.
    pub(super) fn idle(&self) -> Duration {
        self.idle
    }

    fn poll_once(&mut self, wait: Duration) -> io::Result<bool> {
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait)) {
            // Another thread handles the signal, or it continued the process.
            Ok(_) | Err(Errno::INTR) => Ok(!self.events.is_empty()),
            Err(error) => Err(error.into()),
        }
    }
}
