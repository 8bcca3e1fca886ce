//! Fewer open files than clients want: they wait, and the database never lacks one.

use std::process::Stdio;

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::json;
use tokio::{net::TcpStream, process::Command, task::JoinSet};

use crate::{
    command_line::Running,
    support::{User, within},
};

/// A program that may open so many files and no more.
async fn limited(folder: &std::path::Path, files: usize, arguments: &str) -> Running {
    let mut command = Command::new("/bin/sh");
    let parlor = env!("CARGO_BIN_EXE_parlor");
    let line = format!(
        "ulimit -n {files} && exec '{parlor}' --listen 127.0.0.1:0 --set limits.rates=false {arguments}"
    );
    command
        .args(["-c", &line])
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Running::of(command).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_leave_file_descriptors_for_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let running = limited(folder.path(), 220, "--set limits.connections=400").await;
    let address = running.address();
    let ana = User::sign_up(address, "ana").await;
    let room = ana.create_room("lobby").await;
    let (mut socket, _) = ana.connect().await;
    // With these there are more than files. Whoever finds no place waits in the system's queue, and
    // whoever finds none there is not let in at all, so not all of them are waited for.
    let (mut comers, mut idle) = (JoinSet::new(), Vec::new());
    for _ in 0..200 {
        comers.spawn(TcpStream::connect(address));
    }
    for _ in 0..100 {
        let stream = within("a connection", comers.join_next()).await;
        idle.push(stream.unwrap().unwrap().unwrap());
    }
    for number in 1..=20 {
        socket
            .send_message(&room, &format!("k{number}"), "still here")
            .await;
        socket.next_of("ack").await;
        socket
            .send(json!({ "type": "sync", "rooms": { room.id.to_string(): number } }))
            .await;
        socket.next_of("synced").await;
    }
    drop((comers, idle));
    // With those gone there are places again, for the reads of many at once.
    let reads = (0..20).map(|_| {
        let ana = ana.at(address);
        let path = format!("/api/rooms/{}/messages", room.id);
        async move { ana.get(&path).await.expect(200) }
    });
    within("reads", join_all(reads)).await;
    let output = running.ended_by(Signal::TERM).await;
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{log}");
    let words = "fewer connections than limits.connections";
    assert_eq!(log.matches(words).count(), 1, "{log}");
    assert!(!log.contains("accept failed"), "{log}");
}

#[tokio::test]
async fn default_connection_limit_follows_the_file_limit() {
    for (files, arguments) in [(220, ""), (600, "--set limits.connections=400")] {
        let folder = tempfile::tempdir().unwrap();
        let running = limited(folder.path(), files, arguments).await;
        let output = running.ended_by(Signal::TERM).await;
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(!log.contains("WARN"), "{log}");
        let first = log.lines().next().unwrap_or_default();
        let follows = first.contains("limits.connections follows the limit on open files");
        assert_eq!(follows, arguments.is_empty(), "{log}");
        if follows {
            assert!(first.contains("INFO"), "{first}");
            assert!(first.contains("open_files=220"), "{first}");
        }
    }
}
