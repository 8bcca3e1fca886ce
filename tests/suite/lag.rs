//! Slow clients receive everything in order.

use futures_util::{StreamExt, future::join_all};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{JsonSocket, Room, TestServer, User, Wire, keys, wire::TEXT, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_client_receives_every_message_in_order() {
    const COUNT: usize = 4000;
    let server = TestServer::with(|config| config.limits.room_backlog = 2).await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut stalled = Wire::open(server.address, "/ws", &ben.token).await;
    let ready = stalled.frame_of(TEXT).await;
    let ready: Value = serde_json::from_slice(&ready.payload).unwrap();
    let mut rev = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    let (mut loud, _) = ana.connect().await;
    let keys = keys("f", COUNT);
    loud.flood(&room, &keys, &"x".repeat(2000)).await;
    for key in &keys {
        let frame = loop {
            let frame = stalled.frame_of(TEXT).await;
            let frame: Value = serde_json::from_slice(&frame.payload).unwrap();
            match frame["type"].as_str().unwrap() {
                "message" => break frame,
                "presence" | "room" => {}
                other => panic!("{other}: {frame}"),
            }
        };
        rev += 1;
        assert_eq!(frame["rev"], rev);
        assert_eq!(&frame["message"]["key"], key);
    }
    ana.send_message(&room, "live again").await;
    let frame = next_of(&mut stalled, "message").await;
    assert_eq!(frame["rev"], rev + 1);
    server.stopped().await;
}

/// The next frame of that type; others before it are passed over.
async fn next_of(wire: &mut Wire, kind: &str) -> Value {
    loop {
        let frame = wire.frame_of(TEXT).await;
        let frame: Value = serde_json::from_slice(&frame.payload).unwrap();
        if frame["type"] == kind {
            return frame;
        }
    }
}

/// A member who does not read while more is said than the way to them holds.
async fn stalled_at(server: &TestServer, room: &Room, [ana, ben]: &[User; 2], path: &str) -> Wire {
    let mut stalled = Wire::open(server.address, path, &ben.token).await;
    next_of(&mut stalled, "ready").await;
    let (mut loud, _) = ana.connect().await;
    loud.flood(room, &keys("f", 4000), &"x".repeat(2000)).await;
    stalled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lagged_member_receives_room_name_and_presence() {
    let server = TestServer::with(|config| config.limits.room_backlog = 2).await;
    let (room, users) = server.room_of(["ana", "ben"]).await;
    let mut stalled = stalled_at(&server, &room, &users, "/ws").await;
    let dan = server.user("dan").await;
    dan.join(&room.code).await.expect(200);
    let (_socket, _) = dan.connect().await;
    let path = format!("/api/rooms/{}", room.id);
    users[0]
        .patch(&path, json!({ "name": "attic" }))
        .await
        .expect(200);
    users[0].send_message(&room, "one").await;
    users[0].send_message(&room, "two").await;
    users[0].send_message(&room, "three").await;
    loop {
        let frame = next_of(&mut stalled, "room").await;
        let online = frame["room"]["online"].as_array();
        if online.is_some_and(|online| online.contains(&json!(dan.id))) {
            assert_eq!(frame["room"]["name"], "attic", "{frame}");
            break;
        }
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lagged_member_receives_the_reason_of_room_deletion() {
    let server = TestServer::with(|config| config.limits.room_backlog = 2).await;
    for (reason, code) in [
        ("deleted", 4404),
        ("left", 4403),
        ("kicked", 4403),
        ("banned", 4403),
    ] {
        let (room, users) = server
            .room_of([&format!("ana_{reason}"), &format!("ben_{reason}")])
            .await;
        let [ana, ben] = &users;
        let path = format!("/ws/{}", room.id);
        let mut stalled = stalled_at(&server, &room, &users, &path).await;
        match reason {
            "deleted" => ana
                .delete(&format!("/api/rooms/{}", room.id))
                .await
                .expect(204),
            "left" => {
                ben.leave(&room).await;
                Value::Null
            }
            "banned" => {
                ana.ban(&room, ben).await;
                Value::Null
            }
            _ => {
                ana.kick(&room, ben).await;
                Value::Null
            }
        };
        // Enough for the news of it to be lost, too.
        if reason != "deleted" {
            for body in ["one", "two", "three"] {
                ana.send_message(&room, body).await;
            }
        }
        let left = next_of(&mut stalled, "room_left").await;
        assert_eq!(left["reason"], reason, "{left}");
        assert_eq!(stalled.closed().await, code, "{reason}");
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channel_of_two_events_loses_nothing() {
    let server = TestServer::with(|config| config.limits.room_backlog = 2).await;
    let (room, users) = server.room_of(["ana", "ben", "cid"]).await;
    let mut sockets = Vec::new();
    for user in &users {
        sockets.push(user.connect().await);
    }
    let (mut loud, ready) = users[0].connect().await;
    let start = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    let keys = keys("f", 600);
    let (_, ()) = tokio::join!(loud.flood(&room, &keys, "hi"), async {
        join_all(sockets.iter_mut().map(async |(socket, _)| {
            for rev in start + 1..=start + 600 {
                assert_eq!(socket.next_of("message").await["rev"], rev);
            }
        }))
        .await;
    });
    server.stopped().await;
}

/// Reads messages until `last`, each the next one. Frames are not read as JSON: there are many.
async fn receives_all(socket: &mut JsonSocket, first: i64, last: i64) {
    let mut wanted = first;
    while wanted <= last {
        match within("a message", socket.raw.next())
            .await
            .unwrap()
            .unwrap()
        {
            Message::Text(text) if text.starts_with(r#"{"type":"message""#) => {
                let rev = format!("\"rev\":{wanted},");
                assert!(text.contains(&rev), "not {wanted}: {text}");
                wanted += 1;
            }
            Message::Text(text) => {
                assert!(text.starts_with(r#"{"type":"presence""#), "{text}");
            }
            other => assert!(other.is_ping(), "{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_subscribers_receive_everything() {
    const MESSAGES: usize = 60;
    let server = TestServer::start().await;
    let (room, users) = server.room_of(["ana", "ben", "cid", "dan", "eve"]).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let some = (0..50).map(|number| User::connect(&users[number % users.len()]));
        sockets.extend(join_all(some).await);
    }
    server
        .stats_become("all are there", |stats| stats.connections == 1000)
        .await;
    let (mut loud, ready) = users[0].connect().await;
    let start = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    let end = start + i64::try_from(MESSAGES).unwrap();
    let keys = keys("f", MESSAGES);
    let (_, _) = tokio::join!(
        loud.flood(&room, &keys, "hi"),
        join_all(
            sockets
                .iter_mut()
                .map(|(socket, _)| receives_all(socket, start + 1, end))
        )
    );
    drop(sockets);
    drop(loud);
    server
        .stats_become("all are gone", |stats| {
            (stats.connections, stats.rooms) == (0, 0)
        })
        .await;
    server.stopped().await;
}
