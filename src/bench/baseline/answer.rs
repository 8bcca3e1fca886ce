//! Servers that answer without reading the request.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

use rustix::{buffer::spare_capacity, event::epoll};

/// Listens, answers one connection and ends.
pub(super) fn hello() -> io::Result<()> {
    let listener = super::listen()?;
    let (mut stream, _) = listener.accept()?;
    stream.write_all(b"!")
}

/// Answers each request on a keep-alive connection with as many bytes as its path states:
/// `GET /4096 HTTP/1.1`. A request must arrive in one read.
pub(super) fn run() -> io::Result<()> {
    let listener = super::listen()?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(
        &epoll,
        &listener,
        epoll::EventData::new_u64(0),
        epoll::EventFlags::IN,
    )?;
    let mut streams: Vec<TcpStream> = Vec::new();
    let mut events = Vec::with_capacity(64);
    let mut buffer = vec![0; 64 * 1024];
    let mut answer = (0, Vec::new());
    loop {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            let Some(at) = event.data.u64().checked_sub(1) else {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                streams.push(stream);
                let data = epoll::EventData::new_u64(streams.len() as u64);
                let stream = &streams[streams.len() - 1];
                epoll::add(&epoll, stream, data, epoll::EventFlags::IN)?;
                continue;
            };
            let stream = &mut streams[usize::try_from(at).map_err(io::Error::other)?];
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            let wanted = wanted(&buffer[..read]);
            if answer.0 != wanted || answer.1.is_empty() {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {wanted}\r\n\r\n");
                answer = (wanted, head.into_bytes());
                answer.1.resize(answer.1.len() + wanted, b'x');
            }
            stream.write_all(&answer.1)?;
        }
    }
}

fn wanted(request: &[u8]) -> usize {
    let path = request.split(|byte| *byte == b'/').nth(1);
    let digits = path.unwrap_or_default();
    let digits = digits.iter().take_while(|digit| digit.is_ascii_digit());
    digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'))
}
