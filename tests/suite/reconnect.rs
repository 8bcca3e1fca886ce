//! Many members come back to a room at once, and each receives what changed meanwhile.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{JsonSocket, Reply, Room, TestServer, User, keys};

/// Returns the changes after `since`, as a socket receives them.
async fn catch_up(user: &User, room: &Room, since: i64) -> (JsonSocket, Vec<Value>) {
    let (mut socket, _) = user.connect().await;
    let changes = sync(&mut socket, room, since).await;
    (socket, changes)
}

async fn sync(socket: &mut JsonSocket, room: &Room, since: i64) -> Vec<Value> {
    socket
        .send(json!({ "type": "sync", "rooms": { room.id.to_string(): since } }))
        .await;
    let mut changes = Vec::new();
    loop {
        let mut frame = socket.next().await;
        match frame["type"].as_str().unwrap() {
            "message" => changes.push(frame["message"].take()),
            "synced" => return changes,
            "error" | "behind" => panic!("{frame}"),
            _ => {}
        }
    }
}

async fn changed_since(user: &User, room: &Room, rev: i64) -> Reply {
    let path = format!(
        "/api/rooms/{}/messages?changed_since={rev}&limit=200",
        room.id
    );
    user.get(&path).await
}

/// The whole history as it reads now, by `rev`.
async fn all(user: &User, room: &Room, since: i64) -> Vec<Value> {
    let mut all = user.history(room).await;
    all.retain(|message| message["rev"].as_i64().unwrap() > since);
    all.sort_by_key(|message| message["rev"].as_i64());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returning_clients_receive_what_each_would_have_read() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid, dan]) = server.room_of(["ana", "ben", "cid", "dan"]).await;
    let since = all(&ana, &room, 0).await.len().try_into().unwrap();
    let place = format!("/api/rooms/{}/messages", room.id);
    let first = ana.send_message(&room, "first").await;
    let quote = json!({ "body": "yes", "reply_to": first["seq"] });
    ben.post(&place, quote).await.expect(201);
    ana.send_message(&room, "hello @ben and @room").await;

    let mut sockets = Vec::new();
    for user in [&ana, &ben, &cid, &dan] {
        let (socket, told) = catch_up(user, &room, since).await;
        assert_eq!(told, all(user, &room, since).await);
        sockets.push(socket);
    }
    // New ones, of every sort, join what is kept.
    for number in 0..20 {
        let quote = json!({ "body": format!("again {number}"), "reply_to": first["seq"] });
        ben.post(&place, quote).await.expect(201);
        let told = join_all(sockets.iter_mut().map(async |socket| {
            socket.next_of("message").await;
            sync(socket, &room, since + number).await
        }))
        .await;
        let read = all(&ana, &room, since + number).await;
        for told in told {
            assert_eq!(told, read);
        }
    }
    // An edit of a quoted message changes the quote that later readers get.
    let path = format!("{place}/{}", first["seq"]);
    ana.patch(&path, json!({ "body": "otherwise" }))
        .await
        .expect(200);
    let read = all(&ana, &room, since).await;
    assert!(
        read.iter().any(|m| m["quote"]["body"] == "otherwise"),
        "{read:?}"
    );
    for socket in &mut sockets {
        socket.next_of("message").await;
        assert_eq!(sync(socket, &room, since).await, read);
    }
    assert_eq!(
        changed_since(&dan, &room, since).await.expect(200)["items"],
        json!(read)
    );
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn member_removed_meanwhile_receives_nothing() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    for round in 0..10 {
        ana.send_message(&room, "for members").await;
        for user in [&ben, &cid] {
            changed_since(user, &room, 0).await.expect(200);
        }
        ana.kick(&room, &ben).await;
        changed_since(&ben, &room, 0)
            .await
            .refused(404, "not_found");
        changed_since(&cid, &room, 0).await.expect(200);
        changed_since(&ben, &room, 0)
            .await
            .refused(404, "not_found");
        if round % 2 == 0 {
            ana.send_message(&room, "without ben").await;
        }
        changed_since(&ben, &room, 0)
            .await
            .refused(404, "not_found");
        ben.join(&room.code).await.expect(200);
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_after_an_ack_contains_the_message() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut loud, _) = ana.connect().await;
    let others = tokio::spawn({
        let (ana, other) = (ana.clone(), ana.create_room("other").await);
        async move {
            let (mut socket, _) = ana.connect().await;
            socket.flood(&other, &keys("o", 1000), "elsewhere").await;
        }
    });
    for number in 0..300 {
        loud.send_message(&room, &format!("k{number}"), "hi").await;
        let seq = loud.next_of("ack").await["rev"].as_i64().unwrap();
        let page = changed_since(&ben, &room, seq - 3).await.expect(200);
        let last = page["items"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["rev"], &page["head"]["rev"]),
            (&json!(seq), &json!(seq))
        );
        assert_eq!(page["items"].as_array().unwrap().len(), 3, "{page}");
    }
    others.await.unwrap();
    server.stopped().await;
}
