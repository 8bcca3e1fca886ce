//! Catching up over a socket: exactly what was missed, and nothing lost meanwhile.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    JsonSocket, Room, TestServer, Wire, keys,
    wire::{PING, TEXT},
};

async fn ask(socket: &mut JsonSocket, room: &Room, since: i64) {
    socket
        .send(json!({ "type": "sync", "rooms": { room.id.to_string(): since } }))
        .await;
}

/// The `rev`s that a sync brought, and the head it ended with.
async fn synced(socket: &mut JsonSocket) -> (Vec<i64>, Value) {
    let mut revs = Vec::new();
    loop {
        let frame = socket.next().await;
        match frame["type"].as_str().unwrap() {
            "message" => revs.push(frame["rev"].as_i64().unwrap()),
            "synced" => return (revs, frame["head"].clone()),
            "error" | "behind" => panic!("{frame}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn reconnecting_member_receives_exactly_the_missed_messages() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, ready) = ben.connect().await;
    let seen = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    socket.cut();
    for body in ["one", "two", "three"] {
        ana.send_message(&room, body).await;
    }
    let (mut socket, ready) = ben.connect().await;
    ask(&mut socket, &room, seen).await;
    let (revs, head) = synced(&mut socket).await;
    assert_eq!(revs, [seen + 1, seen + 2, seen + 3]);
    assert_eq!(head, ready["rooms"][0]["head"]);
    // A client that is up to date gets only the confirmation.
    ask(&mut socket, &room, seen + 3).await;
    assert_eq!(synced(&mut socket).await.0, [0_i64; 0]);
    ana.send_message(&room, "four").await;
    assert_eq!(socket.next_of("message").await["rev"], seen + 4);
    server.stopped().await;
}

#[tokio::test]
async fn live_messages_during_a_sync_arrive_once_and_in_order() {
    const COUNT: usize = 700;
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut ana_socket, _) = ana.connect().await;
    let (mut socket, ready) = ben.connect().await;
    let start = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    let end = start + i64::try_from(COUNT).unwrap();
    let flood = tokio::spawn({
        let room = room.clone();
        async move { ana_socket.flood(&room, &keys("f", COUNT), "hi").await }
    });

    let (mut last, mut seen, mut syncs) = (start, BTreeSet::new(), 0);
    let (mut from, mut answering) = (None, false);
    while last < end || from.is_some() {
        if from.is_none() {
            // Not always from the start, so that answers come soon and late.
            let since = if syncs % 2 == 0 {
                start
            } else {
                (last - 20).max(start)
            };
            ask(&mut socket, &room, since).await;
            from = Some(since);
            syncs += 1;
        }
        let frame = socket.next().await;
        match frame["type"].as_str().unwrap() {
            "message" => {
                let rev = frame["rev"].as_i64().unwrap();
                if rev != last + 1 || answering {
                    // The answer's messages come together, each the next one.
                    let next = if answering {
                        last + 1
                    } else {
                        from.unwrap() + 1
                    };
                    assert_eq!(rev, next, "since {from:?}, last {last}");
                    answering = true;
                }
                last = rev;
                seen.insert(rev);
            }
            "synced" => {
                assert_eq!(frame["head"]["rev"], last, "{frame}");
                (from, answering) = (None, false);
            }
            "error" | "behind" => panic!("{frame}"),
            _ => {}
        }
    }
    flood.await.unwrap();
    assert!(syncs > 2, "only {syncs} syncs met the flood");
    assert!(
        seen.iter().copied().eq(start + 1..=end),
        "a gap in {seen:?}"
    );
    ana.send_message(&room, "after").await;
    assert_eq!(socket.next_of("message").await["rev"], end + 1);
    server.stopped().await;
}

#[tokio::test]
async fn client_far_behind_reads_over_http_and_then_syncs() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, ready) = ben.connect().await;
    let seen = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    socket.cut();
    let (mut ana_socket, _) = ana.connect().await;
    ana_socket.flood(&room, &keys("f", 1001), "hi").await;

    let (mut socket, _) = ben.connect().await;
    ask(&mut socket, &room, seen).await;
    let behind = socket.next_of("behind").await;
    let wanted = json!({
        "type": "behind", "room_id": room.id, "from_rev": seen, "head": { "seq": seen + 1001, "rev": seen + 1001 },
    });
    assert_eq!(behind, wanted);
    let (mut reached, mut more) = (seen, true);
    while more {
        let path = format!(
            "/api/rooms/{}/messages?changed_since={reached}&limit=200",
            room.id
        );
        let page = ben.get(&path).await.expect(200);
        for message in page["items"].as_array().unwrap() {
            reached += 1;
            assert_eq!(message["rev"], reached);
        }
        more = page["has_after"].as_bool().unwrap();
    }
    ana.send_message(&room, "meanwhile").await;
    ask(&mut socket, &room, reached).await;
    let (revs, head) = synced(&mut socket).await;
    assert_eq!(head["rev"], seen + 1002);
    assert_eq!(revs.last(), Some(&(seen + 1002)), "{revs:?}");
    // A thousand is not too many.
    ask(&mut socket, &room, seen + 2).await;
    let (revs, _) = synced(&mut socket).await;
    assert!(revs.into_iter().eq(seen + 3..=seen + 1002));
    server.stopped().await;
}

/// Everything that comes over a bare connection up to the end of a sync: the frames' types, and
/// `"ping"` for each ping.
async fn until_synced(wire: &mut Wire) -> Vec<String> {
    let mut kinds = Vec::new();
    loop {
        let frame = wire.frame().await.expect("the connection ended");
        let kind = if frame.head == PING {
            "ping".to_owned()
        } else {
            let frame: Value = serde_json::from_slice(&frame.payload).unwrap();
            frame["type"].as_str().unwrap().to_owned()
        };
        let done = kind == "synced";
        kinds.push(kind);
        if done {
            return kinds;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_sync_does_not_block_pings() {
    const COUNT: usize = 900;
    let server = TestServer::with(|config| config.timing.heartbeat_ms = 2).await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut ana_socket, _) = ana.connect().await;
    // Four bytes a character: about 7 MB in all.
    let body = "\u{1f600}".repeat(2000);
    ana_socket.flood(&room, &keys("f", COUNT), &body).await;

    let mut wire = Wire::open(server.address, "/ws", &ben.token).await;
    wire.frame_of(TEXT).await;
    let sync = json!({ "type": "sync", "rooms": { room.id.to_string(): 2 } }).to_string();
    wire.send(TEXT, sync.as_bytes()).await;
    wire.send(TEXT, br#"{"type":"ping"}"#).await;
    let kinds = until_synced(&mut wire).await;
    let messages = kinds.iter().filter(|kind| *kind == "message").count();
    assert_eq!(messages, COUNT);
    let pong = kinds.iter().position(|kind| kind == "pong");
    assert!(
        pong.unwrap_or(usize::MAX) < COUNT,
        "the answer waited for all of the sync"
    );
    let first = kinds.iter().position(|kind| kind == "message").unwrap();
    let pings = kinds[first..].iter().filter(|kind| *kind == "ping").count();
    assert!(pings > 0, "no ping in between");
    server.stopped().await;
}

#[tokio::test]
async fn page_is_bounded_in_bytes_and_states_more() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ana.connect().await;
    // 16,000 bytes each: more of them than one page holds.
    socket
        .flood(&room, &keys("f", 60), &"\u{1f600}".repeat(4000))
        .await;
    let base = format!("/api/rooms/{}/messages", room.id);
    let page = async |query: &str| {
        let page = ben
            .get(&format!("{base}?{query}&limit=200"))
            .await
            .expect(200);
        let seqs = page["items"].as_array().unwrap().iter();
        let seqs: Vec<i64> = seqs.map(|item| item["seq"].as_i64().unwrap()).collect();
        assert!((2..60).contains(&seqs.len()), "{query}: {seqs:?}");
        assert!(seqs.is_sorted());
        (seqs, page["has_before"].clone(), page["has_after"].clone())
    };
    let (seqs, before, after) = page("").await;
    assert_eq!(
        (seqs.last(), before, after),
        (Some(&62), json!(true), json!(false))
    );
    let (seqs, before, after) = page("after=0").await;
    assert_eq!(
        (seqs.first(), before, after),
        (Some(&1), json!(false), json!(true))
    );
    let (seqs, before, after) = page("around=30").await;
    assert!(seqs.contains(&30));
    assert_eq!((before, after), (json!(true), json!(true)));
    let mut reached = 0;
    loop {
        let path = format!("{base}?changed_since={reached}&limit=1000");
        let page = ben.get(&path).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            reached += 1;
            assert_eq!(item["rev"], reached);
        }
        if page["has_after"] == false {
            break;
        }
    }
    assert_eq!(reached, 62);
    server.stopped().await;
}
