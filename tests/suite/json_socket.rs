//! Commands over a JSON socket, and what is answered.

use futures_util::{SinkExt, future::join_all};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{TestServer, keys};

#[tokio::test]
async fn ready_is_first_and_lists_user_and_rooms() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.send_message(&room, "unread by ben").await;
    let (_socket, ready) = ben.connect().await;
    assert_eq!(ready["user"]["id"], ben.id);
    assert_eq!(ready["user"]["username"], "ben");
    assert_eq!(ready["user"]["status"], "online");
    assert_eq!(ready["heartbeat_s"], json!(25));
    assert_eq!(ready["limits"]["body_chars"], 4000);
    let rooms = ready["rooms"].as_array().unwrap();
    assert_eq!(rooms.len(), 1, "{ready}");
    let shown = &rooms[0];
    let wanted = json!({
        "id": room.id, "name": "lobby", "kind": "private", "role": "member", "topic": "",
        "head": { "seq": 3, "rev": 3 }, "unread": 1, "mentions": 0, "online": [ben.id],
        "online_count": 1, "member_count": 2,
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name} of {shown}");
    }
    assert!(shown["read_seq"].is_i64(), "{shown}");
    server.stopped().await;
}

#[tokio::test]
async fn send_is_acked_and_delivered_with_equal_numbers() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, ready) = ana.connect().await;
    let head = ready["rooms"][0]["head"].clone();
    socket.send_message(&room, "c1", "hello").await;
    // Which of the two comes first is not promised.
    let (mut ack, mut message) = (Value::Null, Value::Null);
    while ack.is_null() || message.is_null() {
        let frame = socket.next().await;
        match frame["type"].as_str().unwrap() {
            "ack" => ack = frame,
            "message" => message = frame,
            _ => {}
        }
    }
    assert_eq!(ack["key"], "c1");
    assert_eq!(ack["room_id"], room.id);
    assert_eq!(ack["seq"], head["seq"].as_i64().unwrap() + 1);
    assert_eq!(ack["rev"], head["rev"].as_i64().unwrap() + 1);
    assert_eq!(message["room_id"], room.id);
    assert_eq!(message["rev"], ack["rev"]);
    let said = &message["message"];
    let wanted = json!({
        "room_id": room.id, "seq": ack["seq"], "rev": ack["rev"], "kind": "text", "body": "hello",
        "mentions": [], "reply_to": null, "files": [], "reactions": {}, "key": "c1",
        "edited_at": null, "deleted_at": null,
        "author": { "id": ana.id, "username": "ana", "display_name": "ana", "avatar": null },
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&said[name], value, "{name} of {said}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn known_key_is_acked_with_first_numbers() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut phone, _) = ana.connect().await;
    phone.send_message(&room, "c1", "once").await;
    let first = phone.next_of("ack").await;
    phone.send_message(&room, "c1", "once").await;
    assert_eq!(phone.next_of("ack").await, first);
    let (mut laptop, _) = ana.connect().await;
    laptop.send_message(&room, "c1", "once").await;
    assert_eq!(laptop.next_of("ack").await, first);
    // Twice at once, too.
    laptop.send_message(&room, "c2", "again").await;
    laptop.send_message(&room, "c2", "again").await;
    let (one, two) = (laptop.next_of("ack").await, laptop.next_of("ack").await);
    assert_eq!(one, two);
    let texts = ana.history(&room).await;
    let texts = texts.iter().filter(|message| message["kind"] == "text");
    assert_eq!(texts.count(), 2);
    server.stopped().await;
}

#[tokio::test]
async fn key_with_another_body_is_a_conflict() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    socket.send_message(&room, "c1", "one").await;
    socket.next_of("ack").await;
    socket.send_message(&room, "c1", "two").await;
    let error = socket.next_of("error").await;
    assert_eq!(error["code"], "key_conflict", "{error}");
    assert_eq!(error["key"], "c1", "{error}");
    assert_eq!(error["room_id"], room.id, "{error}");
    socket.still_answers().await;
    server.stopped().await;
}

#[tokio::test]
async fn refused_command_gets_an_error_and_the_socket_stays() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let other = ben.create_room("not for ana").await;
    let (mut socket, _) = ana.connect().await;
    let long = "x".repeat(4001);
    let send = |room_id: i64, body: &str| {
        json!({ "type": "send", "key": "k", "room_id": room_id, "body": body }).to_string()
    };
    let cases = [
        ("nonsense".to_owned(), "malformed", None),
        ("[]".to_owned(), "malformed", None),
        ("{}".to_owned(), "malformed", None),
        (
            r#"{"type":"send","key":"k"}"#.to_owned(),
            "malformed",
            Some("k"),
        ),
        (
            r#"{"type":"dance","key":"k"}"#.to_owned(),
            "unknown_type",
            Some("k"),
        ),
        (send(other.id, "hi"), "not_found", Some("k")),
        (send(999_999, "hi"), "not_found", Some("k")),
        (send(room.id, "  "), "invalid", Some("k")),
        (send(room.id, &long), "invalid", Some("k")),
        (
            json!({ "type": "read", "room_id": other.id, "seq": 1 }).to_string(),
            "not_found",
            None,
        ),
        (
            json!({ "type": "sync", "rooms": { other.id.to_string(): 0 } }).to_string(),
            "not_found",
            None,
        ),
        (
            r#"{"type":"sync","rooms":{"x":1}}"#.to_owned(),
            "malformed",
            None,
        ),
    ];
    for (text, code, key) in cases {
        socket.raw.send(Message::text(text.clone())).await.unwrap();
        let error = socket.next_of("error").await;
        assert_eq!(error["code"], code, "{text}: {error}");
        assert_eq!(error["key"].as_str(), key, "{text}: {error}");
        assert!(error["detail"].is_string(), "{text}: {error}");
    }
    socket.send_message(&room, "c1", "all is well").await;
    socket.next_of("ack").await;
    assert_eq!(ben.history(&other).await.len(), 1, "nothing was said there");
    server.stopped().await;
}

#[tokio::test]
async fn binary_frame_may_carry_a_command() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut ana_socket, _) = ana.connect().await;
    let (mut ben_socket, _) = ben.connect().await;
    let send = json!({ "type": "send", "key": "c1", "room_id": room.id, "body": "grüße" });
    let bytes = send.to_string().into_bytes();
    ana_socket.raw.send(Message::binary(bytes)).await.unwrap();
    ana_socket.next_of("ack").await;
    assert_eq!(ben_socket.next_message().await["body"], "grüße");
    server.stopped().await;
}

#[tokio::test]
async fn receipt_advances_on_all_devices() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut seq = 0;
    for body in ["one", "two", "three"] {
        seq = ana.send_message(&room, body).await["seq"].as_i64().unwrap();
    }
    let (mut phone, _) = ben.connect().await;
    let (mut laptop, _) = ben.connect().await;
    let (mut stranger, _) = ana.connect().await;
    let read = |seq| json!({ "type": "read", "room_id": room.id, "seq": seq });
    phone.send(read(seq - 1)).await;
    for device in [&mut phone, &mut laptop] {
        let frame = device.next_of("read").await;
        let wanted = json!({ "type": "read", "room_id": room.id, "read_seq": seq - 1, "unread": 1, "mentions": 0, "read_generation": 0 });
        assert_eq!(frame, wanted);
    }
    // One that does not move is answered here, and no news elsewhere.
    phone.send(read(1)).await;
    assert_eq!(phone.next_of("read").await["read_seq"], seq - 1);
    let news = laptop.still_answers().await;
    assert!(news.iter().all(|frame| frame["type"] != "read"), "{news:?}");
    // One that moves over HTTP is news here too.
    let path = format!("/api/rooms/{}/read", room.id);
    let receipt = ben.put(&path, json!({ "seq": seq })).await.expect(200);
    assert_eq!(receipt["unread"], 0, "{receipt}");
    assert_eq!(laptop.next_of("read").await["read_seq"], seq);
    // A sender has read the own message.
    phone.send_message(&room, "c1", "four").await;
    phone.next_of("ack").await;
    let (_, ready) = ben.connect().await;
    assert_eq!(ready["rooms"][0]["unread"], 0, "{ready}");
    let news = stranger.still_answers().await;
    assert!(news.iter().all(|frame| frame["type"] != "read"), "{news:?}");
    server.stopped().await;
}

#[tokio::test]
async fn pipelined_sends_are_acked_in_order() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, ready) = ana.connect().await;
    let mut seq = ready["rooms"][0]["head"]["seq"].as_i64().unwrap();
    let keys = keys("c", 500);
    for key in &keys {
        let send = json!({ "type": "send", "key": key, "room_id": room.id, "body": key });
        let frame = Message::text(send.to_string());
        socket.raw.feed(frame).await.unwrap();
    }
    socket.raw.flush().await.unwrap();
    for key in &keys {
        let ack = socket.next_of("ack").await;
        seq += 1;
        assert_eq!((&ack["key"], &ack["seq"]), (&json!(key), &json!(seq)));
    }
    let bodies: Vec<_> = ana.history(&room).await;
    let bodies = bodies.iter().filter(|message| message["kind"] == "text");
    let bodies: Vec<_> = bodies
        .map(|message| message["body"].as_str().unwrap())
        .collect();
    assert_eq!(bodies, keys);
    server.stopped().await;
}

/// A listener gives way to others after a while; what ends just there must not be forgotten.
#[tokio::test]
async fn burst_is_delivered_completely() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ben.connect().await;
    for length in (64..72).cycle().take(40) {
        // Most of them share a commit, so that they are news together.
        join_all((0..length).map(|_| ana.send_message(&room, "hi"))).await;
        for heard in 0..length {
            let message = socket.next_message().await;
            assert_eq!(message["body"], "hi", "{heard} of {length}");
        }
    }
    server.stopped().await;
}
