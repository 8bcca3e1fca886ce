//! Many sockets that receive, and may send. Of a frame, the pool reads the header, the start of its type and the
//! marker in its body. It checks that every message is the next one.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    counts::Counts,
    dialect::{FrameKind, PeerProtocol},
    frame::{Opcode, PONG, header, masked},
    marker::{MARK, Marker, body, now},
    socket_request::SocketRequest,
    watch::Poller,
};
use crate::bench::histogram::Histogram;

/// Time limit of every wait.
const PATIENCE: Duration = Duration::from_mins(1);
/// Default number of concurrent handshakes.
const HANDSHAKES: usize = 64;
const BUFFER: usize = 256 * 1024;
/// Maximum wait of one poll, so that time limits are checked.
const A_WHILE: Duration = Duration::from_millis(50);

/// Sockets that share one epoll.
pub(in crate::bench) struct ClientPool {
    watch: Poller,
    dialect: PeerProtocol,
    members: Vec<PooledSocket>,
    buffer: Box<[u8]>,
    /// Distance of the marker from the end of a frame. It is equal for all frames of one form.
    mark: usize,
    /// The last message frame, with its header.
    sample: Vec<u8>,
    keep_sample: bool,
    pub(in crate::bench) counts: Counts,
    /// Latency of messages, if it is recorded.
    pub(in crate::bench) latency: Option<Histogram>,
    /// Number of first sockets whose latency is recorded.
    pub(in crate::bench) watched: usize,
}

struct PooledSocket {
    stream: Option<TcpStream>,
    room: i64,
    state: State,
    /// Beginning of an incomplete frame.
    partial: Vec<u8>,
    /// Number of the next message.
    next: u64,
    asks: Option<Box<str>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Upgrading,
    LiveSpeaker,
}

impl ClientPool {
    /// In place of a number: the first received message may have any number, and the next ones must follow it.
    pub(in crate::bench) const FIRST_RECEIVED: u64 = u64::MAX;

    pub(in crate::bench) fn new(dialect: PeerProtocol) -> io::Result<Self> {
        Ok(Self {
            watch: Poller::new()?,
            dialect,
            members: Vec::new(),
            buffer: vec![0; BUFFER].into(),
            mark: 0,
            sample: Vec::new(),
            keep_sample: true,
            counts: Counts::default(),
            latency: None,
            watched: usize::MAX,
        })
    }

    /// Opens sockets with a limited number of concurrent handshakes, and waits until all are live.
    pub(in crate::bench) fn open<'a>(
        &mut self,
        address: SocketAddr,
        sockets: impl IntoIterator<Item = SocketRequest<'a>>,
    ) -> io::Result<()> {
        for socket in sockets {
            self.begin(address, socket)?;
            let begun = self.len();
            if begun - self.counts.ready >= HANDSHAKES {
                let enough = begun - HANDSHAKES / 2;
                self.until("sockets to be live", |counts| counts.ready >= enough)?;
            }
        }
        self.all_live()
    }

    pub(in crate::bench) fn all_live(&mut self) -> io::Result<()> {
        let begun = self.len();
        self.until("every socket to be live", |counts| counts.ready == begun)
    }

    /// Starts one more handshake and does not wait for its response.
    pub(in crate::bench) fn begin(
        &mut self,
        address: SocketAddr,
        socket_request: SocketRequest<'_>,
    ) -> io::Result<()> {
        let mut stream = TcpStream::connect(address)?;
        let request = self
            .dialect
            .handshake(address, socket_request.room, socket_request.token);
        stream.write_all(request.as_bytes())?;
        self.join(stream, State::Upgrading, socket_request)
    }

    /// Adds a stream that carries frames without a handshake.
    pub(in crate::bench) fn add(&mut self, stream: TcpStream) -> io::Result<()> {
        self.join(stream, State::LiveSpeaker, SocketRequest::at(0, ""))
    }

    fn join(
        &mut self,
        stream: TcpStream,
        state: State,
        socket_request: SocketRequest<'_>,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        self.watch.add(self.members.len(), &stream)?;
        self.members.push(PooledSocket {
            stream: Some(stream),
            room: socket_request.room,
            state,
            partial: Vec::new(),
            next: socket_request.next,
            asks: socket_request.asks.map(String::into_boxed_str),
        });
        Ok(())
    }

    /// Returns the number of all sockets, including closed ones.
    pub(in crate::bench) fn len(&self) -> usize {
        self.members.len()
    }

    /// Closes a socket without a close frame.
    pub(in crate::bench) fn cut(&mut self, at: usize) {
        self.members[at].stream = None;
    }

    /// Returns the number of the next message of a socket.
    pub(in crate::bench) fn next(&self, at: usize) -> u64 {
        self.members[at].next
    }

    /// Sends messages to a room from one of the sockets.
    pub(in crate::bench) fn publish(
        &mut self,
        from: usize,
        room: i64,
        markers: impl Iterator<Item = Marker>,
        length: usize,
    ) -> io::Result<()> {
        let mut frames = Vec::new();
        for marker in markers {
            let body = body(marker, length);
            frames.extend(masked(&self.dialect.publish(room, marker.number, &body)));
        }
        self.send(from, &frames)
    }

    /// Sends a command from one of the sockets.
    pub(in crate::bench) fn send_command(&mut self, from: usize, command: &str) -> io::Result<()> {
        self.send(from, &masked(command))
    }

    /// Writes small data, which fits the socket's buffer.
    fn send(&mut self, from: usize, frames: &[u8]) -> io::Result<()> {
        match &mut self.members[from].stream {
            Some(stream) => stream.write_all(frames),
            None => Err(io::Error::other("one who is gone says nothing")),
        }
    }

    /// Returns the last received message frame and the distance of its marker from the end.
    pub(in crate::bench) fn sample(&self) -> (Vec<u8>, usize) {
        (self.sample.clone(), self.mark)
    }

    /// Reads until `done` returns true.
    pub(in crate::bench) fn until(
        &mut self,
        what: &str,
        mut done: impl FnMut(&Counts) -> bool,
    ) -> io::Result<()> {
        let start = Instant::now();
        while !done(&self.counts) {
            self.poll(A_WHILE)?;
            if start.elapsed() > PATIENCE {
                let Counts {
                    deliveries,
                    ready,
                    synced,
                    ..
                } = &self.counts;
                return Err(io::Error::other(format!(
                    "waited in vain for {what}: {deliveries} deliveries, {ready} of {} live, {synced} synced",
                    self.members.len()
                )));
            }
        }
        Ok(())
    }

    /// Reads for this time.
    pub(in crate::bench) fn listen(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.poll(A_WHILE)?;
        }
        Ok(())
    }

    /// Returns the total time without work.
    pub(in crate::bench) fn idle(&self) -> Duration {
        self.watch.idle()
    }

    /// Waits at most this long and reads once from every readable socket.
    pub(in crate::bench) fn poll(&mut self, wait: Duration) -> io::Result<()> {
        let events = self.watch.wait(wait)?;
        let mut buffer = std::mem::take(&mut self.buffer);
        for event in &events {
            let at = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
            let Some(stream) = &mut self.members[at].stream else {
                continue;
            };
            match stream.read(&mut buffer) {
                Ok(0) => return Err(io::Error::other(format!("socket {at} was cut"))),
                Ok(read) => {
                    self.counts.reads += 1;
                    self.receive(at, &buffer[..read])?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer = buffer;
        self.watch.recycle(events);
        Ok(())
    }

    fn receive(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        if self.members[at].partial.is_empty() {
            let taken = self.take(at, bytes)?;
            self.members[at].partial.extend(&bytes[taken..]);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.members[at].partial);
        joined.extend(bytes);
        let taken = self.take(at, &joined)?;
        joined.drain(..taken);
        // An idle socket has no buffer.
        self.members[at].partial = if joined.is_empty() {
            Vec::new()
        } else {
            joined
        };
        Ok(())
    }

    /// Processes the response to a handshake and every complete frame. Returns their number of bytes.
    fn take(&mut self, at: usize, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        if self.members[at].state == State::Upgrading {
            let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Ok(0);
            };
            if !bytes.starts_with(b"HTTP/1.1 101") {
                return Err(io::Error::other(String::from_utf8_lossy(bytes)));
            }
            taken = end + 4;
            self.members[at].state = State::LiveSpeaker;
            if let Some(greeting) = self.dialect.greeting() {
                self.send(at, &masked(greeting))?;
            }
        }
        let now = now();
        while let Some((header, length)) = header(&bytes[taken..])
            && let Some(frame) = bytes.get(taken..taken + header + length)
        {
            taken += frame.len();
            self.frame(at, frame, header, now)?;
        }
        Ok(taken)
    }

    fn frame(&mut self, at: usize, frame: &[u8], header: usize, now: u64) -> io::Result<()> {
        let payload = &frame[header..];
        match Opcode::of(frame[0]) {
            Opcode::Data => {}
            Opcode::Ping => return self.send(at, PONG),
            Opcode::Pong => return Ok(()),
            Opcode::Close => {
                let words = String::from_utf8_lossy(payload.get(2..).unwrap_or_default());
                return Err(io::Error::other(format!("socket {at} was closed: {words}")));
            }
        }
        match self.dialect.kind(payload) {
            FrameKind::Message => self.message(at, frame, header, now)?,
            FrameKind::Ack => self.counts.acks.push_back(at),
            FrameKind::Synced => self.counts.synced += 1,
            FrameKind::Presence => {
                self.counts.presence_bytes += frame.len() as u64;
                self.counts.presence_frames += 1;
            }
            FrameKind::Ready => {
                self.counts.ready += 1;
                if let Some(asks) = self.members[at].asks.take() {
                    self.send_command(at, &asks)?;
                }
            }
            FrameKind::XmppStep(step) => {
                let answer = PeerProtocol::answer(step, self.members[at].room, at);
                self.send(at, &masked(&answer))?;
            }
            FrameKind::Error => {
                let words = String::from_utf8_lossy(payload);
                // The command had no effect, so the client can repeat it.
                if !words.contains(r#""code":"overloaded""#) || words.contains(r#""key":"#) {
                    return Err(io::Error::other(words));
                }
                self.counts.refused.push_back(at);
            }
            FrameKind::Other => {}
        }
        Ok(())
    }

    /// Checks that a message is the next one of its socket.
    fn message(&mut self, at: usize, frame: &[u8], header: usize, now: u64) -> io::Result<()> {
        let usual = frame.len().checked_sub(self.mark);
        if usual.and_then(|mark| frame.get(mark)) != Some(&MARK) {
            let Some(mark) = frame[header..].iter().position(|byte| *byte == MARK) else {
                // System messages have no marker.
                self.counts.system_bytes += frame.len() as u64;
                return Ok(());
            };
            self.mark = frame.len() - header - mark;
        }
        let marker = Marker::read(&frame[frame.len() - self.mark..])
            .ok_or_else(|| io::Error::other("a marker without an end"))?;
        let member = &mut self.members[at];
        if member.next == Self::FIRST_RECEIVED {
            member.next = marker.number;
        }
        if marker.number != member.next {
            return Err(io::Error::other(format!(
                "socket {at} got message {} of sender {} where {} was next",
                marker.number, marker.sender, member.next
            )));
        }
        member.next += 1;
        self.counts.deliveries += 1;
        // With XMPP, the echo of the room is the only acknowledgement.
        if self.dialect == PeerProtocol::Xmpp && marker.sender == at {
            self.counts.acks.push_back(at);
        }
        if at < self.watched
            && let Some(latency) = &mut self.latency
        {
            latency.add(now.saturating_sub(marker.at));
        }
        if self.keep_sample {
            self.sample = frame.to_vec();
            self.keep_sample = false;
        }
        Ok(())
    }
}
