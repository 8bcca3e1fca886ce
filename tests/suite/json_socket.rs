//! JSON frames, as the contract has them.

use serde_json::{Value, json};

use crate::support::{Closed, JsonSocket, TestServer};

#[tokio::test]
async fn ready_tells_who_one_is_and_where_one_stands() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.say(&room, "unread by ben").await;
    let (_ana, _) = ana.connect().await;
    let (_ben, ready) = ben.connect().await;
    assert_eq!(ready["user"]["username"], "ben");
    assert_eq!(ready["user"]["status"], "online");
    assert_eq!(ready["heartbeat_s"], 25.0);
    assert_eq!(ready["limits"]["body_chars"], 4000);
    let seen = &ready["rooms"][0];
    assert_eq!(seen["head"], json!({ "seq": 3, "rev": 3 }));
    assert_eq!(
        (&seen["role"], &seen["unread"], &seen["member_count"]),
        (&json!("member"), &json!(1), &json!(2))
    );
    assert_eq!(seen["online"], json!([ana.id, ben.id]));
    server.stopped().await;
}

#[tokio::test]
async fn a_key_sent_again_is_acked_with_the_first_numbers() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    socket.say(&room, "k", "once").await;
    let first = socket.next_of("ack").await;
    socket.say(&room, "k", "once").await;
    assert_eq!(socket.next_of("ack").await, first);
    socket.say(&room, "k", "otherwise").await;
    let refused = socket.next_of("error").await;
    assert_eq!(
        (&refused["code"], &refused["key"]),
        (&json!("key_conflict"), &json!("k"))
    );
    assert_eq!(ana.history(&room).await.len(), 2);
    server.stopped().await;
}

#[tokio::test]
async fn what_is_no_command_is_answered_and_the_socket_lives() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    for (frame, code) in [
        (json!("nonsense"), "malformed"),
        (json!({ "type": "dance", "key": "k" }), "unknown_type"),
        (
            json!({ "type": "send", "key": "k", "room_id": room.id }),
            "malformed",
        ),
        (
            json!({ "type": "send", "key": "k", "room_id": room.id, "body": "x", "files": [1] }),
            "malformed",
        ),
        (
            json!({ "type": "send", "key": "k", "room_id": room.id, "body": " " }),
            "invalid",
        ),
        (
            json!({ "type": "send", "key": "k", "room_id": room.id, "body": "x", "reply_to": 99 }),
            "invalid",
        ),
        (
            json!({ "type": "send", "key": "k", "room_id": 99, "body": "x" }),
            "not_found",
        ),
        (
            json!({ "type": "read", "room_id": 99, "seq": 1 }),
            "not_found",
        ),
        (json!({ "type": "sync", "rooms": { "99": 0 } }), "not_found"),
        (
            json!({ "type": "sync", "rooms": { "lobby": 0 } }),
            "malformed",
        ),
    ] {
        socket.send(frame.clone()).await;
        let error = socket.next_of("error").await;
        assert_eq!(error["code"], code, "{frame}: {error}");
        assert_eq!(error["key"], frame["key"], "{frame}: {error}");
    }
    socket.send(json!({ "type": "ping" })).await;
    socket.next_of("pong").await;
    server.stopped().await;
}

#[tokio::test]
async fn five_hundred_sends_without_waiting_are_numbered_in_order() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut socket =
        JsonSocket::open(server.address, &format!("/ws/{}", room.id), &ana.token).await;
    for number in 0..500 {
        socket
            .say(&room, &format!("c{number}"), &format!("{number}"))
            .await;
    }
    let mut seqs = vec![0; 500];
    for _ in 0..500 {
        let ack = socket.next_of("ack").await;
        let number: usize = ack["key"].as_str().unwrap()[1..].parse().unwrap();
        seqs[number] = ack["seq"].as_i64().unwrap();
    }
    let wanted: Vec<i64> = (2..502).collect();
    assert_eq!(seqs, wanted);
    server.stopped().await;
}

#[tokio::test]
async fn reading_on_one_device_clears_the_other() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut phone, _) = ben.connect().await;
    let (mut laptop, _) = ben.connect().await;
    let said = ana.say(&room, "hello").await;
    phone
        .send(json!({ "type": "read", "room_id": room.id, "seq": said["seq"] }))
        .await;
    for socket in [&mut phone, &mut laptop] {
        let read = socket.next_of("read").await;
        assert_eq!(
            (&read["read_seq"], &read["unread"]),
            (&said["seq"], &json!(0))
        );
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_during_a_sync_is_neither_lost_nor_doubled_nor_out_of_order() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    for number in 0..300 {
        ana.say(&room, &format!("old {number}")).await;
    }
    let (mut socket, _) = ben.connect().await;
    let flood = tokio::spawn({
        let (ana, room) = (ana.clone(), room.clone());
        async move {
            for number in 0..300 {
                ana.say(&room, &format!("new {number}")).await;
            }
        }
    });
    for _ in 0..5 {
        socket
            .send(json!({ "type": "sync", "rooms": { room.id.to_string(): 0 } }))
            .await;
    }
    let (mut last, mut synced, mut all) = (None::<i64>, 0, std::collections::BTreeSet::new());
    // 302: made, joined, and 300 old ones.
    while synced < 5 || !all.contains(&602) {
        let frame = socket.next().await;
        match frame["type"].as_str().unwrap() {
            "message" => {
                let rev = frame["rev"].as_i64().unwrap();
                // Upwards one by one, but for each sync, which starts at the first again.
                assert!(
                    rev == 1 || last.is_none_or(|last| rev == last + 1),
                    "{last:?} then {rev}"
                );
                last = Some(rev);
                all.insert(rev);
            }
            "synced" => {
                assert_eq!(frame["head"]["rev"].as_i64(), last, "{frame}");
                synced += 1;
            }
            _ => {}
        }
    }
    flood.await.unwrap();
    assert_eq!(all.len(), 602);
    server.stopped().await;
}

#[tokio::test]
async fn far_behind_is_told_to_read_over_http() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    for number in 0..1_100 {
        socket.say(&room, &format!("c{number}"), "x").await;
    }
    for _ in 0..1_100 {
        socket.next_of("ack").await;
    }
    let sync = |rev: &Value| json!({ "type": "sync", "rooms": { room.id.to_string(): rev } });
    socket.send(sync(&json!(1))).await;
    let behind = socket.next_of("behind").await;
    assert_eq!(
        (&behind["from_rev"], &behind["head"]["rev"]),
        (&json!(1), &json!(1_101))
    );
    let mut rev = json!(1);
    loop {
        let path = format!(
            "/api/rooms/{}/messages?changed_since={rev}&limit=500",
            room.id
        );
        let page = ana.get(&path).await.expect(200);
        rev = page["items"].as_array().unwrap().last().unwrap()["rev"].clone();
        if page["has_after"] == false {
            break;
        }
    }
    socket.send(sync(&rev)).await;
    assert_eq!(socket.next_of("synced").await["head"]["rev"], 1_101);
    server.stopped().await;
}

#[tokio::test]
async fn a_room_entered_elsewhere_is_heard_on_the_open_socket() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let ben = server.user("ben").await;
    let (mut socket, ready) = ben.connect().await;
    assert_eq!(ready["rooms"], json!([]));
    ben.join(&room.code).await.expect(200);
    let entered = socket.next_of("room").await;
    assert_eq!(
        (&entered["room"]["name"], &entered["room"]["role"]),
        (&json!("lobby"), &json!("member"))
    );
    ana.say(&room, "welcome").await;
    let heard = socket.next_of("message").await;
    assert_eq!(heard["message"]["body"], "welcome");
    assert_eq!(
        heard["rev"],
        entered["room"]["head"]["rev"].as_i64().unwrap() + 1
    );

    ana.patch(
        &format!("/api/rooms/{}", room.id),
        json!({ "name": "salon" }),
    )
    .await
    .expect(200);
    assert_eq!(
        socket.next_message().await["event"],
        json!({ "type": "renamed", "name": "salon" })
    );
    assert_eq!(socket.next_of("room").await["room"]["name"], "salon");

    ben.delete(&format!("/api/rooms/{}/members/me", room.id))
        .await
        .expect(204);
    let left = socket.next_of("room_left").await;
    assert_eq!(
        (&left["room_id"], &left["reason"]),
        (&json!(room.id), &json!("left"))
    );
    ben.join(&room.code).await.expect(200);
    socket.next_of("room").await;
    ana.say(&room, "welcome back").await;
    assert_eq!(socket.next_message().await["body"], "welcome back");
    ana.delete(&format!("/api/rooms/{}", room.id))
        .await
        .expect(204);
    assert_eq!(socket.next_of("room_left").await["reason"], "deleted");
    server.stopped().await;
}

#[tokio::test]
async fn a_socket_of_one_room_hears_and_says_only_there_and_ends_with_it() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let other = ana.create_room("other").await;
    let path = format!("/ws/{}", room.id);
    let mut of_ana = JsonSocket::open(server.address, &path, &ana.token).await;
    assert_eq!(
        of_ana.next_of("ready").await["rooms"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    of_ana.say(&other, "k", "astray").await;
    assert_eq!(of_ana.next_of("error").await["code"], "not_found");
    ana.say(&other, "elsewhere").await;
    ana.say(&room, "here").await;
    assert_eq!(of_ana.next_message().await["body"], "here");

    let of_ben = JsonSocket::open(server.address, &path, &ben.token).await;
    ana.delete(&format!("/api/rooms/{}/members/{}", room.id, ben.id))
        .await
        .expect(204);
    let Closed { code, words } = of_ben.closed().await;
    assert_eq!(code, 4403, "{words}");
    ana.delete(&format!("/api/rooms/{}", room.id))
        .await
        .expect(204);
    assert_eq!(of_ana.closed().await.code, 4404);
    server.stopped().await;
}
