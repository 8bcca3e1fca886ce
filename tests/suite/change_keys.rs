//! Idempotency keys of edits, deletions and reactions, and of posts over HTTP.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::support::{JsonSocket, Reply, Room, TestServer, User, database, execute, within};

/// How many keys of one user the server remembers at most.
const MAX_KEYS: i64 = 1000;

fn edit(room: &Room, key: &str, seq: &Value, body: &str) -> Value {
    json!({ "type": "edit", "key": key, "room_id": room.id, "seq": seq, "body": body })
}

fn react(room: &Room, key: &str, seq: &Value, on: bool) -> Value {
    json!({ "type": "react", "key": key, "room_id": room.id, "seq": seq, "emoji": "👍", "on": on })
}

fn delete(room: &Room, key: &str, seq: &Value) -> Value {
    json!({ "type": "delete", "key": key, "room_id": room.id, "seq": seq })
}

async fn answer(socket: &mut JsonSocket, command: Value) -> Value {
    socket.send(command).await;
    socket.answer().await
}

fn path(room: &Room, seq: &Value) -> String {
    format!("/api/rooms/{}/messages/{seq}", room.id)
}

async fn body_of(user: &User, room: &Room, seq: &Value) -> Value {
    user.get(&path(room, seq)).await.expect(200)["body"].clone()
}

/// A call with the header `Idempotency-Key`.
async fn call(user: &User, method: Method, path: &str, key: &str, body: Value) -> Reply {
    let request = user.request(method, path).header("idempotency-key", key);
    Reply::of(request.json(&body)).await
}

#[tokio::test]
async fn retried_change_returns_the_first_result() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let seq = ana.send_message(&room, "zero").await["seq"].clone();
    let (mut socket, _) = ana.connect().await;

    // The key of the retry is that of the first edit, not of the one that followed it.
    let first = answer(&mut socket, edit(&room, "e1", &seq, "one")).await;
    let second = answer(&mut socket, edit(&room, "e2", &seq, "two")).await;
    assert_eq!(
        (&first["type"], &second["type"]),
        (&json!("ack"), &json!("ack"))
    );
    assert_eq!(
        answer(&mut socket, edit(&room, "e1", &seq, "one")).await,
        first
    );
    assert_eq!(body_of(&ana, &room, &seq).await, "two");

    let on = answer(&mut socket, react(&room, "r1", &seq, true)).await;
    let off = answer(&mut socket, react(&room, "r2", &seq, false)).await;
    assert_ne!(on["rev"], off["rev"]);
    assert_eq!(
        answer(&mut socket, react(&room, "r1", &seq, true)).await,
        on
    );
    let message = ana.get(&path(&room, &seq)).await.expect(200);
    assert_eq!(
        (&message["reactions"], &message["rev"]),
        (&json!({}), &off["rev"])
    );

    let gone = answer(&mut socket, delete(&room, "d1", &seq)).await;
    assert_eq!(gone["type"], "ack", "{gone}");
    assert_eq!(answer(&mut socket, delete(&room, "d1", &seq)).await, gone);
    // Also of a message that is gone by now; without its key, the retry is a new command.
    assert_eq!(
        answer(&mut socket, edit(&room, "e2", &seq, "two")).await,
        second
    );
    let late = answer(&mut socket, delete(&room, "d2", &seq)).await;
    assert_eq!(late["code"], "not_found", "{late}");
    // Keys belong to one user: for another user this is no repetition.
    let (mut bens, _) = ben.connect().await;
    let theirs = answer(&mut bens, edit(&room, "e2", &seq, "two")).await;
    assert_eq!(theirs["code"], "not_found", "{theirs}");
    server.stopped().await;
}

#[tokio::test]
async fn known_key_with_other_content_is_a_conflict() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let seq = ana.send_message(&room, "zero").await["seq"].clone();
    let other = ana.send_message(&room, "other").await["seq"].clone();
    let (mut socket, _) = ana.connect().await;
    for command in [edit(&room, "k", &seq, "one"), react(&room, "k", &seq, true)] {
        let acked = answer(&mut socket, command).await;
        assert_eq!(
            (&acked["type"], &acked["key"]),
            (&json!("ack"), &json!("k")),
            "{acked}"
        );
    }
    for command in [
        edit(&room, "k", &seq, "two"),
        edit(&room, "k", &other, "one"),
        react(&room, "k", &seq, false),
    ] {
        let refused = answer(&mut socket, command).await;
        let code = (&refused["code"], &refused["key"]);
        assert_eq!(code, (&json!("key_conflict"), &json!("k")), "{refused}");
    }
    // A refused command leaves its key unused.
    let refused = answer(&mut socket, edit(&room, "free", &json!(99), "one")).await;
    assert_eq!(refused["code"], "not_found", "{refused}");
    let acked = answer(&mut socket, edit(&room, "free", &other, "one")).await;
    assert_eq!(acked["type"], "ack", "{acked}");
    server.stopped().await;
}

#[tokio::test]
async fn send_and_edit_may_share_a_key() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    socket.send_message(&room, "k", "helo").await;
    let sent = socket.answer().await;
    let edited = answer(&mut socket, edit(&room, "k", &sent["seq"], "hello")).await;
    assert_eq!(edited["type"], "ack", "{edited}");
    assert_ne!(edited["rev"], sent["rev"]);
    // The retry of the send carries the numbers of the send, not those of the edit.
    socket.send_message(&room, "k", "helo").await;
    assert_eq!(socket.answer().await, sent);
    assert_eq!(
        answer(&mut socket, edit(&room, "k", &sent["seq"], "hello")).await,
        edited
    );
    server.stopped().await;
}

/// A client that skips to the `rev` of an ack would otherwise skip what happened before it.
#[tokio::test]
async fn repeated_send_is_acked_with_first_seq_and_rev() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ana.connect().await;
    socket.send_message(&room, "k", "tea").await;
    let first = socket.answer().await;
    for (round, on) in [true, false, true].into_iter().enumerate() {
        let emoji = format!("{}/reactions/👍", path(&room, &first["seq"]));
        let method = if on { Method::PUT } else { Method::DELETE };
        Reply::of(ben.request(method, &emoji)).await.is(204);
        socket.send_message(&room, "k", "tea").await;
        assert_eq!(socket.answer().await, first, "after change {round}");
    }
    // Over HTTP the answer is the message as it is now.
    let posts = format!("/api/rooms/{}/messages", room.id);
    let again = ana.post(&posts, json!({ "body": "tea", "key": "k" })).await;
    let again = again.expect(200);
    assert_eq!(
        again["rev"].as_i64(),
        first["rev"].as_i64().map(|rev| rev + 3)
    );
    // Repeats that reach the disk together with their first.
    for _ in 0..3 {
        socket.send_message(&room, "new", "more tea").await;
    }
    let new = socket.answer().await;
    assert_eq!(new["type"], "ack", "{new}");
    assert_eq!(
        (socket.answer().await, socket.answer().await),
        (new.clone(), new)
    );
    server.stopped().await;
}

#[tokio::test]
async fn non_member_learns_nothing_about_keys() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let seq = ben.send_message(&room, "zero").await["seq"].clone();
    let message = path(&room, &seq);
    let body = json!({ "body": "one" });
    call(&ben, Method::PATCH, &message, "k", body.clone())
        .await
        .expect(200);
    ana.kick(&room, &ben).await;
    for body in [body, json!({ "body": "two" })] {
        let reply = call(&ben, Method::PATCH, &message, "k", body).await;
        reply.refused(404, "not_found");
    }
    server.stopped().await;
}

#[tokio::test]
async fn http_accepts_key_as_header_or_parameter() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let posts = format!("/api/rooms/{}/messages", room.id);

    // `curl --retry` with plain text.
    let plain = |key: &str, query: &str, body: &'static str| {
        let mut request = ana.request(Method::POST, &format!("{posts}{query}"));
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        Reply::of(request.header(CONTENT_TYPE, "text/plain").body(body))
    };
    let first = plain("a", "", "Backup done").await.expect(201);
    assert_eq!(first["key"], "a");
    assert_eq!(plain("a", "", "Backup done").await.expect(200), first);
    assert_eq!(plain("", "?key=a", "Backup done").await.expect(200), first);
    plain("a", "", "Backup failed")
        .await
        .refused(409, "key_conflict");
    // JSON keeps its own field, and several ways of saying the same are no contradiction.
    let post = json!({ "body": "Backup done", "key": "a" });
    let same = call(
        &ana,
        Method::POST,
        &format!("{posts}?key=a"),
        "a",
        post.clone(),
    )
    .await;
    assert_eq!(same.expect(200), first);

    let seq = first["seq"].clone();
    let message = path(&room, &seq);
    let thumb = format!("{message}/reactions/👍");
    let body = json!({ "body": "Backup done!" });
    let edited = call(&ana, Method::PATCH, &message, "e", body.clone())
        .await
        .expect(200);
    ana.patch(&message, json!({ "body": "Backup really done" }))
        .await
        .expect(200);
    let again = ana
        .patch(&format!("{message}?key=e"), body)
        .await
        .expect(200);
    assert_eq!(
        again["body"], "Backup really done",
        "the message as it is now"
    );
    assert_ne!(again["rev"], edited["rev"]);
    let conflict = call(&ana, Method::PATCH, &message, "e", json!({ "body": "no" })).await;
    conflict.refused(409, "key_conflict");

    call(&ana, Method::PUT, &thumb, "r", Value::Null)
        .await
        .is(204);
    ana.delete(&thumb).await.is(204);
    call(&ana, Method::PUT, &thumb, "r", Value::Null)
        .await
        .is(204);
    assert_eq!(ana.get(&message).await.expect(200)["reactions"], json!({}));
    call(&ana, Method::DELETE, &thumb, "r", Value::Null)
        .await
        .refused(409, "key_conflict");

    call(&ana, Method::DELETE, &message, "d", Value::Null)
        .await
        .is(204);
    call(&ana, Method::DELETE, &message, "d", Value::Null)
        .await
        .is(204);
    ana.delete(&message).await.refused(404, "not_found");
    // A key names a command however it came.
    let (mut socket, _) = ana.connect().await;
    let acked = answer(&mut socket, delete(&room, "d", &seq)).await;
    assert_eq!(acked["type"], "ack", "{acked}");
    server.stopped().await;
}

#[tokio::test]
async fn contradicting_keys_are_refused() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let posts = format!("/api/rooms/{}/messages", room.id);
    let message = path(&room, &ana.send_message(&room, "tea").await["seq"]);
    let body = json!({ "body": "tea" });
    let keyed = json!({ "body": "tea", "key": "c" });
    for (method, path, key, body, pointer) in [
        (
            Method::POST,
            format!("{posts}?key=b"),
            "a",
            body.clone(),
            "/key",
        ),
        (Method::POST, posts.clone(), "a", keyed.clone(), "/key"),
        (Method::POST, format!("{posts}?key=c"), "a", keyed, "/key"),
        (
            Method::PATCH,
            format!("{message}?key=b"),
            "a",
            body.clone(),
            "/key",
        ),
        (
            Method::DELETE,
            format!("{message}?key=b"),
            "a",
            Value::Null,
            "/key",
        ),
        (
            Method::PUT,
            format!("{message}/reactions/👍?key=b"),
            "a",
            Value::Null,
            "/key",
        ),
        (
            Method::PATCH,
            message.clone(),
            "a b",
            body.clone(),
            "/Idempotency-Key",
        ),
        (
            Method::POST,
            posts.clone(),
            "ä",
            body.clone(),
            "/Idempotency-Key",
        ),
        (
            Method::POST,
            format!("{posts}?key="),
            "",
            body.clone(),
            "/key",
        ),
    ] {
        let mut request = ana.request(method.clone(), &path);
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        let problem = Reply::of(request.json(&body)).await.refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{method} {path}: {problem}"
        );
    }
    assert_eq!(ana.history(&room).await.len(), 2, "nothing was written");
    server.stopped().await;
}

#[tokio::test]
async fn keys_survive_a_restart_and_expire_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TestServer::on(data.clone(), |_| {}).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let seq = ana.send_message(&room, "zero").await["seq"].clone();
    let (mut socket, _) = ana.connect().await;
    let first = answer(&mut socket, edit(&room, "k", &seq, "one")).await;
    answer(&mut socket, edit(&room, "later", &seq, "two")).await;
    drop(socket);
    server.stopped().await;

    let server = TestServer::on(data.clone(), |_| {}).await;
    let again = ana.at(server.address);
    let (mut socket, _) = again.connect().await;
    assert_eq!(
        answer(&mut socket, edit(&room, "k", &seq, "one")).await,
        first
    );
    assert_eq!(body_of(&again, &room, &seq).await, "two");
    // An expired key counts no more, whether or not it was swept up.
    execute(
        &data,
        "update command_keys set created_at = created_at - 86400000 where key = 'k'",
    )
    .await;
    let anew = answer(&mut socket, edit(&room, "k", &seq, "three")).await;
    assert_eq!(anew["type"], "ack", "{anew}");
    assert_eq!(body_of(&again, &room, &seq).await, "three");
    drop(socket);
    server.stopped().await;

    execute(
        &data,
        "update command_keys set created_at = created_at - 86400000 where key = 'k'",
    )
    .await;
    let server = TestServer::on(data.clone(), |_| {}).await;
    let mut database = database(&data).await;
    within("expired keys to be swept up", async {
        loop {
            let keys: Vec<String> = sqlx::query_scalar("select key from command_keys")
                .fetch_all(&mut database)
                .await
                .unwrap();
            if keys == ["later"] {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await;
    server.stopped().await;
}

#[tokio::test]
async fn oldest_keys_are_removed_beyond_the_limit() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let seq = ana.send_message(&room, "zero").await["seq"].clone();
    let (mut bens, _) = ben.connect().await;
    let theirs = answer(&mut bens, react(&room, "k", &seq, true)).await;
    let (mut socket, _) = ana.connect().await;
    let mut acks = Vec::new();
    for number in 0..=MAX_KEYS {
        let command = react(&room, &format!("k{number}"), &seq, number % 2 == 0);
        acks.push(answer(&mut socket, command).await);
    }
    // The second is still known. The first is not: it is done anew.
    assert_eq!(
        answer(&mut socket, react(&room, "k1", &seq, false)).await,
        acks[1]
    );
    let anew = answer(&mut socket, react(&room, "k0", &seq, false)).await;
    assert_eq!(anew["type"], "ack", "{anew}");
    // Other people's keys are not counted.
    assert_eq!(
        answer(&mut bens, react(&room, "k", &seq, true)).await,
        theirs
    );
    let mut database = database(&server.folder()).await;
    let count: i64 = sqlx::query_scalar("select count(*) from command_keys where user_id = ?1")
        .bind(ana.id)
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(count, MAX_KEYS);
    server.stopped().await;
}
