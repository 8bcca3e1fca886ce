//! The load: many sockets on one thread and one epoll. Of a frame it reads the header, the first
//! letter of its type and the marker in its body, so that the client is not what is measured.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    fd::OwnedFd,
};

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Handshakes that are under way at once.
const HANDSHAKES: usize = 32;
const BUFFER: usize = 256 * 1024;
/// What begins a marker in a body; it is nowhere else in a frame.
const MARK: u8 = b'~';
const DIGITS: usize = 8;
/// The bit of a header that says that a mask follows, and the length that says that two bytes do.
const MASKED: u8 = 0x80;
const TWO_BYTES: u8 = 0x7e;
/// Where the type begins in a frame: `{"type":"`.
const TYPE: usize = 9;

/// Many sockets that hear, and may speak.
pub(crate) struct Crowd {
    epoll: OwnedFd,
    members: Vec<Member>,
    buffer: Box<[u8]>,
    events: Vec<epoll::Event>,
    /// How far before a frame's end its mark is: the same for all, as long as the shape is.
    mark: usize,
    /// The last message frame as it came, header and all.
    sample: Vec<u8>,
    keep_sample: bool,
    pub(crate) counts: Counts,
}

/// What a crowd has heard.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) deliveries: u64,
    pub(crate) ready: usize,
    /// Whose commands were acked, in that order.
    pub(crate) acks: VecDeque<usize>,
}

struct Member {
    stream: TcpStream,
    /// The beginning of a frame whose end is still to come.
    partial: Vec<u8>,
    /// The number of the next message.
    next: u64,
}

/// The body of message `number`, `length` bytes long.
pub(crate) fn body(number: u64, length: usize) -> String {
    let mut body = format!("{}{number:0DIGITS$}", char::from(MARK));
    body.extend(std::iter::repeat_n('x', length.saturating_sub(body.len())));
    body
}

/// A client's text frame. Its mask is zero, which is a mask like any other.
pub(crate) fn masked(text: &str) -> Vec<u8> {
    let length = text.len();
    let mut frame = vec![0x81];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => frame.push(MASKED | short),
        (_, Ok(length)) => {
            frame.push(MASKED | TWO_BYTES);
            frame.extend(length.to_be_bytes());
        }
        _ => unreachable!("the commands of this client are short"),
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

impl Crowd {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            members: Vec::new(),
            buffer: vec![0; BUFFER].into(),
            events: Vec::with_capacity(1024),
            mark: 0,
            sample: Vec::new(),
            keep_sample: true,
            counts: Counts::default(),
        })
    }

    /// Opens JSON sockets, each at a room with a token, and waits until all are live.
    pub(crate) fn open<'t>(
        &mut self,
        address: SocketAddr,
        sockets: impl IntoIterator<Item = (i64, &'t str)>,
    ) -> io::Result<()> {
        let mut sockets = sockets.into_iter().peekable();
        while sockets.peek().is_some() {
            let mut asked = Vec::with_capacity(HANDSHAKES);
            for (room, token) in sockets.by_ref().take(HANDSHAKES) {
                let mut stream = TcpStream::connect(address)?;
                let request = format!(
                    "GET /ws/{room} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\n\
                     upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                     sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                     sec-websocket-protocol: parlor.v1.json\r\nauthorization: Bearer {token}\r\n\r\n"
                );
                stream.write_all(request.as_bytes())?;
                asked.push(stream);
            }
            for mut stream in asked {
                let rest = upgraded(&mut stream)?;
                self.add(stream, &rest)?;
            }
            let live = self.members.len();
            self.until("every socket to be live", |counts| counts.ready == live)?;
        }
        Ok(())
    }

    /// One more socket, of which `rest` has been read already.
    pub(crate) fn add(&mut self, stream: TcpStream, rest: &[u8]) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(self.members.len() as u64);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN)?;
        self.members.push(Member {
            stream,
            partial: Vec::new(),
            next: 0,
        });
        self.hear(self.members.len() - 1, rest)
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Sends as one of the crowd. What is sent is small: it fits the socket's buffer.
    pub(crate) fn send(&mut self, from: usize, frames: &[u8]) -> io::Result<()> {
        self.members[from].stream.write_all(frames)
    }

    /// The last message heard, as it came over the wire.
    pub(crate) fn sample(&self) -> &[u8] {
        &self.sample
    }

    /// Where in a frame its mark is, counted from the end.
    pub(crate) fn mark(&self) -> usize {
        self.mark
    }

    /// Reads until `done`.
    pub(crate) fn until(
        &mut self,
        what: &str,
        mut done: impl FnMut(&Counts) -> bool,
    ) -> io::Result<()> {
        let start = Instant::now();
        while !done(&self.counts) {
            self.poll()?;
            if start.elapsed() > PATIENCE {
                let Counts {
                    deliveries, ready, ..
                } = &self.counts;
                return Err(io::Error::other(format!(
                    "waited in vain for {what}: {deliveries} deliveries, {ready} of {} live",
                    self.members.len()
                )));
            }
        }
        Ok(())
    }

    /// Reads whatever comes within that time.
    pub(crate) fn listen(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.poll()?;
        }
        Ok(())
    }

    /// Waits a little and reads once from every socket that has something.
    pub(crate) fn poll(&mut self) -> io::Result<()> {
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: 50_000_000,
        };
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&wait))?;
        let mut buffer = std::mem::take(&mut self.buffer);
        for event in &events {
            let at = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
            match self.members[at].stream.read(&mut buffer) {
                Ok(0) => return Err(io::Error::other(format!("socket {at} was cut"))),
                Ok(read) => self.hear(at, &buffer[..read])?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer = buffer;
        self.events = events;
        Ok(())
    }

    fn hear(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        if self.members[at].partial.is_empty() {
            let taken = self.frames(at, bytes)?;
            self.members[at].partial.extend(&bytes[taken..]);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.members[at].partial);
        joined.extend(bytes);
        let taken = self.frames(at, &joined)?;
        joined.drain(..taken);
        // An idle socket keeps nothing.
        self.members[at].partial = if joined.is_empty() {
            Vec::new()
        } else {
            joined
        };
        Ok(())
    }

    /// Takes every whole frame, and answers how many bytes they were.
    fn frames(&mut self, at: usize, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while let Some((header, length)) = header(&bytes[taken..])
            && let Some(frame) = bytes.get(taken..taken + header + length)
        {
            taken += frame.len();
            self.frame(at, frame, header)?;
        }
        Ok(taken)
    }

    fn frame(&mut self, at: usize, frame: &[u8], header: usize) -> io::Result<()> {
        let payload = &frame[header..];
        match frame[0] & 0x0f {
            0x9 => return self.members[at].stream.write_all(&[0x8a, 0x80, 0, 0, 0, 0]),
            0x8 => {
                let words = String::from_utf8_lossy(payload.get(2..).unwrap_or_default());
                return Err(io::Error::other(format!("socket {at} was closed: {words}")));
            }
            _ => {}
        }
        match payload.get(TYPE..TYPE + 2) {
            Some(b"me") => self.message(at, frame, header),
            Some(b"ac") => {
                self.counts.acks.push_back(at);
                Ok(())
            }
            Some(b"re") if payload[TYPE..].starts_with(b"ready") => {
                self.counts.ready += 1;
                Ok(())
            }
            Some(b"er") => Err(io::Error::other(String::from_utf8_lossy(payload))),
            _ => Ok(()),
        }
    }

    /// A message must be the very next one of its socket.
    fn message(&mut self, at: usize, frame: &[u8], header: usize) -> io::Result<()> {
        let marked = frame.len().checked_sub(self.mark);
        if marked.and_then(|mark| frame.get(mark)) != Some(&MARK) {
            let Some(mark) = frame[header..].iter().position(|byte| *byte == MARK) else {
                // The room's own messages have none.
                return Ok(());
            };
            self.mark = frame.len() - header - mark;
        }
        let mark = frame.len() - self.mark;
        let digits = frame.get(mark + 1..mark + 1 + DIGITS).unwrap_or_default();
        let number = digits.iter().fold(0, |number, digit| {
            number * 10 + u64::from(digit.wrapping_sub(b'0'))
        });
        let member = &mut self.members[at];
        if number != member.next {
            let wanted = member.next;
            return Err(io::Error::other(format!(
                "socket {at} got message {number} where {wanted} was next"
            )));
        }
        member.next += 1;
        self.counts.deliveries += 1;
        if self.keep_sample {
            self.sample = frame.to_vec();
            self.keep_sample = false;
        }
        Ok(())
    }
}

/// The sizes of a frame's header and of its payload, once the header is there.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(*bytes.get(1)? & 0x7f);
    match short {
        126 => {
            let length = bytes.get(2..4)?.try_into().ok()?;
            Some((4, usize::from(u16::from_be_bytes(length))))
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().ok()?;
            Some((10, usize::try_from(u64::from_be_bytes(length)).ok()?))
        }
        _ => Some((2, short)),
    }
}

/// Reads the answer to a handshake; what came behind it is the first of the frames.
fn upgraded(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer)?;
        answer.extend(&buffer[..read]);
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            if answer.starts_with(b"HTTP/1.1 101") {
                return Ok(answer.split_off(end + 4));
            }
            return Err(io::Error::other(String::from_utf8_lossy(&answer)));
        }
        if read == 0 {
            return Err(io::Error::other("cut in the middle of a handshake"));
        }
    }
}
