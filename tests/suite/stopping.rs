//! How long the program takes to go away, whatever holds it back.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::{
    command_line::Running,
    support::{PASSWORD, User, database, within},
};

/// Longer than the program waits here, shorter than what holds it back.
const SOON: Duration = Duration::from_secs(10);

/// A request whose body never comes; the server has begun to read it.
async fn begun_request(running: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(running.address()).await.unwrap();
    let head = "POST /api/auth/signin HTTP/1.1\r\nhost: parlor\r\ncontent-length: 100\r\n\
                expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 64];
    let read = within("leave to go on", stream.read(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer[..read.unwrap()]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 100"), "{answer}");
    stream
}

#[tokio::test]
async fn endless_request_is_abandoned_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "--set",
        "timing.drain_ms=120000",
        "--set",
        "timing.stop_ms=900",
    ];
    let running = Running::start(folder.path(), &settings).await;
    let held = begun_request(&running).await;
    let asked = Instant::now();
    let output = running.ended_by(Signal::TERM).await;
    let took = asked.elapsed();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(took < SOON, "{took:?}");
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains("requests did not end in time connections.left=1"),
        "{log}"
    );
    assert!(log.contains("stopped"), "{log}");
    drop(held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_database_is_abandoned_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &["--set", "timing.stop_ms=900"]).await;
    let address = running.address();
    User::sign_up(address, "ana").await;
    // Another process holds the write lock and does not release it.
    let mut other = database(&folder.path().join("data")).await;
    sqlx::query("begin immediate")
        .execute(&mut other)
        .await
        .unwrap();
    let asked = Instant::now();
    let output = running.ended_by(Signal::TERM).await;
    let took = asked.elapsed();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("the database was not closed in time"), "{log}");
    drop(other);

    let running = Running::start(folder.path(), &[]).await;
    User::sign_in(running.address(), "ana", PASSWORD).await;
    running.ended_by(Signal::TERM).await;
}

#[tokio::test]
async fn second_signal_stops_immediately() {
    for second in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let settings = [
            "--set",
            "timing.drain_ms=120000",
            "--set",
            "timing.stop_ms=120000",
        ];
        let mut running = Running::start(folder.path(), &settings).await;
        let held = begun_request(&running).await;
        let stderr = running.child.stderr.take().unwrap();
        let mut log = BufReader::new(stderr).lines();
        running.signal(Signal::TERM);
        loop {
            let line = within("a word on draining", log.next_line()).await;
            if line.unwrap().unwrap().contains("draining") {
                break;
            }
        }
        let asked = Instant::now();
        let output = running.ended_by(second).await;
        let took = asked.elapsed();
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        assert!(took < SOON, "{took:?}");
        drop(held);
    }
}
