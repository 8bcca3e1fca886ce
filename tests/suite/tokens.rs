//! Personal tokens: made, used in place of a login, listed, and revoked.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{JsonSocket, TestServer, User, within};

const TOKENS: &str = "/api/me/tokens";

/// The end of a token must be felt this soon.
const SOON: Duration = Duration::from_secs(1);

/// A token, and a program of its owner's that has nothing else.
async fn program(owner: &User, scope: &str) -> (i64, User) {
    let body = json!({ "name": "backup", "scope": scope });
    let made = owner.post(TOKENS, body).await.expect(201);
    let token = made["token"].as_str().unwrap().to_owned();
    let mut program = owner.clone();
    program.token = token;
    program.refresh_token.clear();
    (made["id"].as_i64().unwrap(), program)
}

async fn assert_closed_as_ended(socket: JsonSocket) {
    let closed = tokio::time::timeout(SOON, socket.closed()).await;
    let closed = closed.expect("a socket of a revoked token closes within a second");
    assert_eq!(closed.code, 4401, "{closed:?}");
}

#[tokio::test]
async fn a_token_is_shown_once_and_listed_without_itself() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let body = json!({ "name": " nightly ", "scope": "read", "expires_in": 3600 });
    let made = ana.post(TOKENS, body).await.expect(201);
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("parlor_") && token.len() == 39, "{token}");
    assert_eq!(made["name"], "nightly");
    assert!(made["expires_at"].is_string(), "{made}");
    program(&ana, "write").await;

    let listed = ana.get(TOKENS).await;
    assert!(!listed.text.contains("parlor_"), "{}", listed.text);
    let items = listed.expect(200)["items"].take();
    assert_eq!(items.as_array().unwrap().len(), 2, "{items}");
    let (newest, oldest) = (&items[0], &items[1]);
    assert_eq!(newest["scope"], "write");
    assert_eq!(newest["expires_at"], Value::Null);
    assert_eq!(newest["last_used_at"], Value::Null);
    assert_eq!(oldest["id"], made["id"]);
    assert_eq!(oldest["expires_at"], made["expires_at"]);

    // They are no devices.
    let sessions = ana.get("/api/me/sessions").await.expect(200);
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "{sessions}");
    server.stopped().await;
}

#[tokio::test]
async fn a_token_is_good_wherever_a_bearer_token_is() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (_, program) = program(&ana, "write").await;
    let me = program.get("/api/me").await.expect(200);
    assert_eq!(me["user"]["id"], ana.id);
    let (mut listener, _) = ben.connect().await;
    program.say(&room, "backup done").await;
    assert_eq!(listener.next_message().await["body"], "backup done");
    let (mut socket, ready) = program.connect().await;
    assert_eq!(ready["user"]["id"], ana.id);
    socket.say(&room, "k1", "and again").await;
    assert_eq!(socket.next_of("ack").await["key"], "k1");
    let mut terminal = program.terminal(&room, "").await;
    terminal.enter("hello").await;
    listener.next_message().await;
    assert_eq!(listener.next_message().await["body"], "hello");
    server.stopped().await;
}

#[tokio::test]
async fn a_read_token_changes_nothing() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let said = ana.say(&room, "one").await;
    let (_, reader) = program(&ana, "read").await;
    let page = format!("/api/rooms/{}/messages", room.id);
    assert_eq!(
        reader.get(&page).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let read = format!("/api/rooms/{}/read", room.id);
    for refused in [
        reader.post(&page, json!({ "body": "no" })).await,
        reader.put(&read, json!({ "seq": 1 })).await,
        reader
            .patch("/api/me", json!({ "display_name": "x" }))
            .await,
        reader.delete(&format!("/api/rooms/{}", room.id)).await,
        reader
            .post(TOKENS, json!({ "name": "x", "scope": "write" }))
            .await,
        reader.post("/api/auth/signout", json!({})).await,
    ] {
        refused.refused(403, "read_only");
    }
    assert_eq!(ana.history(&room).await.len(), 2);

    let (mut socket, _) = reader.connect().await;
    let (id, seq) = (room.id, &said["seq"]);
    for (command, key) in [
        (
            json!({ "type": "send", "key": "a", "room_id": id, "body": "x" }),
            "a",
        ),
        (
            json!({ "type": "edit", "key": "b", "room_id": id, "seq": seq, "body": "x" }),
            "b",
        ),
        (
            json!({ "type": "delete", "key": "c", "room_id": id, "seq": seq }),
            "c",
        ),
        (
            json!({ "type": "react", "key": "d", "room_id": id, "seq": seq, "emoji": "👍", "on": true }),
            "d",
        ),
    ] {
        socket.send(command).await;
        let error = socket.next_of("error").await;
        assert_eq!(
            (&error["code"], &error["key"]),
            (&json!("read_only"), &json!(key))
        );
    }
    socket
        .send(json!({ "type": "read", "room_id": id, "seq": seq }))
        .await;
    assert_eq!(socket.next_of("error").await["code"], "read_only");
    socket
        .send(json!({ "type": "sync", "rooms": { id.to_string(): 0 } }))
        .await;
    socket.next_of("synced").await;
    ana.say(&room, "two").await;
    assert_eq!(socket.next_message().await["body"], "two");

    let mut terminal = reader.terminal(&room, "").await;
    for line in ["hello", "/me waves", "/topic mine", "/leave", "/delete 2"] {
        terminal.enter(line).await;
        terminal.next_with("may only read").await;
    }
    terminal.enter("/history 1").await;
    terminal.next_with("two").await;
    server.stopped().await;
}

#[tokio::test]
async fn a_revoked_token_ends_with_its_sockets_and_leaves_the_others() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let (id, first) = program(&ana, "write").await;
    let (_, second) = program(&ana, "write").await;
    let (socket, _) = first.connect().await;
    let (mut other, _) = second.connect().await;
    let (mut own, _) = ana.connect().await;
    let path = format!("{TOKENS}/{id}");
    ana.delete(&path).await.expect(204);
    assert_closed_as_ended(socket).await;
    first.get("/api/me").await.refused(401, "unauthorized");
    second.get("/api/me").await.expect(200);
    other.still_answers().await;
    own.still_answers().await;
    ana.delete(&path).await.refused(404, "not_found");
    let left = ana.get(TOKENS).await.expect(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
    server.stopped().await;
}

#[tokio::test]
async fn a_token_outlives_restarts_and_another_password_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let ana = server.user("ana").await;
    let (kept, keeps) = program(&ana, "write").await;
    let (gone, goes) = program(&ana, "write").await;
    goes.get("/api/me").await.expect(200);
    ana.delete(&format!("{TOKENS}/{gone}")).await.expect(204);
    let change = json!({ "current": crate::support::PASSWORD, "new": "battery staple" });
    ana.post("/api/auth/password", change).await.expect(204);
    server.stopped().await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let keeps = keeps.at(server.address);
    keeps.get("/api/me").await.expect(200);
    goes.at(server.address)
        .get("/api/me")
        .await
        .refused(401, "unauthorized");
    keeps.delete(&format!("{TOKENS}/{kept}")).await.expect(204);
    keeps.get("/api/me").await.refused(401, "unauthorized");
    server.stopped().await;
}

#[tokio::test]
async fn the_last_use_of_a_token_is_listed() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let (_, program) = program(&ana, "read").await;
    program.get("/api/me").await.expect(200);
    // It is stored behind the answer.
    within("the last use", async {
        while ana.get(TOKENS).await.expect(200)["items"][0]["last_used_at"].is_null() {}
    })
    .await;
    server.stopped().await;
}

#[tokio::test]
async fn a_token_that_has_run_out_lets_nobody_in() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let body = json!({ "name": "short", "scope": "write", "expires_in": 1 });
    let made = ana.post(TOKENS, body).await.expect(201);
    let mut program = ana.clone();
    made["token"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.token);
    within("the end of a second", async {
        while program.get("/api/me").await.status != 401 {}
    })
    .await;
    let left = ana.get(TOKENS).await.expect(200);
    assert_eq!(left["items"], json!([]));
    server.stopped().await;
}

#[tokio::test]
async fn what_is_no_token_is_told_why() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    for (body, pointer) in [
        (json!({ "scope": "read" }), "/name"),
        (json!({ "name": " ", "scope": "read" }), "/name"),
        (json!({ "name": "x" }), "/scope"),
        (json!({ "name": "x", "scope": "admin" }), "/scope"),
        (
            json!({ "name": "x", "scope": "read", "expires_in": 0 }),
            "/expires_in",
        ),
        (
            json!({ "name": "x", "scope": "read", "expires_in": 1_000_000_000_000_u64 }),
            "/expires_in",
        ),
    ] {
        let problem = ana.post(TOKENS, body).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let mut stranger = ana.clone();
    for token in ["parlor_", "parlor_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        token.clone_into(&mut stranger.token);
        stranger.get("/api/me").await.refused(401, "unauthorized");
    }
    // Somebody else's token is none of one's own.
    let ben = server.user("ben").await;
    let (id, mut program) = program(&ben, "write").await;
    ana.delete(&format!("{TOKENS}/{id}"))
        .await
        .refused(404, "not_found");
    // A login is no token, and a token makes none.
    let session = ana.get("/api/me").await.expect(200)["session_id"].take();
    ana.delete(&format!("{TOKENS}/{session}"))
        .await
        .refused(404, "not_found");
    let another = json!({ "name": "x", "scope": "write" });
    program
        .post(TOKENS, another)
        .await
        .refused(403, "forbidden");
    program.token.push('x');
    program.get("/api/me").await.refused(401, "unauthorized");
    server.stopped().await;
}

#[tokio::test]
async fn one_has_fifty_tokens_at_most() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let (first, _) = program(&ana, "read").await;
    for _ in 1..50 {
        program(&ana, "read").await;
    }
    let body = json!({ "name": "one more", "scope": "read" });
    ana.post(TOKENS, body).await.refused(409, "too_many");
    ana.delete(&format!("{TOKENS}/{first}")).await.expect(204);
    program(&ana, "read").await;
    server.stopped().await;
}
