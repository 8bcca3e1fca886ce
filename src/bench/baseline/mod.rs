//! Baselines: the least that could do the work, with system calls alone, without parsing and without a store.

mod answer;
mod broadcast;
mod durable;

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use super::{interrupt, machine};

pub(super) use broadcast::{SPEAKER, chunk};
pub(super) use durable::DiskBaseline;

/// Kinds of baselines. Each runs in a process of its own: the program, started with a hidden argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Sends everything that one connection sends to all connections of a room.
    Broadcast,
    /// Answers every request with equal bytes.
    Answer,
    /// Answers one connection with one byte.
    Hello,
}

impl Baseline {
    /// Returns the baseline with a name; `None` if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Broadcast, Self::Answer, Self::Hello]
            .into_iter()
            .find(|baseline| baseline.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Answer => "answer",
            Self::Hello => "hello",
        }
    }

    /// Runs the baseline until its client disconnects.
    ///
    /// # Errors
    /// Errors of the system.
    pub fn run(self) -> io::Result<()> {
        machine::raise_open_files()?;
        match self {
            Self::Broadcast => broadcast::run(),
            Self::Answer => answer::run(),
            Self::Hello => answer::hello(),
        }
    }
}

/// A running baseline. Dropping it ends it.
pub(super) struct RunningBaseline {
    child: Child,
    pub(super) address: SocketAddr,
}

impl RunningBaseline {
    pub(super) fn start(program: &Path, baseline: Baseline) -> io::Result<Self> {
        let mut child = interrupt::start(|| {
            Command::new(program)
                .args(["bench", "--baseline", baseline.name()])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
        })?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().parse().map_err(|_| {
            io::Error::other(format!(
                "the baseline {baseline:?} did not print its address"
            ))
        })?;
        Ok(Self { child, address })
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for RunningBaseline {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Listens on a free port and prints it.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", listener.local_addr()?)?;
    stdout.flush()?;
    Ok(listener)
}
