//! The least that could do the work: no parsing, no store, nothing but the system's calls.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::{AsFd, BorrowedFd},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::epoll,
    fs::{FallocateFlags, fallocate, fdatasync},
    io::pwrite,
};

use crate::{machine, report::number};

/// The argument that makes this program a floor that repeats to all what one connection says.
pub(crate) const BROADCAST: &str = "floor-broadcast";
/// The argument that makes it a floor that answers one connection with one byte.
pub(crate) const HELLO: &str = "floor-hello";

/// The frame that greets each connection, as the server's does: it is live from then on.
const READY: &[u8] = b"\x81\x10{\"type\":\"ready\"}";
/// The file that is written over and over, as SQLite does with its log.
const LOG: u64 = 16 * 1024 * 1024;

/// A floor that runs. Dropping it ends it.
pub(crate) struct Floor {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Floor {
    /// Runs this very program as a floor.
    pub(crate) fn start(kind: &str) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = machine::on_server_core(|| {
            Command::new(program)
                .arg(kind)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
        })?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { child, address })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes what the first connection says to all others: one `write` a socket for each read.
pub(crate) fn broadcast() -> io::Result<()> {
    let listener = listen()?;
    let (mut speaker, _) = listener.accept()?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let watch = |data, source: BorrowedFd<'_>| {
        let data = epoll::EventData::new_u64(data);
        epoll::add(&epoll, source, data, epoll::EventFlags::IN)
    };
    watch(0, listener.as_fd())?;
    watch(1, speaker.as_fd())?;
    let mut others: Vec<TcpStream> = Vec::new();
    let mut events = Vec::with_capacity(64);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            match event.data.u64() {
                0 => {
                    let (mut stream, _) = listener.accept()?;
                    stream.set_nodelay(true)?;
                    stream.write_all(READY)?;
                    watch(2, stream.as_fd())?;
                    others.push(stream);
                }
                1 => {
                    let read = speaker.read(&mut buffer)?;
                    if read == 0 {
                        return Ok(());
                    }
                    for other in &mut others {
                        other.write_all(&buffer[..read])?;
                    }
                }
                // Listeners say nothing; one that has gone takes the floor with it.
                _ => return Ok(()),
            }
        }
    }
}

/// Listens, answers one connection, and is done.
pub(crate) fn hello() -> io::Result<()> {
    let listener = listen()?;
    let (mut stream, _) = listener.accept()?;
    stream.write_all(b"!")
}

/// How many records of `size` bytes a second reach the disk if `batch` of them share an fsync.
pub(crate) fn durable(file: &File, size: usize, batch: usize, time: Duration) -> io::Result<f64> {
    let bytes = vec![b'x'; size * batch];
    let step = bytes.len() as u64;
    let (mut at, mut records) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < time {
        pwrite(file, &bytes, at)?;
        fdatasync(file)?;
        at = if at + 2 * step > LOG { 0 } else { at + step };
        records += batch;
    }
    Ok(number(records as u64) / start.elapsed().as_secs_f64())
}

/// The file for [`durable`], with its blocks in place.
pub(crate) fn log() -> io::Result<File> {
    let file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR"))?;
    fallocate(&file, FallocateFlags::empty(), 0, LOG)?;
    let zeros = vec![0; 1024 * 1024];
    for at in (0..LOG).step_by(zeros.len()) {
        pwrite(&file, &zeros, at)?;
    }
    fdatasync(&file)?;
    Ok(file)
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    Ok(listener)
}
