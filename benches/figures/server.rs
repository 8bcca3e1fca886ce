//! The server under test: the real program, and just enough HTTP to furnish it.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::machine;

/// A server that does not answer by then will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// An account and a token for it.
pub(crate) struct User {
    pub(crate) token: String,
    address: SocketAddr,
}

/// A room and the code that lets people in.
pub(crate) struct Room {
    pub(crate) id: i64,
    code: String,
}

/// A data folder on the file system that holds what is built.
pub(crate) fn folder() -> io::Result<TempDir> {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))
}

impl Server {
    /// Starts the server and waits for its first answer.
    pub(crate) fn start(data: &Path) -> io::Result<Self> {
        // The port is free until somebody else asks the system for one.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = machine::on_server_core(|| {
            Command::new(env!("CARGO_BIN_EXE_parlor"))
                .arg("--data")
                .arg(data)
                .args(["--listen", &address.to_string()])
                .env("PARLOR_LIMITS_RATES", "false")
                .env("PARLOR_LOG_LEVEL", "warn")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
        })?;
        let server = Self { child, address };
        let start = Instant::now();
        while request(address, "GET", "/healthz", None, None).is_err() {
            if start.elapsed() > PATIENCE {
                return Err(io::Error::other("the server does not answer"));
            }
            machine::rest(Duration::from_micros(500));
        }
        Ok(server)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Somebody new.
    pub(crate) fn user(&self, name: &str) -> io::Result<User> {
        let body = json!({ "username": name, "password": "correct horse" });
        let reply = request(self.address, "POST", "/api/auth/signup", None, Some(&body))?;
        Ok(User {
            token: text(&reply["access_token"])?,
            address: self.address,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is asked for nothing any more, and its folder goes as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl User {
    pub(crate) fn create_room(&self, name: &str) -> io::Result<Room> {
        let reply = self.post("/api/rooms", &json!({ "name": name }))?;
        let id = reply["id"].as_i64();
        Ok(Room {
            id: id.ok_or_else(|| io::Error::other(format!("a room without an id: {reply}")))?,
            code: text(&reply["access_code"])?,
        })
    }

    pub(crate) fn join(&self, room: &Room) -> io::Result<()> {
        self.post("/api/rooms/join", &json!({ "code": room.code }))?;
        Ok(())
    }

    pub(crate) fn say(&self, room: &Room, body: &str) -> io::Result<()> {
        let path = format!("/api/rooms/{}/messages", room.id);
        self.post(&path, &json!({ "body": body }))?;
        Ok(())
    }

    pub(crate) fn get(&self, path: &str) -> io::Result<Value> {
        request(self.address, "GET", path, Some(&self.token), None)
    }

    /// The same user at a server that was started anew.
    pub(crate) fn at(self, server: &Server) -> Self {
        let address = server.address;
        Self { address, ..self }
    }

    fn post(&self, path: &str, body: &Value) -> io::Result<Value> {
        request(self.address, "POST", path, Some(&self.token), Some(body))
    }
}

/// One request on a connection of its own. Any answer but a success is an error.
fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> io::Result<Value> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let authorization = token
        .map(|token| format!("authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{authorization}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    if !head.starts_with("HTTP/1.1 2") {
        return Err(io::Error::other(format!("{method} {path}: {answer}")));
    }
    Ok(serde_json::from_str(body).unwrap_or(Value::Null))
}

fn text(value: &Value) -> io::Result<String> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| io::Error::other(format!("{value} is no text")))
}
