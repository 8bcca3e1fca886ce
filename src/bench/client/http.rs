//! Requests over connections that are kept: one after the other on each, some dozens side by side.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{marker::now, watch::Poller};
use crate::bench::histogram::Histogram;

const BUFFER: usize = 64 * 1024;
/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a poll waits, so that patience can be looked at.
const A_WHILE: Duration = Duration::from_secs(1);

/// Connections to one server.
pub(in crate::bench) struct HttpPool {
    address: SocketAddr,
    watch: Poller,
    connections: Vec<HttpConnection>,
    buffer: Box<[u8]>,
    /// Read so far.
    bytes: u64,
}

struct HttpConnection {
    stream: TcpStream,
    asked_at: u64,
    waits: bool,
    /// Bytes of the answer, until its header is complete.
    head: Vec<u8>,
    /// Bytes of the answer that are still to come, once that is known.
    rest: Option<usize>,
}

/// Results of sending requests for a while.
pub(in crate::bench) struct HttpResults {
    pub(in crate::bench) bytes: u64,
    pub(in crate::bench) seconds: f64,
    pub(in crate::bench) times: Histogram,
}

/// A `GET` for a connection that is kept.
pub(in crate::bench) fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

/// A `POST` with a body of that type.
pub(in crate::bench) fn post(path: &str, token: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl HttpPool {
    pub(in crate::bench) fn connect(address: SocketAddr, count: usize) -> io::Result<Self> {
        let watch = Poller::new()?;
        let mut connections = Vec::with_capacity(count);
        for at in 0..count {
            connections.push(HttpConnection::open(address, at, &watch)?);
        }
        Ok(Self {
            address,
            watch,
            connections,
            buffer: vec![0; BUFFER].into(),
            bytes: 0,
        })
    }

    /// A connection that waits for nothing.
    pub(in crate::bench) fn free(&self) -> Option<usize> {
        let mut connections = self.connections.iter();
        connections.position(|connection| !connection.waits)
    }

    /// Asks on a connection that waits for nothing.
    pub(in crate::bench) fn send(&mut self, at: usize, request: &[u8]) -> io::Result<()> {
        let connection = &mut self.connections[at];
        connection.asked_at = now();
        connection.waits = true;
        connection.stream.write_all(request)
    }

    /// Waits that long at most, and answers which connections got their answers, and how many
    /// microseconds each took.
    pub(in crate::bench) fn poll(&mut self, wait: Duration) -> io::Result<Vec<(usize, u64)>> {
        let events = self.watch.wait(wait)?;
        let mut answered = Vec::new();
        for event in &events {
            let at = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
            let connection = &mut self.connections[at];
            let read = connection.stream.read(&mut self.buffer)?;
            // A server closes what has been silent for long.
            if read == 0 && !connection.waits {
                *connection = HttpConnection::open(self.address, at, &self.watch)?;
                continue;
            }
            self.bytes += read as u64;
            if connection.take(&self.buffer[..read])? {
                connection.waits = false;
                answered.push((at, now().saturating_sub(connection.asked_at)));
            }
        }
        self.watch.give_back(events);
        Ok(answered)
    }

    /// How long it had nothing to do, in all.
    pub(in crate::bench) fn idle(&self) -> Duration {
        self.watch.idle()
    }

    /// Asks on every connection, again as soon as there is an answer, until that time is over or so
    /// much was asked; then waits for the answers that are still under way.
    pub(in crate::bench) fn ask(
        &mut self,
        time: Duration,
        max_requests: u64,
        mut next: impl FnMut() -> Vec<u8>,
    ) -> io::Result<HttpResults> {
        let (start, bytes) = (Instant::now(), self.bytes);
        let (mut times, mut asked) = (Histogram::default(), 0);
        while asked < max_requests
            && let Some(at) = self.free()
        {
            self.send(at, &next())?;
            asked += 1;
        }
        while times.count() < asked {
            for (at, micros) in self.poll(A_WHILE)? {
                times.add(micros);
                if asked < max_requests && start.elapsed() < time {
                    self.send(at, &next())?;
                    asked += 1;
                }
            }
            if start.elapsed() > time.saturating_add(PATIENCE) {
                return Err(io::Error::other("an answer did not come"));
            }
        }
        Ok(HttpResults {
            bytes: self.bytes - bytes,
            seconds: start.elapsed().as_secs_f64(),
            times,
        })
    }
}

impl HttpConnection {
    fn open(address: SocketAddr, at: usize, watch: &Poller) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        watch.add(at, &stream)?;
        Ok(Self {
            stream,
            asked_at: 0,
            waits: false,
            head: Vec::new(),
            rest: None,
        })
    }

    /// Takes what was read, and says whether the answer is whole.
    fn take(&mut self, bytes: &[u8]) -> io::Result<bool> {
        if bytes.is_empty() {
            return Err(io::Error::other("cut in the middle of an answer"));
        }
        let mut came = bytes.len();
        if self.rest.is_none() {
            self.head.extend(bytes);
            let Some(end) = self.head.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Ok(false);
            };
            self.rest = Some(length(&self.head[..end + 2], &self.head)?);
            came = self.head.len() - end - 4;
            self.head.clear();
        }
        let rest = self.rest.unwrap_or_default();
        let left = rest
            .checked_sub(came)
            .ok_or_else(|| io::Error::other("an answer that nobody asked for"))?;
        self.rest = (left > 0).then_some(left);
        Ok(left == 0)
    }
}

/// How long the body is that belongs to a header. Any answer but a success is an error.
fn length(head: &[u8], all: &[u8]) -> io::Result<usize> {
    let refused = || io::Error::other(String::from_utf8_lossy(all).into_owned());
    let head = std::str::from_utf8(head).map_err(|_| refused())?;
    if !head.starts_with("HTTP/1.1 2") {
        return Err(refused());
    }
    let field = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    field.ok_or_else(refused)
}
