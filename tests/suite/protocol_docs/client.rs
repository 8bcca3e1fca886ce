//! Runs the client of `write-a-client.md` while everything around it fails.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    process::{Child, ChildStdin, ChildStdout, Command},
};
use tokio_util::sync::CancellationToken;

use super::{page_text, read_page};
use crate::{
    epoch::{copy, new_epoch},
    support::{Process, Room, User, keys, random, within},
};

/// Set to a Python with the package `websockets`; `scripts/test` sets it.
const WITH_PYTHON: &str = "PROTOCOL_DOCS_PYTHON";
/// Lines typed, and messages of the other user, in each round.
const LINES: usize = 10;
const ROUNDS: usize = 6;
/// Changes missed at once, more than a `sync` repeats.
const MISSED: usize = 1_100;

/// Network between the client and the server, which can be cut.
struct Proxy {
    address: SocketAddr,
    /// Where it leads; changes when the server is restarted.
    target: Arc<Mutex<SocketAddr>>,
    /// Most bytes that a connection carries before it is cut, wherever in a frame that is.
    max_bytes: Arc<AtomicU64>,
    cut: Arc<Mutex<CancellationToken>>,
}

impl Proxy {
    async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            target: Arc::new(Mutex::new(target)),
            max_bytes: Arc::new(AtomicU64::new(8_000)),
            cut: Arc::default(),
        };
        let (target, max_bytes) = (Arc::clone(&proxy.target), Arc::clone(&proxy.max_bytes));
        let cut = Arc::clone(&proxy.cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let target = *target.lock().unwrap();
                let max_bytes = max_bytes.load(Ordering::Relaxed);
                let bytes = max_bytes / 2 + random(max_bytes / 2);
                let cut = cut.lock().unwrap().clone();
                tokio::spawn(async move {
                    // Without a server the client finds its connection closed.
                    let Ok(server) = TcpStream::connect(target).await else {
                        return;
                    };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    tokio::select! {
                        () = forward(from_client, to_server, u64::MAX) => {}
                        () = forward(from_server, to_client, bytes) => {}
                        () = cut.cancelled() => {}
                    }
                });
            }
        });
        proxy
    }

    /// Cuts every connection.
    fn cut(&self) {
        std::mem::take(&mut *self.cut.lock().unwrap()).cancel();
    }

    fn set_target(&self, address: SocketAddr) {
        *self.target.lock().unwrap() = address;
    }

    /// Lets connections live from now on.
    fn calm(&self) {
        self.max_bytes.store(u64::MAX, Ordering::Relaxed);
    }
}

/// Copies up to so many bytes.
async fn forward(from: OwnedReadHalf, mut to: OwnedWriteHalf, bytes: u64) {
    let _ = tokio::io::copy(&mut from.take(bytes), &mut to).await;
}

/// The client of the page in a process of its own.
struct Client {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// The `seq` of each message that it has shown.
    shown: Vec<i64>,
}

impl Client {
    fn start(python: &Path, folder: &Path, proxy: &Proxy, room: &Room, token: &str) -> Self {
        let mut child = Command::new(python)
            .arg(folder.join("client.py"))
            .args([&format!("http://{}", proxy.address), &room.id.to_string()])
            .arg(folder.join("state.db"))
            .env("TOKEN", token)
            // No proxy of this machine stands between two of its own ports.
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
            shown: Vec::new(),
        }
    }

    async fn enter(&mut self, line: &str) {
        let line = format!("{line}\n");
        self.input.write_all(line.as_bytes()).await.unwrap();
    }

    /// Waits until the client has stored so many lines.
    async fn saved(&mut self, count: usize) {
        let mut saved = 0;
        while saved < count {
            let line = within("the client to store a line", self.output.next_line()).await;
            let line = line.unwrap().expect("the client ended");
            if line == "* saved" {
                saved += 1;
            } else {
                let shown = line.strip_prefix('#').unwrap_or_else(|| panic!("{line}"));
                self.shown
                    .push(shown.split(' ').next().unwrap().parse().unwrap());
            }
        }
    }

    /// Kills it, and checks the order of what it has shown.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
        assert!(
            self.shown.is_sorted_by(|one, next| one < next),
            "{:?}",
            self.shown
        );
    }
}

/// Posts a message, again and again until the server has it.
async fn post_until_accepted(
    user: &User,
    address: impl Fn() -> SocketAddr,
    room: &Room,
    body: &str,
) {
    let post = json!({ "body": body, "key": body.replace(' ', "-") });
    let path = format!("/api/rooms/{}/messages", room.id);
    let attempts = async {
        loop {
            let request = user.at(address()).request(Method::POST, &path).json(&post);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => return,
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    within("a message to be posted", attempts).await;
}

/// The file in which the client keeps its state.
async fn state(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("state.db"));
    let options = options.busy_timeout(Duration::from_secs(20));
    options.connect().await.unwrap()
}

/// Waits until the client has sent everything and has everything.
async fn is_even(folder: &Path, messages: i64) {
    let mut state = state(folder).await;
    let even = async {
        loop {
            let query = "select (select count(*) from outbox) as unsent, (select count(*) from messages) as held";
            let row = sqlx::query(query).fetch_one(&mut state).await.unwrap();
            if (row.get::<i64, _>("unsent"), row.get::<i64, _>("held")) == (0, messages) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within("the client to have sent and read everything", even).await;
    state.close().await.unwrap();
}

/// Returns the messages that the client has, in order.
async fn stored_messages(folder: &Path) -> Vec<Value> {
    let mut state = state(folder).await;
    let rows = sqlx::query("select json from messages order by seq");
    let rows = rows.fetch_all(&mut state).await.unwrap();
    state.close().await.unwrap();
    let texts = rows.iter().map(|row| row.get::<String, _>("json"));
    texts
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect()
}

fn bodies_of(messages: &[Value], user: &User) -> Vec<String> {
    let theirs = messages
        .iter()
        .filter(|message| message["author"]["id"] == user.id && message["kind"] == "text");
    theirs
        .map(|message| message["body"].as_str().unwrap().to_owned())
        .collect()
}

/// A server behind a proxy, with two users in a room. Ana uses the client.
struct Scene {
    folder: TempDir,
    python: PathBuf,
    server: Process,
    proxy: Proxy,
    ana: User,
    ben: User,
    room: Room,
    token: String,
}

impl Scene {
    async fn start(python: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let page = read_page("write-a-client.md");
        let program = page_text::block(&page, "python");
        std::fs::write(folder.path().join("client.py"), program).unwrap();
        let server = Process::start(folder.path()).await;
        let ana = User::sign_up(server.address, "ana").await;
        let ben = User::sign_up(server.address, "ben").await;
        let room = ana.create_room("lobby").await;
        ben.join(&room.code).await.expect(200);
        let token = json!({ "name": "client.py", "scope": "write" });
        let token = ana.post("/api/me/tokens", token).await.expect(201);
        Self {
            python,
            proxy: Proxy::start(server.address).await,
            token: token["token"].as_str().unwrap().to_owned(),
            folder,
            server,
            ana,
            ben,
            room,
        }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    fn backup(&self) -> PathBuf {
        self.folder().join("backup")
    }

    fn start_client(&self) -> Client {
        let (room, token) = (&self.room, &self.token);
        Client::start(&self.python, self.folder(), &self.proxy, room, token)
    }

    /// Kills the server and starts it again. `meanwhile` runs in between.
    async fn restart(self, meanwhile: impl AsyncFnOnce(&Path, &Path)) -> Self {
        let (data, backup) = (self.data(), self.backup());
        self.server.kill().await;
        meanwhile(&data, &backup).await;
        let server = Process::start(self.folder.path()).await;
        self.proxy.set_target(server.address);
        Self { server, ..self }
    }

    async fn history(&self) -> Vec<Value> {
        self.ana.at(self.server.address).history(&self.room).await
    }

    /// Lets the client miss more than a `sync` repeats.
    async fn post_many(&self) {
        let (mut socket, _) = self.ben.at(self.server.address).connect().await;
        let keys = keys("missed", MISSED);
        for answer in socket.flood(&self.room, &keys, "missed").await {
            assert_eq!(answer["type"], "ack", "{answer}");
        }
    }

    /// Waits until the client holds the history of the server, and compares the two.
    async fn assert_complete(&self, typed: &[String], posted: &[String]) {
        let history = self.history().await;
        let unsent = typed.len() - bodies_of(&history, &self.ana).len();
        let messages = i64::try_from(history.len() + unsent).unwrap();
        is_even(self.folder(), messages).await;
        let history = self.history().await;
        assert_eq!(
            bodies_of(&history, &self.ana),
            typed,
            "each once and in order"
        );
        let mut others = bodies_of(&history, &self.ben);
        others.retain(|body| body != "missed");
        assert_eq!(others, posted);
        assert!(
            stored_messages(self.folder()).await == history,
            "the client has other messages than the server"
        );
    }
}

/// Returns the texts that one of the users sends in a round.
fn texts(name: &str, round: usize) -> Vec<String> {
    let numbers = 0..LINES;
    numbers
        .map(|number| format!("{name} {round} {number}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documented_client_sends_and_receives_each_message_once() {
    let Some(python) = std::env::var_os(WITH_PYTHON).map(PathBuf::from) else {
        return;
    };
    let mut scene = Scene::start(python).await;
    let mut client = scene.start_client();
    let (ben, room) = (scene.ben.clone(), scene.room.clone());
    let target = Arc::clone(&scene.proxy.target);
    let (mut typed, mut posted) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (lines, others) = (texts("line", round), texts("other", round));
        let entering = async {
            for line in &lines {
                client.enter(line).await;
            }
            client.saved(LINES).await;
        };
        let posting = async {
            for body in &others {
                post_until_accepted(&ben, || *target.lock().unwrap(), &room, body).await;
            }
        };
        let failing = async {
            match round % 3 {
                0 => scene.proxy.cut(),
                1 => {
                    let back_up = async |data: &Path, backup: &Path| {
                        if !backup.exists() {
                            copy(data, backup);
                        }
                    };
                    return scene.restart(back_up).await;
                }
                _ => {}
            }
            scene
        };
        ((), (), scene) = tokio::join!(entering, posting, failing);
        if round % 3 == 2 {
            client.kill().await;
            if round == ROUNDS - 1 {
                scene.post_many().await;
            }
            client = scene.start_client();
        }
        typed.extend(lines);
        posted.extend(others);
    }
    scene.proxy.calm();
    scene.assert_complete(&typed, &posted).await;

    let head = scene.history().await.len();
    let folder = scene.folder().to_owned();
    let restore = async |data: &Path, backup: &Path| {
        std::fs::remove_dir_all(data).unwrap();
        copy(backup, data);
        new_epoch(&folder).await;
    };
    let scene = scene.restart(restore).await;
    let restored = scene.history().await;
    assert!(restored.len() < head, "an older history");
    is_even(&folder, i64::try_from(restored.len()).unwrap()).await;
    assert_eq!(stored_messages(&folder).await, restored);
    client.kill().await;
    scene.server.kill().await;
}
