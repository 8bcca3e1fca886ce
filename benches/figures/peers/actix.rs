//! A chat of actors: `benches/peers/actix`, a project of its own that is built when it is first wanted.

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

    /// The program as its sources say it: Cargo sees whether there is anything to do.
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
