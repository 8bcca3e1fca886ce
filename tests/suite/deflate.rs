//! Compressed messages: what is agreed, what goes out compressed, and what comes in.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::support::{
    TestServer, User,
    deflate::{PACKED, packed, unpacked},
    keys,
    wire::{PING, PONG, TEXT, Wire, frame},
};

const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Text as people write it, of about that many characters, and another for each number.
fn prose(number: usize, length: usize) -> String {
    const WORDS: [&str; 16] = [
        "the", "deploy", "is", "green", "and", "we", "wait", "for", "logs", "from", "über",
        "staging", "tomorrow", "again", "nobody", "it",
    ];
    let (mut text, mut state) = (String::new(), number as u64 + 1);
    while text.len() < length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let _ = write!(text, "{} ", WORDS[usize::try_from(state >> 60).unwrap()]);
    }
    text.trim_end().to_owned()
}

fn said(body: &str, key: &str, room: i64) -> String {
    json!({ "type": "send", "key": key, "room_id": room, "body": body }).to_string()
}

#[tokio::test]
async fn supported_deflate_offer_is_accepted() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let other = "sec-websocket-extensions: x-other; a=\"b\"\r\n";
    let deflate = "sec-websocket-extensions: permessage-deflate";
    let window = format!("{ANSWER}; server_max_window_bits=12");
    for (headers, wanted) in [
        (String::new(), None),
        (other.to_owned(), None),
        (
            format!("{deflate}; client_max_window_bits\r\n"),
            Some(ANSWER),
        ),
        (format!("{other}{deflate}\r\n"), Some(ANSWER)),
        (
            format!("{deflate}; server_max_window_bits=12\r\n"),
            Some(&window[..]),
        ),
        (format!("{deflate}; server_max_window_bits=7\r\n"), None),
        (
            format!("{deflate}; unknown, permessage-deflate\r\n"),
            Some(ANSWER),
        ),
        (format!("{deflate}; =\r\n"), None),
    ] {
        let (mut wire, answer) = Wire::offer(server.address, "/ws", &ana.token, &headers).await;
        assert_eq!(answer.as_deref(), wanted, "{headers}");
        let (ready, _) = wire.text().await;
        assert!(ready.contains(r#""type":"ready""#), "{ready}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn disabled_compression_accepts_no_offer() {
    let server = TestServer::with(|config| config.limits.deflate_bytes = 0).await;
    let ana = server.user("ana").await;
    let headers = format!("sec-websocket-extensions: {ANSWER}\r\n");
    let (mut wire, answer) = Wire::offer(server.address, "/ws", &ana.token, &headers).await;
    assert_eq!(answer, None);
    wire.send(PACKED, &packed(br#"{"type":"ping"}"#)).await;
    assert_eq!(wire.closed().await, 1002);
    server.stopped().await;
}

#[tokio::test]
async fn all_clients_read_equal_messages() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let (mut plain, _) = ana.connect().await;
    let narrow = "sec-websocket-extensions: permessage-deflate; server_max_window_bits=11\r\n";
    let (mut narrow, _) = Wire::offer(server.address, "/ws", &ana.token, narrow).await;
    narrow.text_with("ready").await;
    let mut deflating = Vec::new();
    for user in [&ben, &cid, &cid] {
        let mut wire = Wire::deflating(server.address, "/ws", &user.token).await;
        wire.text_with("ready").await;
        deflating.push(wire);
    }
    for (number, length) in [20, 600, 900, 1500, 3900].into_iter().enumerate() {
        ana.send_message(&room, &prose(number, length)).await;
        let wanted = plain.next_of("message").await;
        let mut first = None;
        for wire in &mut deflating {
            let (text, bytes) = wire.text_with(r#"{"type":"message""#).await;
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), wanted);
            assert_eq!(bytes.is_some(), text.len() >= 1024, "{} bytes", text.len());
            if let Some(bytes) = &bytes {
                assert!(bytes.len() * 2 < text.len(), "{} bytes", bytes.len());
            }
            assert_eq!(*first.get_or_insert(bytes.clone()), bytes);
        }
        // A client with a smaller window gets nothing that needs a larger one.
        let (text, bytes) = narrow.text_with(r#"{"type":"message""#).await;
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), wanted);
        assert_eq!(bytes.is_some(), (1024..=2048).contains(&text.len()));
        if let Some(bytes) = bytes {
            assert_eq!(unpacked(&bytes, 11), text);
        }
    }
    server.stopped().await;
}

#[tokio::test]
async fn flood_of_mixed_sizes_arrives_complete_and_in_order() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut wire = Wire::deflating(server.address, "/ws", &ben.token).await;
    wire.text_with("ready").await;
    let (mut socket, _) = ana.connect().await;
    let lengths = [10, 2000, 30, 3000, 800, 1100];
    for (number, key) in keys("k", 120).iter().enumerate() {
        let body = prose(number, lengths[number % lengths.len()]);
        socket.send_message(&room, key, &body).await;
    }
    for number in 0..120 {
        let (text, bytes) = wire.text_with(r#"{"type":"message""#).await;
        let message: Value = serde_json::from_str(&text).unwrap();
        let body = prose(number, lengths[number % lengths.len()]);
        assert_eq!(message["message"]["body"], body);
        assert_eq!(bytes.is_some(), text.len() >= 1024, "{} bytes", text.len());
    }
    server.stopped().await;
}

/// Frames that only this connection gets: `ready`, and what a `sync` answers.
#[tokio::test]
async fn frames_for_one_connection_are_compressed() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let mut rooms = Vec::new();
    for number in 0..8 {
        rooms.push(ana.create_room(&format!("room {number}")).await);
    }
    for number in 0..20 {
        let length = if number % 2 == 0 { 100 } else { 3000 };
        ana.send_message(&rooms[0], &prose(number, length)).await;
    }
    let mut wire = Wire::deflating(server.address, "/ws", &ana.token).await;
    let (mut plain, wanted) = ana.connect().await;
    let (ready, bytes) = wire.text_with("ready").await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let ids = |ready: &Value| {
        let rooms = ready["rooms"].as_array().unwrap().clone();
        rooms
            .iter()
            .map(|room| room["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&ready), ids(&wanted));
    assert!(bytes.is_some());

    let sync = json!({ "type": "sync", "rooms": { rooms[0].id.to_string(): 0 } });
    plain.send(sync.clone()).await;
    wire.send(TEXT, sync.to_string().as_bytes()).await;
    let mut compressed = 0;
    loop {
        let (text, bytes) = wire.text().await;
        assert_eq!(bytes.is_some(), text.len() >= 1024);
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["type"] == "synced" {
            break;
        }
        if frame["type"] != "message" {
            continue;
        }
        assert_eq!(frame, plain.next_of("message").await);
        compressed += usize::from(bytes.is_some());
    }
    assert_eq!(compressed, 10);
    server.stopped().await;
}

#[tokio::test]
async fn terminal_accepts_compressed_frames() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path = format!("/ws/{}", room.id);
    let mut wire = Wire::deflating(server.address, &path, &ben.token).await;
    let (banner, bytes) = wire.text().await;
    assert!(
        banner.starts_with("* #lobby") && bytes.is_none(),
        "{banner}"
    );
    let (short, long) = (prose(1, 50), prose(2, 2500));
    ana.send_message(&room, &format!("{long}\n{short}")).await;
    // A frame a line, and each by its own size.
    let (line, bytes) = wire.text_with("<ana>").await;
    assert!(line.ends_with(&long) && bytes.is_some(), "{line}");
    let (line, bytes) = wire.text().await;
    assert!(line.ends_with(&short) && bytes.is_none(), "{line}");
    wire.send(PACKED, &packed(b"/history 1\n")).await;
    let (line, bytes) = wire.text_with(&long).await;
    assert!(bytes.is_some(), "{line}");
    let (mut plain, _) = ana.connect().await;
    wire.send(PACKED, &packed(format!("{long}\n").as_bytes()))
        .await;
    assert_eq!(plain.next_message().await["body"], long);
    server.stopped().await;
}

async fn deflating(server: &TestServer, user: &User) -> Wire {
    let mut wire = Wire::deflating(server.address, "/ws", &user.token).await;
    wire.text_with("ready").await;
    wire
}

#[tokio::test]
async fn compressed_client_messages_may_be_fragmented() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut wire = deflating(&server, &ana).await;
    let body = prose(1, 3900);
    let small = packed(said(&body, "k1", room.id).as_bytes());
    wire.send(PACKED, &small).await;
    wire.text_with(r#""type":"ack","key":"k1""#).await;

    let small = packed(said(&body, "k2", room.id).as_bytes());
    wire.send(PACKED & 0x7f, &small[..100]).await;
    wire.send(PING, b"there?").await;
    assert_eq!(wire.frame_of(PONG).await.payload, b"there?");
    wire.send(0x00, b"").await;
    wire.send(0x00, &small[100..101]).await;
    wire.send(0x80, &small[101..]).await;
    wire.text_with(r#""type":"ack","key":"k2""#).await;

    // Uncompressed ones go on being understood, in parts too, and so does binary.
    let plain = said("as it is", "k3", room.id);
    wire.send(TEXT & 0x7f, &plain.as_bytes()[..9]).await;
    wire.send(0x80, &plain.as_bytes()[9..]).await;
    wire.text_with(r#""type":"ack","key":"k3""#).await;
    wire.send(0xc2, &packed(said("binary", "k4", room.id).as_bytes()))
        .await;
    wire.text_with(r#""type":"ack","key":"k4""#).await;
    let history = ana.history(&room).await;
    let bodies = history.iter().filter(|message| message["kind"] == "text");
    let bodies: Vec<&str> = bodies
        .filter_map(|message| message["body"].as_str())
        .collect();
    assert_eq!(bodies, [&body, &body, "as it is", "binary"]);
    server.stopped().await;
}

#[tokio::test]
async fn close_reason_names_the_compression_error() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let ping = packed(br#"{"type":"ping"}"#);
    let begun = frame(PACKED & 0x7f, &ping[..3]);
    let bomb = packed(&vec![b'x'; 20_000_000]);
    let just_too_big = packed(&vec![b' '; 65_537]);
    let long = packed(prose(1, 3000).as_bytes());
    // Its stream ends again and again, without a byte of text.
    let ends = [3, 0].repeat(30_000);
    assert!(bomb.len() < 65_536);
    let cases: [(&str, Vec<u8>, u16); 13] = [
        ("a bomb", frame(PACKED, &bomb), 1009),
        ("a byte too much", frame(PACKED, &just_too_big), 1009),
        (
            "too much as it comes",
            frame(PACKED, &vec![0; 70_000]),
            1009,
        ),
        ("no deflate", frame(PACKED, &[0xff; 200]), 1007),
        ("nothing", frame(PACKED, b""), 1007),
        ("half of it", frame(PACKED, &long[..long.len() / 2]), 1007),
        (
            "half and an end",
            frame(PACKED, &[&long[..300], &[0]].concat()),
            1007,
        ),
        ("no UTF-8", frame(PACKED, &packed(&[0xff, 0xfe])), 1007),
        (
            "ends without end",
            frame(PACKED, &[&ends[..], &[6]].concat()),
            1007,
        ),
        (
            "on a continuation",
            [begun.clone(), frame(0xc0, &ping[3..])].concat(),
            1002,
        ),
        ("on a ping", frame(PING | 0x40, b""), 1002),
        ("on a close", frame(0xc8, &[3, 232]), 1002),
        (
            "a second message within one",
            [begun, frame(PACKED, &ping)].concat(),
            1002,
        ),
    ];
    for (what, bytes, code) in cases {
        let mut wire = deflating(&server, &ana).await;
        wire.write(&bytes).await;
        assert_eq!(wire.closed().await, code, "{what}");
    }
    // Without an agreement there is nothing to compress by.
    let mut wire = Wire::open(server.address, "/ws", &ana.token).await;
    wire.send(PACKED, &ping).await;
    assert_eq!(wire.closed().await, 1002);
    server
        .stats_become("all are gone", |stats| stats.connections == 0)
        .await;
    server.stopped().await;
}
