//! How connections end: by either side, by a broken rule, by silence.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    JsonSocket, Room, TestServer, keys,
    wire::{CLOSE, PING, PONG, RawFrame, TEXT, Wire, frame},
    within,
};

async fn opened(server: &TestServer) -> Wire {
    let ana = server.user("ana").await;
    let mut wire = Wire::open(server.address, "/ws", &ana.token).await;
    let ready = wire.frame_of(TEXT).await;
    let ready: Value = serde_json::from_slice(&ready.payload).unwrap();
    assert_eq!(ready["type"], "ready", "{ready}");
    wire
}

#[tokio::test]
async fn close_is_answered_by_close_and_end_of_stream() {
    let server = TestServer::start().await;
    let mut wire = opened(&server).await;
    let goodbye = [&1000_u16.to_be_bytes()[..], b"bye"].concat();
    wire.send(CLOSE, &goodbye).await;
    let echo = wire.frame_of(CLOSE).await;
    assert_eq!(echo.payload[..2], goodbye[..2]);
    assert_eq!(wire.frame().await, None);
    server
        .stats_become("it is gone", |stats| stats.connections == 0)
        .await;
    server.stopped().await;
}

#[tokio::test]
async fn close_reason_names_the_protocol_violation() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let unmasked = vec![TEXT, 2, b'h', b'i'];
    let cases: [(&str, Vec<u8>, u16); 11] = [
        ("unmasked", unmasked, 1002),
        ("text that is not UTF-8", frame(TEXT, &[0xff, 0xfe]), 1007),
        ("binary that is not UTF-8", frame(0x82, &[0xc3, 0x28]), 1007),
        ("a reserved opcode", frame(0x83, b"hi"), 1002),
        ("a reserved control opcode", frame(0x8b, b"hi"), 1002),
        ("a reserved bit", frame(TEXT | 0x40, b"hi"), 1002),
        ("a control frame in parts", frame(PING & 0x7f, b"hi"), 1002),
        ("a control frame too long", frame(PING, &[0; 126]), 1002),
        ("a continuation of nothing", frame(0x80, b"hi"), 1002),
        ("a close code that is none", frame(CLOSE, &[0, 1]), 1002),
        ("too big", frame(TEXT, &vec![b'x'; 70_000]), 1009),
    ];
    for (what, bytes, code) in cases {
        let mut wire = Wire::open(server.address, "/ws", &ana.token).await;
        wire.frame_of(TEXT).await;
        wire.write(&bytes).await;
        assert_eq!(wire.closed().await, code, "{what}");
    }
    server
        .stats_become("all are gone", |stats| stats.connections == 0)
        .await;
    server.stopped().await;
}

#[tokio::test]
async fn client_that_sends_too_much_gets_a_close_reason() {
    let server = TestServer::start().await;
    let mut wire = opened(&server).await;
    // The first frame is too big, and much follows that nobody will read as frames.
    let mut bytes = frame(TEXT, &vec![b'x'; 100_000]);
    bytes.extend(vec![b'y'; 400_000]);
    wire.write(&bytes).await;
    assert_eq!(wire.closed().await, 1009);
    server.stopped().await;
}

#[tokio::test]
async fn fragmented_message_may_contain_pings_between_parts() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut wire = Wire::open(server.address, "/ws", &ana.token).await;
    wire.frame_of(TEXT).await;
    let send = json!({ "type": "send", "key": "c1", "room_id": room.id, "body": "in parts: ü" });
    let bytes = send.to_string().into_bytes();
    // Cut in the middle of the last letter's two bytes, where a careless reader fails.
    let cut = bytes.iter().position(|byte| *byte == 0xc3).unwrap() + 1;
    wire.send(0x01, &bytes[..5]).await;
    wire.send(PING, b"still there?").await;
    assert_eq!(
        wire.frame_of(PONG).await,
        RawFrame {
            head: PONG,
            payload: b"still there?".to_vec()
        }
    );
    wire.send(0x00, &bytes[5..cut]).await;
    wire.send(0x80, &bytes[cut..]).await;
    loop {
        let frame: Value = serde_json::from_slice(&wire.frame_of(TEXT).await.payload).unwrap();
        if frame["type"] == "ack" {
            assert_eq!(frame["key"], "c1");
            break;
        }
        assert_ne!(frame["type"], "error", "{frame}");
    }
    assert_eq!(
        ana.history(&room).await.last().unwrap()["body"],
        "in parts: ü"
    );
    server.stopped().await;
}

#[tokio::test]
async fn silent_client_is_disconnected_and_ponging_client_stays() {
    let server = TestServer::with(|config| {
        (config.timing.heartbeat_ms, config.timing.silence_ms) = (50, 600);
    })
    .await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let (mut polite, ready) = ben.connect().await;
    assert_eq!(ready["heartbeat_s"], 1);
    let started = Instant::now();
    let mut silent = Wire::open(server.address, "/ws", &ana.token).await;
    let mut pings = 0;
    let listening = async {
        while let Some(frame) = silent.frame().await {
            pings += usize::from(frame.head == PING);
            if frame.head == CLOSE {
                assert_eq!(frame.payload[..2], 4408_u16.to_be_bytes());
            }
        }
    };
    // The polite one's library answers each ping as it reads on.
    tokio::select! {
        () = listening => {}
        frame = polite.next() => panic!("{frame}"),
    }
    assert!(started.elapsed() >= Duration::from_millis(600));
    assert!(pings > 1, "{pings} pings");
    let longer = Duration::from_millis(900);
    let quiet = tokio::time::timeout(longer, polite.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    polite.still_answers().await;
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_client_is_disconnected_and_delays_no_other() {
    let server = TestServer::with(|config| config.timing.stall_ms = 2500).await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let stalled = Wire::open(server.address, "/ws", &cid.token).await;
    let (mut ana_socket, _) = ana.connect().await;
    let (mut ben_socket, _) = ben.connect().await;
    server
        .stats_become("all are there", |stats| stats.connections == 3)
        .await;
    let reading = tokio::spawn(async move {
        while ben_socket.next_message().await["body"] != "the end" {}
        ben_socket
    });
    // Far more than the system's buffers hold.
    let body = "x".repeat(2000);
    ana_socket.flood(&room, &keys("f", 4000), &body).await;
    ana.send_message(&room, "the end").await;
    let mut ben_socket = reading.await.unwrap();
    let mut stuck = 0;
    while server.stats().connections == 3 {
        stuck += 1;
        let sent = Instant::now();
        ana.send_message(&room, "quick").await;
        ben_socket.next_message().await;
        let took = sent.elapsed();
        assert!(
            took < Duration::from_secs(2),
            "message {stuck} took {took:?}"
        );
    }
    drop(stalled);
    ben_socket.still_answers().await;
    server.stopped().await;
}

#[tokio::test]
async fn sign_out_closes_the_sockets_of_its_session() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let other = ana.sign_in_again().await;
    let (all, _) = ana.connect().await;
    let (one, _) = ana.connect_to(&room).await;
    let (mut unharmed, _) = other.connect().await;
    let started = Instant::now();
    ana.sign_out().await;
    for socket in [all, one] {
        let closed = socket.closed().await;
        assert_eq!(closed.code, 4401, "{closed:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(1));
    unharmed.still_answers().await;
    server.stopped().await;
}

#[tokio::test]
async fn socket_outlives_its_access_token() {
    let server = TestServer::with(|config| config.auth.access_token_s = 1).await;
    let ana = server.user("ana").await;
    let (mut socket, _) = ana.connect().await;
    within("the token to expire", async {
        while ana.get("/api/me").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    socket.still_answers().await;
    let refresh = json!({ "refresh_token": ana.refresh_token });
    let path = "/api/auth/refresh";
    ana.post(path, refresh.clone()).await.expect(200);
    socket.still_answers().await;
    // A refresh token used twice may be stolen, so the session ends.
    ana.post(path, refresh).await.expect(401);
    let closed = socket.closed().await;
    assert_eq!(closed.code, 4401, "{closed:?}");
    server.stopped().await;
}

#[tokio::test]
async fn client_that_ignores_rate_limits_is_closed() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        (config.limits.send_burst, config.limits.send_per_s) = (2, 1);
    })
    .await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    for key in keys("c", 150) {
        socket.send_message(&room, &key, "hi").await;
    }
    let refused = socket.next_of("error").await;
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    assert!(refused["retry_after_ms"].as_u64().unwrap() > 0, "{refused}");
    let closed = socket.closed().await;
    assert_eq!(closed.code, 4429, "{closed:?}");
    // A new connection finds the same bucket.
    let (mut socket, _): (JsonSocket, _) = ana.connect().await;
    socket.send_message(&room, "again", "hi").await;
    let answer = socket.answer().await;
    assert!(answer["type"] == "ack" || answer["code"] == "rate_limited");
    server.stopped().await;
}

#[tokio::test]
async fn client_that_sends_only_invalid_frames_is_closed() {
    let server = TestServer::with(|config| config.limits.rates = true).await;
    let ana = server.user("ana").await;
    let (mut socket, _) = ana.connect().await;
    for _ in 0..150 {
        socket.send(json!({ "type": "dance" })).await;
    }
    assert_eq!(socket.next_of("error").await["code"], "unknown_type");
    assert_eq!(socket.closed().await.code, 4429);
    server.stopped().await;
}

#[tokio::test]
async fn every_command_is_rate_limited() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        (config.limits.requests_burst, config.limits.requests_per_s) = (20, 1);
    })
    .await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    for frame in [
        json!({ "type": "ping" }),
        json!({ "type": "read", "room_id": room.id, "seq": 1 }),
        json!({ "type": "sync", "rooms": { room.id.to_string(): 0 } }),
    ] {
        for _ in 0..20 {
            socket.send(frame.clone()).await;
        }
        let refused = socket.next_of("error").await;
        assert_eq!(refused["code"], "rate_limited", "{frame}: {refused}");
    }
    let refused = ana.get("/api/rooms").await;
    refused.refused(429, "rate_limited");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    // Messages have a limit of their own.
    socket.send_message(&room, "k", "hi").await;
    socket.next_of("ack").await;
    server.stopped().await;
}

#[tokio::test]
async fn control_frames_are_rate_limited() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        (config.limits.requests_burst, config.limits.requests_per_s) = (20, 1);
    })
    .await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect_to(&room).await;
    let elsewhere = Room {
        id: room.id + 1,
        ..room.clone()
    };
    for (place, body) in [(&room, " "), (&elsewhere, "hi")] {
        for number in 0..40 {
            socket
                .send_message(place, &format!("k{number}"), body)
                .await;
        }
        let mut codes = Vec::new();
        for _ in 0..40 {
            codes.push(socket.next_of("error").await["code"].clone());
        }
        assert!(codes.contains(&json!("rate_limited")), "{codes:?}");
    }
    let ben = server.user("ben").await;
    ben.join(&room.code).await.expect(200);
    let mut terminal = ben.terminal(&room, "").await;
    for _ in 0..40 {
        terminal.enter(&"x".repeat(4001)).await;
    }
    terminal.next_with("slow down").await;
    server.stopped().await;
}
