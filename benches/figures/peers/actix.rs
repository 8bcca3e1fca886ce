//! A chat server of actors: `benches/peers/actix`, a separate project that is built on first use.

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Command,
};

use parlor::bench::{Peer, PeerProtocol, RunningPeer};

use super::{Launched, install, sources};

pub(super) struct Actix {
    tools: PathBuf,
}

impl Actix {
    pub(super) fn new(tools: &Path) -> Self {
        Self {
            tools: tools.join("actix"),
        }
    }

    /// Builds the program if its sources have changed.
    fn program(&self) -> io::Result<PathBuf> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut build = Command::new(cargo);
        build
            .args(["build", "--release", "--locked", "--quiet"])
            .arg("--manifest-path")
            .arg(sources("actix").join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&self.tools);
        install(&mut build)?;
        Ok(self.tools.join("release/actix-chat"))
    }
}

impl Peer for Actix {
    fn name(&self) -> &'static str {
        "actix actors"
    }

    fn dialect(&self) -> PeerProtocol {
        PeerProtocol::Parlor
    }

    fn is_durable(&self) -> bool {
        false
    }

    fn start(&self, _folder: &Path) -> io::Result<Box<dyn RunningPeer>> {
        Launched::that_says_where(&mut Command::new(self.program()?))
    }
}
