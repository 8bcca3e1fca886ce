//! The server under test: this program in a process of its own.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{interrupt, machine};

/// Time limit for the start of the server.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server. Dropping it ends it.
pub(super) struct TestedServer {
    child: Child,
    pub(super) address: SocketAddr,
}

impl TestedServer {
    /// Starts the server on a data folder and waits for its first answer.
    pub(super) fn start(program: &Path, data: &Path) -> io::Result<Self> {
        // The port stays free unless another process takes it.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = interrupt::start(|| {
            Command::new(program)
                .arg("--data")
                .arg(data)
                .args(["--listen", &address.to_string()])
                .args(["--set", "limits.rates=false", "--set", "log.level=error"])
                .args(["--set", "limits.rooms_per_user=100000"])
                // Settings and environment of the caller must not apply.
                .current_dir(data)
                .env_clear()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
        })?;
        let mut server = Self { child, address };
        let start = Instant::now();
        while get(address, "/readyz", "").is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("the server ended with {status}")));
            }
            if start.elapsed() > PATIENCE {
                return Err(io::Error::other("the server does not answer"));
            }
            machine::rest(Duration::from_micros(500));
        }
        Ok(server)
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn get(&self, path: &str, token: &str) -> io::Result<Value> {
        get(self.address, path, token)
    }
}

impl Drop for TestedServer {
    fn drop(&mut self) {
        // The server is not used any more, and its folder is removed as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one `GET` on a new connection. A status other than success is an error.
fn get(address: SocketAddr, path: &str, token: &str) -> io::Result<Value> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    if !head.starts_with("HTTP/1.1 2") {
        return Err(io::Error::other(format!("GET {path}: {answer}")));
    }
    Ok(serde_json::from_str(body).unwrap_or(Value::Null))
}
