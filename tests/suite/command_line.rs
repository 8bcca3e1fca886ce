//! The program itself: what it makes, prints and refuses, and how it ends.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::Connection;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::support::{TestServer, User, database, execute, within};

/// The program, in that folder and with nothing of our own environment.
pub(crate) fn parlor(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Returns the error of a program that cannot start. It must be one line without a backtrace.
pub(crate) async fn refusal(mut command: Command, code: i32) -> String {
    let output = within("the program to give up", command.output())
        .await
        .unwrap();
    let words = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.starts_with("parlor: "), "{words}");
    assert!(!words.contains("panicked"), "{words}");
    assert!(output.stdout.is_empty(), "no banner: {output:?}");
    words
}

/// A program that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) banner: String,
}

impl Running {
    /// Starts it on a free port and waits until it has said where it is.
    pub(crate) async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = parlor(folder, &["--listen", "127.0.0.1:0"]);
        command.args(arguments);
        Self::of(command).await
    }

    pub(crate) async fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut running = Self {
            child,
            lines: BufReader::new(stdout).lines(),
            banner: String::new(),
        };
        while !running.banner.contains("  websocat ") {
            let line = within("the banner", running.lines.next_line())
                .await
                .unwrap();
            let Some(line) = line else {
                panic!("no banner: {:?}", running.child.wait_with_output().await)
            };
            running.banner += &line;
            running.banner.push('\n');
        }
        running
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let place = self.said("page").trim_start_matches("http://");
        place.trim_end_matches('/').parse().unwrap()
    }

    /// Returns the line of the banner about `what`.
    pub(crate) fn said(&self, what: &str) -> &str {
        let mut lines = self.banner.lines().map(str::trim);
        let line = lines.find_map(|line| line.strip_prefix(what));
        line.unwrap_or_else(|| panic!("no {what} in {}", self.banner))
            .trim()
    }

    pub(crate) async fn healthy(&self) {
        let url = format!("{}healthz", self.said("page"));
        let answer = reqwest::get(&url).await.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    pub(crate) async fn ended_by(self, signal: Signal) -> Output {
        self.signal(signal);
        // Standard output is read on, so that the program never waits for its reader.
        drop(self.lines);
        within("the program to end", self.child.wait_with_output())
            .await
            .unwrap()
    }

    pub(crate) async fn stopped(self) {
        let output = self.ended_by(Signal::TERM).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

#[tokio::test]
async fn first_run_creates_private_files() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]).await;
    running.healthy().await;
    let data = folder.path().join("data");
    assert_eq!(mode(&data), 0o700);
    for file in fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{} is for us alone", path.display());
    }
    for name in ["parlor.db", "secret.key"] {
        assert_eq!(mode(&data.join(name)), 0o600, "{name}");
    }
    running.stopped().await;
}

#[tokio::test]
async fn data_folder_readable_by_others_is_warned_of() {
    for (folder_mode, warnings) in [(0o700, 0), (0o711, 0), (0o750, 1), (0o755, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(folder_mode)).unwrap();
        let running = Running::start(folder.path(), &[]).await;
        let output = running.ended_by(Signal::TERM).await;
        let log = String::from_utf8(output.stderr).unwrap();
        let warned = log.matches("can look into the data folder").count();
        assert_eq!(warned, warnings, "{folder_mode:o}: {log}");
        assert_eq!(mode(&data), folder_mode, "the folder is left as it is");
    }
}

#[tokio::test]
async fn banner_shows_address_and_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(folder.path(), &["--set", "name=Kitchen"]).await;
    let first = running.banner.lines().next().unwrap();
    assert_eq!(first, format!("Kitchen {}", env!("CARGO_PKG_VERSION")));
    let page = running.said("page").to_owned();
    let place = page
        .strip_prefix("http://")
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    assert!(place.starts_with("127.0.0.1:"), "{page}");
    let data = fs::canonicalize(folder.path().join("data")).unwrap();
    assert_eq!(running.said("data"), data.to_str().unwrap());
    let curl = running.said("curl").to_owned();
    assert!(
        curl.contains(&format!("http://{place}/api/auth/signup")),
        "{curl}"
    );
    let websocat = running.said("websocat").to_owned();
    assert!(
        websocat.contains(&format!("ws://{place}/ws/1")),
        "{websocat}"
    );
    assert!(websocat.contains("Authorization: Bearer"), "{websocat}");
    let mut safety = String::new();
    while !safety.contains("--listen") {
        safety += &within("a word on safety", running.lines.next_line())
            .await
            .unwrap()
            .unwrap();
    }
    assert!(
        safety.contains("Only this machine can reach it"),
        "{safety}"
    );
    assert!(
        !running.banner.contains('\x1b'),
        "no colours where nobody looks"
    );
    running.stopped().await;
}

#[tokio::test]
async fn port_in_use_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap().to_string();
    let words = refusal(parlor(folder.path(), &["--listen", &address]), 1).await;
    assert!(
        words.contains(&format!("cannot listen on {address}")),
        "{words}"
    );
    assert!(words.contains("choose another with --listen"), "{words}");
    assert!(
        !folder.path().join("data").exists(),
        "and nothing is left behind"
    );
}

#[tokio::test]
async fn unusable_data_folder_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for data in ["file", "file/data"] {
        let arguments = ["--listen", "127.0.0.1:0", "--data", data];
        let words = refusal(parlor(folder.path(), &arguments), 1).await;
        assert!(
            words.contains(&format!("cannot use the data folder {data}")),
            "{words}"
        );
        assert!(words.to_lowercase().contains("not a directory"), "{words}");
    }
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(
        data.join("parlor.db"),
        "this is no database, whatever its name",
    )
    .unwrap();
    let words = refusal(parlor(folder.path(), &["--listen", "127.0.0.1:0"]), 1).await;
    assert!(words.contains("database"), "{words}");
    fs::write(data.join("secret.key"), "short").unwrap();
    let words = refusal(parlor(folder.path(), &["--listen", "127.0.0.1:0"]), 1).await;
    assert!(words.contains("secret.key"), "{words}");
}

#[tokio::test]
async fn data_folder_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &[]).await;
    let words = refusal(parlor(folder.path(), &["--listen", "127.0.0.1:0"]), 1).await;
    assert!(
        words.contains("another Parlor uses the data folder"),
        "{words}"
    );
    running.healthy().await;
    let beside = Running::start(folder.path(), &["--data", "other"]).await;
    beside.healthy().await;
    beside.stopped().await;
    running.stopped().await;
    Running::start(folder.path(), &[]).await.stopped().await;
}

#[tokio::test]
async fn database_of_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Running::start(folder.path(), &[]).await.stopped().await;
    let mut database = database(&folder.path().join("data")).await;
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'the future', true, x'00', 0)",
    )
    .execute(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    let words = refusal(parlor(folder.path(), &["--listen", "127.0.0.1:0"]), 1).await;
    assert!(words.contains("newer version"), "{words}");
    assert!(words.contains(env!("CARGO_PKG_VERSION")), "{words}");
}

#[tokio::test]
async fn signal_shuts_down_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let running = Running::start(folder.path(), &[]).await;
        running.healthy().await;
        let output = running.ended_by(signal).await;
        assert_eq!(output.status.code(), Some(0), "{signal:?}: {output:?}");
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(
            log.contains("stopped") && !log.contains("panicked"),
            "{log}"
        );
    }
}

#[tokio::test]
async fn shutdown_leaves_everything_in_the_database_file() {
    let (folder, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, [mut ana]) = server.room_of(["ana"]).await;
    ana.send_message(&room, "the last word").await;
    let before = ana.history(&room).await;
    server.stopped().await;
    for name in ["parlor.db", "secret.key"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let server = TestServer::on(copy.path().to_owned(), |_| {}).await;
    ana.address = server.address;
    assert_eq!(ana.history(&room).await, before);
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_of_password_hashing_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["--set", "limits.rates=false"]).await;
    let resident_kib = || {
        let status = format!("/proc/{}/status", server.child.id().unwrap());
        let status = fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap()
    };
    let before = resident_kib();
    let address = server.address();
    let mut comers = tokio::task::JoinSet::new();
    for number in 0..40 {
        comers.spawn(async move {
            User::sign_up(address, &format!("user{number}")).await;
        });
    }
    while let Some(came) = comers.join_next().await {
        came.unwrap();
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 19 * 1024, "{grown} KiB stayed after 40 passwords");
    server.stopped().await;
}

#[tokio::test]
async fn admin_command_grants_admin() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let words = refusal(parlor(folder.path(), &["admin", "ana"]), 1).await;
    assert!(words.contains("no database"), "{words}");
    assert!(!data.exists(), "nothing is made by asking");

    let server = TestServer::on(data.clone(), |_| {}).await;
    server.user("root").await;
    let ana = server.user("ana").await;
    assert_eq!(ana.get("/api/me").await.expect(200)["admin"], false);
    server.stopped().await;
    let words = refusal(parlor(folder.path(), &["admin", "eve"]), 1).await;
    assert!(words.contains("no account \"eve\""), "{words}");
    for _ in 0..2 {
        let output = parlor(folder.path(), &["admin", "ANA"]).output().await;
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let server = TestServer::on(data, |_| {}).await;
    let ana = ana.at(server.address);
    assert_eq!(ana.get("/api/me").await.expect(200)["admin"], true);
    let log = ana.get("/api/admin/audit").await.expect(200);
    let entry = &log["items"][0];
    assert_eq!(
        (&entry["action"], &entry["detail"]),
        (&"admin_grant".into(), &"command_line".into()),
        "{log}"
    );
    assert_eq!(log["items"].as_array().unwrap().len(), 1, "{log}");
    server.stopped().await;
}

#[tokio::test]
async fn admin_command_works_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TestServer::on(data.clone(), |_| {}).await;
    let root = server.user("root").await;
    let ana = server.user("ana").await;
    let lobby = root.create_room("lobby").await;
    // The server writes meanwhile.
    let (output, ()) = tokio::join!(parlor(folder.path(), &["admin", "ana"]).output(), async {
        for number in 0..50 {
            root.send_message(&lobby, &format!("{number}")).await;
        }
    });
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(ana.get("/api/me").await.expect(200)["admin"], true);
    ana.get("/api/admin/audit").await.expect(200);
    assert_eq!(root.history(&lobby).await.len(), 51);
    server.stopped().await;
}

#[tokio::test]
async fn admin_command_refuses_another_schema_version() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TestServer::on(data.clone(), |_| {}).await;
    server.user("root").await;
    server.user("ana").await;
    server.stopped().await;
    fs::remove_dir_all(data.join("files")).unwrap();
    let versions = async || -> Vec<i64> {
        let mut database = database(&data).await;
        let versions = "select version from _sqlx_migrations order by version";
        let versions = sqlx::query_scalar(versions).fetch_all(&mut database).await;
        database.close().await.unwrap();
        versions.unwrap()
    };
    let own = versions().await;
    let (last, older) = own.split_last().unwrap();

    let newer =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'the future', true, x'00', 0)";
    execute(&data, newer).await;
    let words = refusal(parlor(folder.path(), &["admin", "ana"]), 1).await;
    assert!(words.contains("schema 9999"), "{words}");
    assert!(words.contains("use the newer program"), "{words}");
    execute(&data, "delete from _sqlx_migrations where version = 9999").await;

    let former =
        "create table kept as select * from _sqlx_migrations order by version desc limit 1;
                  delete from _sqlx_migrations where version = (select version from kept)";
    execute(&data, former).await;
    let words = refusal(parlor(folder.path(), &["admin", "ana"]), 1).await;
    assert!(words.contains(&format!("needs {last}")), "{words}");
    assert!(
        words.contains("start the server of this version once"),
        "{words}"
    );
    assert_eq!(versions().await, older, "nothing was migrated");
    execute(
        &data,
        "insert into _sqlx_migrations select * from kept; drop table kept",
    )
    .await;

    // No part of a server was started, and nobody is an admin by what was refused.
    assert!(!data.join("files").exists());
    let server = TestServer::on(data.clone(), |_| {}).await;
    let ana = User::sign_in(server.address, "ana", crate::support::PASSWORD).await;
    assert_eq!(ana.get("/api/me").await.expect(200)["admin"], false);
    server.stopped().await;

    // A file that is no database of the program's.
    let strange = folder.path().join("strange");
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("parlor.db"), b"").unwrap();
    let arguments = ["--data", "strange", "admin", "ana"];
    let words = refusal(parlor(folder.path(), &arguments), 1).await;
    assert!(words.contains("schema 0"), "{words}");
}
