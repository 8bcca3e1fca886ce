//! Requests over keep-alive connections: one at a time on each of some dozens of connections.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{marker::now, watch::Poller};
use crate::bench::histogram::Histogram;

const BUFFER: usize = 64 * 1024;
/// Time limit for a response.
const PATIENCE: Duration = Duration::from_secs(30);
/// Maximum wait of one poll, so that time limits are checked.
const A_WHILE: Duration = Duration::from_secs(1);

/// Connections to one server.
pub(in crate::bench) struct HttpPool {
    address: SocketAddr,
    watch: Poller,
    connections: Vec<HttpConnection>,
    buffer: Box<[u8]>,
    /// Bytes read so far.
    bytes: u64,
}

struct HttpConnection {
    stream: TcpStream,
    asked_at: u64,
    waits: bool,
    /// Bytes of the response, until its header is complete.
    head: Vec<u8>,
    /// Remaining bytes of the response, once known.
    rest: Option<usize>,
}

/// Results of a series of requests.
pub(in crate::bench) struct HttpResults {
    pub(in crate::bench) bytes: u64,
    pub(in crate::bench) seconds: f64,
    pub(in crate::bench) times: Histogram,
}

/// Returns a `GET` for a keep-alive connection.
pub(in crate::bench) fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

/// Returns a `POST` with a body of this type.
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

    /// Returns a connection without a request in flight.
    pub(in crate::bench) fn free(&self) -> Option<usize> {
        let mut connections = self.connections.iter();
        connections.position(|connection| !connection.waits)
    }

    /// Sends a request on a connection without one in flight.
    pub(in crate::bench) fn send(&mut self, at: usize, request: &[u8]) -> io::Result<()> {
        let connection = &mut self.connections[at];
        connection.asked_at = now();
        connection.waits = true;
        connection.stream.write_all(request)
    }

    /// Waits at most this long. Returns the connections that received their response, and its time in
    /// microseconds.
    pub(in crate::bench) fn poll(&mut self, wait: Duration) -> io::Result<Vec<(usize, u64)>> {
        let events = self.watch.wait(wait)?;
        let mut answered = Vec::new();
        for event in &events {
            let at = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
            let connection = &mut self.connections[at];
            let read = connection.stream.read(&mut self.buffer)?;
            // A server closes connections that were idle for long.
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
        self.watch.recycle(events);
        Ok(answered)
    }

    /// Returns the total time without work.
    pub(in crate::bench) fn idle(&self) -> Duration {
        self.watch.idle()
    }

    /// Keeps one request in flight on every connection, until the time is over or `max_requests` were sent.
    /// Then waits for the outstanding responses.
    pub(in crate::bench) fn send_repeatedly(
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

    /// Processes read bytes and returns whether the response is complete.
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

/// Returns the length of the body from the header. A status other than success is an error.
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
