//! Other servers, started and stopped on loopback, without limits that would slow them down.

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

/// Returns all supported peers, whether they are installed or not.
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

/// A server process. Dropping it ends the process.
struct Launched {
    child: Child,
    address: SocketAddr,
}

impl Launched {
    /// Starts a program that prints its address.
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

/// Returns the folder of installed peers.
fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/peers")
        .join(name)
}

/// Runs a command that installs a peer, with its output on standard error.
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
