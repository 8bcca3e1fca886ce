//! Falling behind, and getting every message all the same.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{JsonSocket, TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stalls_on_a_channel_of_two_still_gets_everything_in_order() {
    const MESSAGES: usize = 4_000;
    let server = TestServer::with(|config| config.limits.room_backlog = 2).await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path = format!("/ws/{}", room.id);
    let mut stalled = JsonSocket::open(server.address, &path, &ben.token).await;
    let ready = stalled.next_of("ready").await;
    let head = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();

    // Far more than the sockets' buffers on both sides hold.
    let filler = "x".repeat(2_000);
    let mut sender = JsonSocket::open(server.address, &path, &ana.token).await;
    let (mut sent, mut acked) = (0, 0);
    while acked < MESSAGES {
        while sent < MESSAGES && sent - acked < 60 {
            sender
                .say(&room, &format!("c{sent}"), &format!("{sent} {filler}"))
                .await;
            sent += 1;
        }
        sender.next_of("ack").await;
        acked += 1;
    }

    for number in 0..MESSAGES {
        let frame = stalled.next_of("message").await;
        assert_eq!(
            frame["rev"],
            head + 1 + i64::try_from(number).unwrap(),
            "after {number} messages"
        );
        let body = frame["message"]["body"].as_str().unwrap();
        assert!(
            body.starts_with(&format!("{number} ")),
            "wanted {number}, got {}",
            &body[..20]
        );
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_subscribers_hear_every_message_in_order() {
    const SUBSCRIBERS: usize = 1_000;
    const MESSAGES: i64 = 30;
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path: Arc<str> = format!("/ws/{}", room.id).into();
    let mut hearing = JoinSet::new();
    let mut ready = BTreeSet::new();
    for _ in 0..SUBSCRIBERS {
        let mut socket = JsonSocket::open(server.address, &path, &ben.token).await;
        ready.insert(
            socket.next_of("ready").await["rooms"][0]["head"]["rev"]
                .as_i64()
                .unwrap(),
        );
        hearing.spawn(async move {
            let mut revs = Vec::new();
            for _ in 0..MESSAGES {
                revs.push(socket.next_of("message").await["rev"].as_i64().unwrap());
            }
            revs
        });
    }
    assert_eq!(server.stats().connections, SUBSCRIBERS);
    assert_eq!(ready.len(), 1, "nobody had spoken yet: {ready:?}");
    let head = ready.first().unwrap();
    for number in 0..MESSAGES {
        ana.say(&room, &format!("message {number}")).await;
    }
    let wanted: Vec<i64> = (head + 1..=head + MESSAGES).collect();
    while let Some(revs) = hearing.join_next().await {
        assert_eq!(revs.unwrap(), wanted);
    }
    server
        .stats_become("everybody is gone", |stats| {
            stats.connections == 0 && stats.rooms == 0
        })
        .await;
    server.stopped().await;
}

#[tokio::test]
async fn a_reconnecting_member_gets_exactly_what_was_missed() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ben.connect().await;
    ana.say(&room, "one").await;
    let seen = socket.next_of("message").await["rev"].as_i64().unwrap();
    socket.cut();
    for body in ["two", "three"] {
        ana.say(&room, body).await;
    }
    let (mut socket, _) = ben.connect().await;
    socket
        .send(json!({ "type": "sync", "rooms": { room.id.to_string(): seen } }))
        .await;
    for body in ["two", "three"] {
        assert_eq!(socket.next_message().await["body"], body);
    }
    let synced = socket.next_of("synced").await;
    assert_eq!(synced["head"]["rev"], seen + 2);
    ana.say(&room, "four").await;
    let frame = socket.next_of("message").await;
    assert_eq!(
        (&frame["rev"], &frame["message"]["body"]),
        (&json!(seen + 3), &json!("four"))
    );
    server.stopped().await;
}
