//! Outbound buffer of one connection. Any task may write. Bytes that the peer does not accept at once are queued up to
//! a limit, and a peer that does not read for too long is disconnected.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice},
    mem::MaybeUninit,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::Interest,
    net::TcpStream,
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{
    codec::Decoder,
    events::{ConnectionEvent, Disconnect},
};
use crate::protocol::CloseReason;

/// Maximum queued bytes. A larger frame is accepted only if nothing is queued before it.
const MAX_BUFFERED_BYTES: usize = 64 * 1024;
/// Maximum frames in one write.
const MAX_SLICES: usize = 32;
/// Maximum queued connection events. Further events that the peer causes wait.
const MAX_EVENTS: usize = 64;
/// Bytes of one read. The buffer is on the stack, so that a silent connection holds none.
const READ_BYTES: usize = 4096;

/// The buffer is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BufferFull;

/// TCP stream and its output buffer.
pub(super) struct Outbound {
    stream: TcpStream,
    stall: Duration,
    state: Mutex<OutboundState>,
    /// Wakes the driver.
    wakeup: Notify,
    /// Signals that the buffer has space again.
    capacity: Notify,
}

struct OutboundState {
    queue: VecDeque<Bytes>,
    /// Bytes of the first frame that are sent.
    sent: usize,
    /// Number of all queued bytes.
    waiting: usize,
    /// Time since which the peer has not read, although bytes are queued.
    stalled_since: Option<Instant>,
    phase: Phase,
    /// Time of the last read.
    last_read_at: Instant,
    /// Events for the driver.
    events: VecDeque<ConnectionEvent>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The server's close frame is queued. Nothing may follow it.
    Closing,
    Broken,
}

impl OutboundState {
    fn enqueue(&mut self, frame: Bytes) -> Result<(), BufferFull> {
        if self.phase != Phase::Open {
            return Ok(());
        }
        if self.waiting > 0 && self.waiting + frame.len() > MAX_BUFFERED_BYTES {
            return Err(BufferFull);
        }
        self.waiting += frame.len();
        self.queue.push_back(frame);
        Ok(())
    }

    /// Returns the slices that the next write tries to send.
    fn slices(&self) -> [IoSlice<'_>; MAX_SLICES] {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        for (slice, frame) in slices.iter_mut().zip(&self.queue) {
            *slice = IoSlice::new(frame);
        }
        slices[0].advance(self.sent);
        slices
    }

    /// Removes bytes that are sent.
    fn advance(&mut self, written: usize) {
        self.waiting -= written;
        self.sent += written;
        while let Some(first) = self.queue.front() {
            if self.sent < first.len() {
                return;
            }
            self.sent -= first.len();
            self.queue.pop_front();
        }
        // Release the memory of a burst, so that a silent connection does not keep it.
        self.queue = VecDeque::new();
    }
}

impl Outbound {
    pub(super) fn new(stream: TcpStream, stall: Duration) -> Self {
        let state = OutboundState {
            queue: VecDeque::new(),
            sent: 0,
            waiting: 0,
            stalled_since: None,
            phase: Phase::Open,
            last_read_at: Instant::now(),
            events: VecDeque::new(),
        };
        Self {
            stream,
            stall,
            state: Mutex::new(state),
            wakeup: Notify::new(),
            capacity: Notify::new(),
        }
    }

    /// Queues a frame. It is sent with the next [`flush`](Self::flush).
    pub(super) fn enqueue(&self, frame: Bytes) -> Result<(), BufferFull> {
        self.lock().enqueue(frame)
    }

    /// Sends a frame at once if nothing is queued before it, otherwise queues it.
    pub(super) fn send_now(&self, frame: &Bytes) -> Result<(), BufferFull> {
        let mut state = self.lock();
        let mut sent = 0;
        // Usually nothing is queued and the peer accepts the whole frame.
        if state.queue.is_empty() && state.phase == Phase::Open {
            match self.stream.try_write(frame) {
                Ok(written) if written == frame.len() => return Ok(()),
                Ok(written) => sent = written,
                // The next attempt below handles an error.
                Err(_) => {}
            }
        }
        state.enqueue(frame.slice(sent..))?;
        self.write(&mut state);
        Ok(())
    }

    /// Sends as many queued bytes as the peer accepts now.
    pub(super) fn flush(&self) {
        self.write(&mut self.lock());
    }

    /// Queues a frame as soon as the buffer has space. Only the driver calls this.
    pub(super) async fn send(&self, frame: Bytes) -> Result<(), Disconnect> {
        while self.enqueue(frame.clone()).is_err() {
            self.drained().await?;
        }
        Ok(())
    }

    /// Queues a frame like [`send`](Self::send), for tasks other than the driver, which frees the space.
    ///
    /// # Errors
    /// [`Disconnect::ConnectionLost`] if the connection is broken.
    pub(super) async fn send_with_backpressure(&self, frame: Bytes) -> Result<(), Disconnect> {
        while self.enqueue(frame.clone()).is_err() {
            self.flush();
            self.capacity.notified().await;
        }
        if self.is_broken() {
            return Err(Disconnect::ConnectionLost);
        }
        Ok(())
    }

    /// Returns whether nothing is queued.
    pub(super) fn is_drained(&self) -> bool {
        self.lock().queue.is_empty()
    }

    /// Waits until the peer has received everything.
    ///
    /// # Errors
    /// The end of the connection if the peer does not read for too long, or is gone.
    pub(super) async fn drained(&self) -> Result<(), Disconnect> {
        loop {
            let stalled_since = {
                let mut state = self.lock();
                self.write(&mut state);
                if state.phase == Phase::Broken {
                    return Err(Disconnect::ConnectionLost);
                }
                if state.queue.is_empty() {
                    return Ok(());
                }
                state.stalled_since.unwrap_or_else(Instant::now)
            };
            // The timer is boxed, because it would enlarge every connection, and most never need it.
            let writable = Box::pin(timeout_at(
                stalled_since + self.stall,
                self.stream.writable(),
            ));
            match writable.await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(Disconnect::ConnectionLost),
                Err(_) => return Err(Disconnect::Close(CloseReason::TooSlow)),
            }
        }
    }

    /// Queues the last frame: later ones are dropped.
    pub(super) fn close(&self, frame: Bytes) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.waiting += frame.len();
            state.queue.push_back(frame);
            state.phase = Phase::Closing;
        }
        self.write(&mut state);
    }

    /// Posts an event to the driver.
    pub(super) fn post_event(&self, event: ConnectionEvent) {
        self.lock().events.push_back(event);
        self.wakeup.notify_one();
    }

    /// Posts an event to the driver as soon as few are queued. Used for events that the peer can cause without limit.
    pub(super) async fn post_event_with_backpressure(&self, event: ConnectionEvent) {
        while self.lock().events.len() >= MAX_EVENTS {
            self.capacity.notified().await;
        }
        self.post_event(event);
    }

    /// Takes the next event for the driver.
    pub(super) fn next_event(&self) -> Option<ConnectionEvent> {
        let event = self.lock().events.pop_front()?;
        self.capacity.notify_one();
        Some(event)
    }

    /// Waits until the driver has something to do: an event, or a peer that does not read.
    pub(super) async fn wakeup(&self) {
        self.wakeup.notified().await;
    }

    /// Returns whether the connection is broken.
    pub(super) fn is_broken(&self) -> bool {
        self.lock().phase == Phase::Broken
    }

    /// Returns how long the peer has been silent.
    pub(super) fn silence(&self) -> Duration {
        self.lock().last_read_at.elapsed()
    }

    /// Waits for bytes from the peer. Returns `false` at the end of its stream.
    pub(super) async fn read(&self, decoder: &mut Decoder) -> io::Result<bool> {
        loop {
            // Only this task reads. The stream's own future would be a hundred bytes larger.
            poll_fn(|context| self.stream.poll_read_ready(context)).await?;
            match self.read_now(decoder) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }

    fn read_now(&self, decoder: &mut Decoder) -> io::Result<bool> {
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES];
        let mut read: &[u8] = &[];
        let tried = self.stream.try_io(Interest::READABLE, || {
            (read, _) = rustix::io::read(&self.stream, &mut bytes)?;
            // A short read means that no more bytes are available. Reporting it as `WouldBlock` saves a system call,
            // because the stream then counts as unreadable until more bytes arrive.
            if (1..READ_BYTES).contains(&read.len()) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(())
        });
        if read.is_empty() {
            tried?;
        }
        decoder.feed(read);
        self.lock().last_read_at = Instant::now();
        Ok(!read.is_empty())
    }

    /// Reads and discards bytes until the stream ends.
    pub(super) async fn drain_peer(&self) {
        loop {
            if self.stream.readable().await.is_err() {
                return;
            }
            match self.stream.try_read(&mut [0; READ_BYTES]) {
                Ok(0) => return,
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    }

    /// Closes the sending direction of the stream.
    pub(super) fn shutdown_write(&self) {
        let _ = rustix::net::shutdown(&self.stream, rustix::net::Shutdown::Write);
    }

    /// Writes as many queued bytes as the peer accepts.
    fn write(&self, state: &mut OutboundState) {
        while !state.queue.is_empty() {
            match self.stream.try_write_vectored(&state.slices()) {
                Ok(written) if written > 0 => {
                    state.advance(written);
                    state.stalled_since = None;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // The driver waits for the peer, no matter which task wrote.
                    if state.stalled_since.is_none() {
                        state.stalled_since = Some(Instant::now());
                        self.wakeup.notify_one();
                    }
                    return;
                }
                Ok(_) | Err(_) => {
                    (state.queue, state.waiting, state.sent) = (VecDeque::new(), 0, 0);
                    state.phase = Phase::Broken;
                    self.wakeup.notify_one();
                }
            }
        }
        state.stalled_since = None;
        self.capacity.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, OutboundState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
