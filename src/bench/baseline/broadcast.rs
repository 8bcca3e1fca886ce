//! Writes ready-made frames to many sockets: one `write` per socket and chunk.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    os::fd::{AsFd, BorrowedFd},
};

use rustix::{buffer::spare_capacity, event::epoll};

/// First frame of each connection. The connection is live from then on.
const READY: &[u8] = b"\x81\x10{\"type\":\"ready\"}";
/// Number that the publisher sends first, in place of a room.
pub(in crate::bench) const SPEAKER: u32 = u32::MAX;
/// Room and length of a chunk, four bytes each.
const HEAD: usize = 8;

/// Returns a chunk: frames that go to every socket of a room in one `write` each.
pub(in crate::bench) fn chunk(room: u32, frames: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    [&room.to_be_bytes(), &length.to_be_bytes(), frames].concat()
}

#[derive(Default)]
struct Rooms(Vec<Vec<TcpStream>>);

pub(super) fn run() -> io::Result<()> {
    let listener = super::listen()?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let watch = |data, source: BorrowedFd<'_>| {
        let data = epoll::EventData::new_u64(data);
        epoll::add(&epoll, source, data, epoll::EventFlags::IN)
    };
    watch(0, listener.as_fd())?;
    let mut rooms = Rooms::default();
    let mut speaker: Option<TcpStream> = None;
    let mut events = Vec::with_capacity(64);
    let mut buffer = vec![0; 256 * 1024];
    let mut said = Vec::new();
    loop {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            match (event.data.u64(), &mut speaker) {
                (0, _) => {
                    let (mut stream, _) = listener.accept()?;
                    stream.set_nodelay(true)?;
                    let mut room = [0; 4];
                    stream.read_exact(&mut room)?;
                    let room = u32::from_be_bytes(room);
                    if room == SPEAKER {
                        watch(1, stream.as_fd())?;
                        speaker = Some(stream);
                    } else {
                        stream.write_all(READY)?;
                        watch(2, stream.as_fd())?;
                        rooms.admit(room, stream);
                    }
                }
                (1, Some(speaker)) => {
                    let read = speaker.read(&mut buffer)?;
                    if read == 0 {
                        return Ok(());
                    }
                    said.extend(&buffer[..read]);
                    let done = rooms.publish(&said)?;
                    said.drain(..done);
                }
                // Listeners send nothing. If one closes, the baseline ends.
                _ => return Ok(()),
            }
        }
    }
}

impl Rooms {
    fn admit(&mut self, room: u32, stream: TcpStream) {
        let room = room as usize;
        if room >= self.0.len() {
            self.0.resize_with(room + 1, Vec::new);
        }
        self.0[room].push(stream);
    }

    /// Sends every complete chunk and returns their number of bytes.
    fn publish(&mut self, said: &[u8]) -> io::Result<usize> {
        let mut done = 0;
        while let Some(head) = said.get(done..done + HEAD) {
            let (room, length) = head.split_at(HEAD / 2);
            let [room, length] = [room, length].map(|four| {
                four.iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
            });
            let from = done + HEAD;
            let Some(frames) = said.get(from..from + length) else {
                break;
            };
            for listener in self.0.get_mut(room).into_iter().flatten() {
                listener.write_all(frames)?;
            }
            done = from + length;
        }
        Ok(done)
    }
}
