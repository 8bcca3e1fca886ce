//! Publish and subscribe of Bun: `benches/peers/bun/server.ts`, run by the npm package `bun`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use parlor::bench::{Peer, PeerProtocol, RunningPeer};

use super::{Launched, install, sources};

pub(super) struct Bun {
    tools: PathBuf,
    durable: bool,
}

impl Bun {
    pub(super) fn in_memory(tools: &Path) -> Self {
        Self {
            tools: tools.join("bun"),
            durable: false,
        }
    }

    /// Stores each message in its own SQLite transaction, in WAL mode with `synchronous=FULL`.
    pub(super) fn on_disk(tools: &Path) -> Self {
        Self {
            durable: true,
            ..Self::in_memory(tools)
        }
    }

    /// Returns the program, which is installed on first use.
    fn program(&self) -> io::Result<PathBuf> {
        let program = self.tools.join("node_modules/.bin/bun");
        if !program.exists() {
            fs::create_dir_all(&self.tools)?;
            let wanted = sources("bun").join("package.json");
            fs::copy(wanted, self.tools.join("package.json"))?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--silent"]);
            install(npm.current_dir(&self.tools))?;
        }
        Ok(program)
    }
}

impl Peer for Bun {
    fn name(&self) -> &str {
        if self.durable {
            "Bun with SQLite"
        } else {
            "Bun"
        }
    }

    fn dialect(&self) -> PeerProtocol {
        PeerProtocol::Parlor
    }

    fn is_durable(&self) -> bool {
        self.durable
    }

    /// Both take part: the durable one does the same work as Parlor, the other shows the cost of storing.
    fn publishes(&self) -> bool {
        true
    }

    fn start(&self, folder: &Path) -> io::Result<Box<dyn RunningPeer>> {
        let mut command = Command::new(self.program()?);
        command.arg(sources("bun").join("server.ts"));
        if self.durable {
            command.arg(folder.join("messages.db"));
        }
        Launched::that_says_where(&mut command)
    }
}
