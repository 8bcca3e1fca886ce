//! Other servers, started and stopped on loopback, with what would cripple them lifted.

mod actix;
mod bun;
mod ejabberd;

use std::{
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use parlor::bench::{Peer, RunningPeer};

/// All that may be had here, whether they are installed or not.
pub(crate) fn all(target: &Path) -> Vec<Box<dyn Peer>> {
    let tools = target.join("peers");
    vec![
        Box::new(actix::Actix::new(&tools)),
        Box::new(bun::Bun::in_memory(&tools)),
        Box::new(bun::Bun::on_disk(&tools)),
        Box::new(ejabberd::Ejabberd::in_memory()),
        Box::new(ejabberd::Ejabberd::on_disk()),
    ]
}

/// A process that serves. Dropping it ends it.
struct Launched {
    child: Child,
    address: SocketAddr,
}

impl Launched {
    /// Starts a program that prints where it listens.
    fn that_says_where(command: &mut Command) -> io::Result<Box<dyn RunningPeer>> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        if let Ok(address) = line.trim().parse() {
            return Ok(Box::new(Self { child, address }));
        }
        let _ = child.kill();
        let status = child.wait()?;
        Err(io::Error::other(format!("it does not start: {status}")))
    }
}

impl RunningPeer for Launched {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of what is only here to be measured against.
fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/peers")
        .join(name)
}

/// Runs what installs a peer, with its words on standard error.
fn install(command: &mut Command) -> io::Result<()> {
    let installed = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    if installed.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "it cannot be installed: {installed}"
        )))
    }
}
