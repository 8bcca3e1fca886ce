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
/// Sockets that come in at once, where nothing else is wanted.
const HANDSHAKES: usize = 64;
const BUFFER: usize = 256 * 1024;
/// How long a poll waits, so that patience can be looked at.
const A_WHILE: Duration = Duration::from_millis(50);

/// Many sockets.
pub(in crate::bench) struct ClientPool {
    watch: Poller,
    dialect: PeerProtocol,
    members: Vec<PooledSocket>,
    buffer: Box<[u8]>,
    /// How far before a frame's end its mark is: the same for all, as long as the shape is.
    mark: usize,
    /// The last message frame as it came, header and all.
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
    /// The beginning of a frame whose end is still to come.
    partial: Vec<u8>,
    /// The number of the next message.
    next: u64,
    asks: Option<Box<str>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Upgrading,
    LiveSpeaker,
}

impl ClientPool {
    /// In place of a number: whatever is heard first is the first, and only the next must follow it.
    pub(in crate::bench) const FIRST_HEARD: u64 = u64::MAX;

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

    /// Opens sockets, some at a time, and waits until all are live.
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

    /// Asks for one more socket, and does not wait for the answer.
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

    /// One more stream, which speaks frames from the first byte on.
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

    /// All that ever came in, those included that were cut.
    pub(in crate::bench) fn len(&self) -> usize {
        self.members.len()
    }

    /// Cuts a socket without a word.
    pub(in crate::bench) fn cut(&mut self, at: usize) {
        self.members[at].stream = None;
    }

    /// The number of the message that this one waits for.
    pub(in crate::bench) fn next(&self, at: usize) -> u64 {
        self.members[at].next
    }

    /// Says something in a room as one of the crowd.
    pub(in crate::bench) fn say(
        &mut self,
        from: usize,
        room: i64,
        markers: impl Iterator<Item = Marker>,
        length: usize,
    ) -> io::Result<()> {
        let mut frames = Vec::new();
        for marker in markers {
            let body = body(marker, length);
            frames.extend(masked(&self.dialect.say(room, marker.number, &body)));
        }
        self.send(from, &frames)
    }

    /// Asks something as one of the crowd.
    pub(in crate::bench) fn ask(&mut self, from: usize, command: &str) -> io::Result<()> {
        self.send(from, &masked(command))
    }

    /// Sends as one of the crowd. What is sent is small: it fits the socket's buffer.
    fn send(&mut self, from: usize, frames: &[u8]) -> io::Result<()> {
        match &mut self.members[from].stream {
            Some(stream) => stream.write_all(frames),
            None => Err(io::Error::other("one who is gone says nothing")),
        }
    }

    /// The last message heard as it came over the wire, and where its mark is, from the end.
    pub(in crate::bench) fn sample(&self) -> (Vec<u8>, usize) {
        (self.sample.clone(), self.mark)
    }

    /// Reads until `done`.
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

    /// Reads whatever comes within that time.
    pub(in crate::bench) fn listen(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.poll(A_WHILE)?;
        }
        Ok(())
    }

    /// How long it had nothing to do, in all.
    pub(in crate::bench) fn idle(&self) -> Duration {
        self.watch.idle()
    }

    /// Waits that long at most and reads once from every socket that has something.
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
                    self.hear(at, &buffer[..read])?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer = buffer;
        self.watch.give_back(events);
        Ok(())
    }

    fn hear(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        if self.members[at].partial.is_empty() {
            let taken = self.take(at, bytes)?;
            self.members[at].partial.extend(&bytes[taken..]);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.members[at].partial);
        joined.extend(bytes);
        let taken = self.take(at, &joined)?;
        joined.drain(..taken);
        // An idle socket keeps nothing.
        self.members[at].partial = if joined.is_empty() {
            Vec::new()
        } else {
            joined
        };
        Ok(())
    }

    /// Takes the answer to a handshake and every whole frame, and answers how many bytes they were.
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
                    self.ask(at, &asks)?;
                }
            }
            FrameKind::XmppStep(step) => {
                let answer = PeerProtocol::answer(step, self.members[at].room, at);
                self.send(at, &masked(&answer))?;
            }
            FrameKind::Error => {
                let words = String::from_utf8_lossy(payload);
                // A client that asks again later loses nothing: the command had no effect.
                if !words.contains(r#""code":"overloaded""#) || words.contains(r#""key":"#) {
                    return Err(io::Error::other(words));
                }
                self.counts.refused.push_back(at);
            }
            FrameKind::Other => {}
        }
        Ok(())
    }

    /// A message must be the very next one of its socket.
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
        if member.next == Self::FIRST_HEARD {
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
        // There a room's echo is all the answer that a sender gets.
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
