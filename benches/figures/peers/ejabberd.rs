//! Rooms of ejabberd over WebSocket: the Debian package, with its own folder and port.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use parlor::bench::{Peer, PeerProtocol, RunningPeer};

/// Time limit for the start of the server.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Ejabberd {
    durable: bool,
}

impl Ejabberd {
    pub(super) fn in_memory() -> Self {
        Self { durable: false }
    }

    /// Archives every room (MAM) in SQLite.
    pub(super) fn on_disk() -> Self {
        Self { durable: true }
    }

    /// Users join without a password, and no rate is limited.
    fn settings(&self, port: u16, folder: &Path) -> String {
        let archive = if self.durable {
            "  mod_mam:\n    default: always\n    db_type: sql\n    user_mucsub_from_muc_archive: false\n"
        } else {
            ""
        };
        let mam = self.durable;
        let database = folder.join("ejabberd.db");
        format!(
            "hosts: [localhost]\n\
             loglevel: error\n\
             auth_method: [anonymous]\n\
             anonymous_protocol: sasl_anon\n\
             allow_multiple_connections: true\n\
             sql_type: sqlite\n\
             sql_database: \"{}\"\n\
             new_sql_schema: false\n\
             listen:\n\
             \x20 - port: {port}\n\
             \x20   ip: \"127.0.0.1\"\n\
             \x20   module: ejabberd_http\n\
             \x20   backlog: 4096\n\
             \x20   request_handlers:\n\
             \x20     /ws: ejabberd_http_ws\n\
             websocket_timeout: 86400\n\
             websocket_ping_interval: 86400\n\
             shaper_rules:\n\
             \x20 max_user_sessions: infinity\n\
             modules:\n\
             \x20 mod_muc:\n\
             \x20   host: conference.localhost\n\
             \x20   access: all\n\
             \x20   access_create: all\n\
             \x20   max_users: 100000\n\
             \x20   max_user_conferences: 1000000\n\
             \x20   max_users_presence: 0\n\
             \x20   min_message_interval: 0\n\
             \x20   min_presence_interval: 0\n\
             \x20   user_message_shaper: none\n\
             \x20   user_presence_shaper: none\n\
             \x20   room_shaper: none\n\
             \x20   history_size: 0\n\
             \x20   default_room_options:\n\
             \x20     max_users: 100000\n\
             \x20     mam: {mam}\n\
             \x20     anonymous: true\n\
             \x20     presence_broadcast: []\n\
             \x20     allow_change_subj: false\n\
             {archive}",
            database.display()
        )
    }
}

impl Peer for Ejabberd {
    fn name(&self) -> &str {
        if self.durable {
            "ejabberd with SQLite"
        } else {
            "ejabberd"
        }
    }

    fn dialect(&self) -> PeerProtocol {
        PeerProtocol::Xmpp
    }

    fn is_durable(&self) -> bool {
        self.durable
    }

    fn start(&self, folder: &Path) -> io::Result<Box<dyn RunningPeer>> {
        let libraries = libraries()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let settings = folder.join("ejabberd.yml");
        fs::write(&settings, self.settings(address.port(), folder))?;
        let mut command = Command::new("erl");
        command
            .args(["+K", "true", "+P", "1000000", "-noinput", "-mnesia", "dir"])
            .arg(format!("\"{}\"", folder.join("mnesia").display()))
            .args(["-s", "ejabberd"])
            .env("ERL_LIBS", libraries)
            .env("EJABBERD_CONFIG_PATH", &settings)
            .env("EJABBERD_LOG_PATH", folder.join("ejabberd.log"))
            .env("ERL_MAX_PORTS", "65536")
            .env("HOME", folder)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut launched = super::Launched {
            child: command.spawn()?,
            address,
        };
        wait(&mut launched, address)?;
        Ok(Box::new(launched))
    }
}

/// Returns the folder of the package and its libraries.
fn libraries() -> io::Result<PathBuf> {
    for parent in [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib",
    ] {
        for entry in fs::read_dir(parent).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("ejabberd-") && path.join("ebin").is_dir() {
                return Ok(PathBuf::from(parent));
            }
        }
    }
    let missing = "it is not installed (apt-get install ejabberd)";
    Err(io::Error::other(missing))
}

fn wait(launched: &mut super::Launched, address: SocketAddr) -> io::Result<()> {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if let Some(status) = launched.child.try_wait()? {
            return Err(io::Error::other(format!("it ended with {status}")));
        }
        if start.elapsed() > PATIENCE {
            return Err(io::Error::other("it does not listen"));
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    Ok(())
}
