//! The heart of it: people in a room.

use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn message_reaches_the_other_member() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut ana_socket, _) = ana.connect().await;
    let (mut ben_socket, ready) = ben.connect().await;
    let head = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    ana_socket.send_message(&room, "c1", "hello").await;
    let ack = ana_socket.next_of("ack").await;
    assert_eq!((&ack["key"], &ack["rev"]), (&json!("c1"), &json!(head + 1)));
    let message = ben_socket.next_message().await;
    assert_eq!(
        (&message["body"], &message["seq"]),
        (&json!("hello"), &ack["seq"])
    );
    server.stopped().await;
}

#[tokio::test]
async fn terminal_and_page_exchange_messages() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut page, _) = ana.connect().await;
    let mut terminal = ben.terminal(&room, "").await;
    let banner = terminal.next().await;
    assert!(banner.starts_with("* #lobby · "), "{banner}");
    terminal.enter("hi from the shell").await;
    assert_eq!(page.next_message().await["body"], "hi from the shell");
    page.send_message(&room, "c1", "hi from the page").await;
    let line = terminal.next_with("<").await;
    assert!(line.ends_with("<ana> hi from the page"), "{line}");
    server.stopped().await;
}
