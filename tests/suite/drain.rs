//! Going away in order.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{JsonSocket, TestServer, Wire, keys, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sends_in_flight_are_acked_and_sockets_get_bye() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::on(folder.path().to_owned(), |config| {
        config.timing.drain_spread_ms = 3000;
    })
    .await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut sender, _) = ana.connect().await;
    let (mut listener, _) = ben.connect().await;
    let terminal = ben.terminal(&room, "").await;
    for key in keys("c", 300) {
        sender.send_message(&room, &key, &key).await;
    }
    // Some are acked; many are on their way.
    let mut acked = vec![sender.next_of("ack").await];
    server.begin_stop();
    let bye = loop {
        let frame = sender.next().await;
        match frame["type"].as_str().unwrap() {
            "ack" => acked.push(frame),
            "bye" => break frame,
            "error" => panic!("{frame}"),
            _ => {}
        }
    };
    assert_eq!(bye["reason"], "draining", "{bye}");
    let wait = bye["retry_in_ms"].as_u64().unwrap();
    assert!((500..3500).contains(&wait), "{bye}");
    assert_eq!(sender.closed().await.code, 1012);
    let mut heard = Vec::new();
    loop {
        let frame = listener.next().await;
        match frame["type"].as_str().unwrap() {
            "message" => heard.push(frame["message"]["key"].clone()),
            "bye" => break,
            _ => {}
        }
    }
    assert_eq!(listener.closed().await.code, 1012);
    let (lines, closed) = terminal.closed().await;
    assert_eq!(closed.code, 1012);
    let words = lines.last().unwrap();
    assert!(words.starts_with("* the server is restarting"), "{words}");
    let data = server.folder();
    server.stopped().await;

    let server = TestServer::on(data, |_| {}).await;
    let history = ana.at(server.address).history(&room).await;
    for ack in &acked {
        let seq = usize::try_from(ack["seq"].as_i64().unwrap()).unwrap();
        assert_eq!(history[seq - 1]["key"], ack["key"], "{ack}");
    }
    let texts: Vec<&Value> = history
        .iter()
        .filter(|message| message["kind"] == "text")
        .collect();
    assert_eq!(texts.len(), acked.len(), "what was stored was acked");
    for (message, key) in texts.iter().zip(&heard) {
        assert_eq!(&message["key"], key);
    }
    server.stopped().await;
}

/// One request over a connection that is kept.
async fn ask(kept: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: parlor\r\n\r\n");
    kept.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = within("an answer", kept.read(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_server_does_not_wait_for_stalled_clients() {
    let mut server = TestServer::with(|config| config.timing.drain_ms = 4000).await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut kept = TcpStream::connect(server.address).await.unwrap();
    let ready = ask(&mut kept, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    let stalled = Wire::open(server.address, "/ws", &ben.token).await;
    let (mut loud, _): (JsonSocket, _) = ana.connect().await;
    loud.flood(&room, &keys("f", 4000), &"x".repeat(2000)).await;
    let started = Instant::now();
    server.begin_stop();
    loud.next_of("bye").await;
    assert_eq!(loud.closed().await.code, 1012);
    let ready = ask(&mut kept, "/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("\"draining\""), "{ready}");
    let alive = ask(&mut kept, "/healthz").await;
    assert!(alive.starts_with("HTTP/1.1 200"), "{alive}");
    let refused = TcpStream::connect(server.address).await;
    let refused = refused.map_err(|error| error.kind());
    assert!(
        matches!(refused, Err(ErrorKind::ConnectionRefused)),
        "{refused:?}"
    );
    server.stopped().await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    drop(stalled);
}

#[tokio::test]
async fn server_without_clients_stops_immediately() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    ana.post("/api/rooms", json!({ "name": "empty" }))
        .await
        .expect(201);
    let started = Instant::now();
    server.stopped().await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
}
