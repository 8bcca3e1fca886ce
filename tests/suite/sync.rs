//! Catching up over a socket: exactly what was missed, and nothing lost meanwhile.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{JsonSocket, Room, TestServer, keys};

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
async fn a_reconnecting_member_gets_exactly_what_was_missed() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, ready) = ben.connect().await;
    let seen = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    socket.cut();
    for body in ["one", "two", "three"] {
        ana.say(&room, body).await;
    }
    let (mut socket, ready) = ben.connect().await;
    ask(&mut socket, &room, seen).await;
    let (revs, head) = synced(&mut socket).await;
    assert_eq!(revs, [seen + 1, seen + 2, seen + 3]);
    assert_eq!(head, ready["rooms"][0]["head"]);
    // Who is up to date gets nothing but the word for it.
    ask(&mut socket, &room, seen + 3).await;
    assert_eq!(synced(&mut socket).await.0, [0_i64; 0]);
    ana.say(&room, "four").await;
    assert_eq!(socket.next_of("message").await["rev"], seen + 4);
    server.stopped().await;
}

#[tokio::test]
async fn live_messages_during_a_sync_are_neither_lost_nor_doubled_nor_disordered() {
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
    ana.say(&room, "after").await;
    assert_eq!(socket.next_of("message").await["rev"], end + 1);
    server.stopped().await;
}

#[tokio::test]
async fn who_is_far_behind_reads_over_http_and_then_syncs() {
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
    ana.say(&room, "meanwhile").await;
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
