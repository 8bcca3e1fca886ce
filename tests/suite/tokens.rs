//! Personal tokens: made, used in place of a login, listed, and revoked.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    files::{fetch, send, sent, uploaded, url},
    support::{JsonSocket, PASSWORD, Reply, Room, TestServer, User, execute, within},
};

const TOKENS: &str = "/api/me/tokens";

/// The end of a token must be felt this soon.
const SOON: Duration = Duration::from_secs(1);

/// A token, and a program of its owner's that has nothing else.
async fn program(owner: &User, scope: &str) -> (i64, User) {
    program_by(owner, json!({ "name": "backup", "scope": scope })).await
}

/// Makes a token that is limited to these rooms.
async fn program_in(owner: &User, scope: &str, rooms: &[&Room]) -> User {
    let rooms: Vec<i64> = rooms.iter().map(|room| room.id).collect();
    let body = json!({ "name": "backup", "scope": scope, "rooms": rooms });
    program_by(owner, body).await.1
}

async fn program_by(owner: &User, body: Value) -> (i64, User) {
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
async fn token_is_shown_once() {
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
async fn token_works_as_a_bearer_token_everywhere() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (_, program) = program(&ana, "write").await;
    let me = program.get("/api/me").await.expect(200);
    assert_eq!(me["user"]["id"], ana.id);
    let (mut listener, _) = ben.connect().await;
    program.send_message(&room, "backup done").await;
    assert_eq!(listener.next_message().await["body"], "backup done");
    let (mut socket, ready) = program.connect().await;
    assert_eq!(ready["user"]["id"], ana.id);
    socket.send_message(&room, "k1", "and again").await;
    assert_eq!(socket.next_of("ack").await["key"], "k1");
    let mut terminal = program.terminal(&room, "").await;
    terminal.enter("hello").await;
    listener.next_message().await;
    assert_eq!(listener.next_message().await["body"], "hello");
    server.stopped().await;
}

#[tokio::test]
async fn read_token_changes_nothing() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let said = ana.send_message(&room, "one").await;
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
    ana.send_message(&room, "two").await;
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
async fn revoked_token_closes_its_sockets_only() {
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
async fn token_survives_restart_and_password_change() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let ana = server.user("ana").await;
    let (kept, keeps) = program(&ana, "write").await;
    let (gone, goes) = program(&ana, "write").await;
    goes.get("/api/me").await.expect(200);
    ana.delete(&format!("{TOKENS}/{gone}")).await.expect(204);
    let change = json!({ "current": PASSWORD, "new": "battery staple" });
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
async fn last_use_of_a_token_is_listed() {
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
async fn expired_token_is_refused() {
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
async fn invalid_token_request_is_explained() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let own = ana.create_room("own").await;
    let elsewhere = server.user("cid").await.create_room("elsewhere").await;
    for (body, pointer) in [
        (json!({ "scope": "read" }), "/name"),
        (json!({ "name": " ", "scope": "read" }), "/name"),
        (json!({ "name": "x" }), "/scope"),
        (json!({ "name": "x", "scope": "owner" }), "/scope"),
        (
            json!({ "name": "x", "scope": "read", "rooms": [] }),
            "/rooms",
        ),
        (
            json!({ "name": "x", "scope": "read", "rooms": [999] }),
            "/rooms",
        ),
        (
            json!({ "name": "x", "scope": "write", "rooms": [elsewhere.id] }),
            "/rooms",
        ),
        (
            json!({ "name": "x", "scope": "admin", "rooms": [own.id] }),
            "/rooms",
        ),
        (
            json!({ "name": "x", "scope": "post", "rooms": vec![own.id; 101] }),
            "/rooms",
        ),
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
    // Tokens of other users cannot be revoked.
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
        .refused(403, "out_of_scope");
    program.token.push('x');
    program.get("/api/me").await.refused(401, "unauthorized");
    server.stopped().await;
}

#[tokio::test]
async fn user_has_at_most_50_tokens() {
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

/// That a call was refused for want of a scope, which the answer names.
#[track_caller]
fn assert_missing_scope(reply: &Reply, scope: &str) {
    let problem = reply.refused(403, "out_of_scope");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("scope {scope};")), "{detail}");
}

#[tokio::test]
async fn only_admin_scope_administers() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let reset = format!("/api/admin/users/{}/reset", ben.id);
    let grant = format!("/api/admin/users/{}/admin", ben.id);
    let disabled = format!("/api/admin/users/{}/disabled", ben.id);
    let (_, writer) = program(&ana, "write").await;
    assert_missing_scope(&writer.post(&reset, Value::Null).await, "admin");
    assert_missing_scope(&writer.put(&grant, Value::Null).await, "admin");
    assert_missing_scope(&writer.put(&disabled, Value::Null).await, "admin");
    assert_missing_scope(&writer.delete("/api/admin/reports/1").await, "admin");
    let (_, cron) = program(&ana, "post").await;
    assert_missing_scope(&cron.put(&grant, Value::Null).await, "admin");
    assert_missing_scope(&cron.get("/api/admin/audit").await, "read");
    let (_, reader) = program(&ana, "read").await;
    let answer = reader.post(&reset, Value::Null).await;
    answer.refused(403, "read_only");
    for program in [&reader, &writer] {
        for path in ["/api/admin/audit", "/api/admin/reports", "/api/admin/users"] {
            program.get(path).await.expect(200);
        }
    }

    // A user who is no admin makes none, and has nothing to read there.
    let admin = json!({ "name": "x", "scope": "admin" });
    let refused = ben.post(TOKENS, admin.clone()).await;
    refused.refused(403, "forbidden");
    let (_, of_ben) = program(&ben, "read").await;
    let refused = of_ben.get("/api/admin/audit").await;
    refused.refused(403, "forbidden");

    // It includes what a token to write with may.
    let (_, script) = program(&ana, "admin").await;
    let room = script.create_room("lobby").await;
    script.send_message(&room, "hello").await;
    script.post(&reset, Value::Null).await.expect(200);
    script.put(&grant, Value::Null).await.expect(204);
    let made_by_a_token = script.post(TOKENS, admin).await;
    made_by_a_token.refused(403, "out_of_scope");

    // With the owner's right the token's goes at once, and comes back with it.
    let of_ana = format!("/api/admin/users/{}/admin", ana.id);
    ben.delete(&of_ana).await.expect(204);
    let refused = script.put(&of_ana, Value::Null).await;
    refused.refused(403, "forbidden");
    let refused = script.get("/api/admin/audit").await;
    refused.refused(403, "forbidden");
    script.send_message(&room, "still here").await;
    ben.put(&of_ana, Value::Null).await.expect(204);
    script.get("/api/admin/audit").await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn tokens_cannot_change_passwords_sessions_or_other_tokens() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    ana.create_room("lobby").await;
    let phone = ana.sign_in_again().await;
    let session = phone.get("/api/me").await.expect(200)["session_id"].take();
    let (other, _) = program(&ana, "read").await;
    let password = json!({ "current": PASSWORD, "new": "battery staple" });
    let end = json!({ "password": PASSWORD, "messages": "keep" });
    for scope in ["read", "post", "write", "admin"] {
        let (own, script) = program(&ana, scope).await;
        let change = if scope == "read" {
            "read_only"
        } else {
            "out_of_scope"
        };
        let refused = script.post("/api/auth/password", password.clone()).await;
        refused.refused(403, change);
        let refused = Reply::of(script.request(Method::DELETE, "/api/me").json(&end)).await;
        refused.refused(403, change);
        let refused = script.get("/api/me/sessions").await;
        refused.refused(403, "out_of_scope");
        for path in [
            format!("/api/me/sessions/{session}"),
            format!("/api/me/sessions/{own}"),
            format!("{TOKENS}/{other}"),
            format!("{TOKENS}/999"),
        ] {
            script.delete(&path).await.refused(403, change);
        }
        if scope == "post" {
            assert_missing_scope(&script.get(TOKENS).await, "read");
            assert_missing_scope(&script.get("/api/me/export").await, "read");
        } else {
            let listed = script.get(TOKENS).await.expect(200);
            let listed = listed["items"].as_array().unwrap();
            assert_eq!(listed.len(), 1, "{listed:?}");
            assert_eq!(
                (&listed[0]["id"], &listed[0]["scope"]),
                (&json!(own), &json!(scope))
            );
            let export = script.get("/api/me/export").await.expect(200);
            assert_eq!(export["rooms"].as_array().unwrap().len(), 1);
            assert!(export.get("sessions").is_none(), "{export}");
            assert!(export.get("tokens").is_none(), "{export}");
        }
        // It may give itself up.
        let path = format!("{TOKENS}/{own}");
        script.delete(&path).await.expect(204);
        script.get("/api/me").await.refused(401, "unauthorized");
    }
    // Nothing of all that was done.
    phone.get("/api/me").await.expect(200);
    ana.sign_in_again().await;
    let export = ana.get("/api/me/export").await.expect(200);
    assert!(
        export["sessions"].as_array().unwrap().len() >= 2,
        "{export}"
    );
    assert_eq!(export["tokens"][0]["id"], other);
    server.stopped().await;
}

#[tokio::test]
async fn post_token_sends_and_reads_nothing() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let secret = ben.send_message(&room, "the secret").await;
    let elsewhere = ben.create_room("elsewhere").await;
    let (_, cron) = program(&ana, "post").await;
    let page = format!("/api/rooms/{}/messages", room.id);

    let seq = secret["seq"].as_i64().unwrap();
    let body = json!({ "body": "noted", "reply_to": seq, "key": "k1" });
    for status in [201, 200] {
        let posted = cron.post(&page, body.clone()).await;
        assert!(!posted.text.contains("secret"), "{}", posted.text);
        let posted = posted.expect(status);
        assert_eq!(posted["reply_to"], seq);
        assert!(posted.get("quote").is_none(), "{posted}");
    }
    let seen = ana.post(&page, body.clone()).await.expect(200);
    assert_eq!(seen["quote"]["body"], "the secret");
    // A token that may not read is not told of later changes.
    let message = format!("{page}/{}", seen["seq"]);
    let edit = json!({ "body": "noted, by phone" });
    ana.patch(&message, edit).await.expect(200);
    let reaction = format!("{message}/reactions/%F0%9F%91%8D");
    ben.put(&reaction, Value::Null).await.expect(204);
    let again = cron.post(&page, body).await.expect(200);
    assert_eq!(
        (&again["body"], &again["edited_at"], &again["reactions"]),
        (&json!("noted"), &Value::Null, &json!({}))
    );
    let plain = cron.request(Method::POST, &page).body("Backup done");
    Reply::of(plain).await.expect(201);
    let file = uploaded(&cron, &room, "log.txt", "all well").await;
    send(&cron, &room, "the log", &[&file]).await.expect(201);
    let put = format!("/api/rooms/{}/files/again.txt", room.id);
    let put = cron.request(Method::PUT, &put).body("all well");
    Reply::of(put).await.expect(201);

    let refused = format!("/api/rooms/{}/messages", elsewhere.id);
    let refused = cron.post(&refused, json!({ "body": "x" })).await;
    refused.refused(404, "not_found");
    for path in [
        "/api/me",
        "/api/me/blocks",
        "/api/rooms",
        "/api/rooms?discover=1",
        "/api/search?q=secret",
        &page,
        &format!("{page}/{seq}"),
        &format!("/api/rooms/{}", room.id),
        &format!("/api/rooms/{}/members", room.id),
        &format!("/api/rooms/{}/pins", room.id),
        &format!("/api/users/{}", ben.id),
        &format!("/api/users/{}/avatar", ana.id),
        url(&file),
    ] {
        assert_missing_scope(&cron.get(path).await, "read");
        let head = Reply::of(cron.request(Method::HEAD, path)).await;
        head.is(403);
    }
    assert_missing_scope(&cron.patch(&message, json!({ "body": "x" })).await, "write");
    assert_missing_scope(&cron.delete(&message).await, "write");
    assert_missing_scope(
        &cron
            .put(&format!("{message}/reactions/+1"), Value::Null)
            .await,
        "write",
    );
    assert_missing_scope(
        &cron
            .put(&format!("/api/rooms/{}/read", room.id), json!({ "seq": 1 }))
            .await,
        "write",
    );
    for path in ["/ws".to_owned(), format!("/ws/{}", room.id)] {
        let handshake = cron
            .request(Method::GET, &path)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        assert_missing_scope(&Reply::of(handshake).await, "read");
    }
    server.stopped().await;
}

/// People with rooms, and a program of one of them that is limited to the room `here`.
struct Limited {
    server: TestServer,
    here: Room,
    there: Room,
    /// A public room that its owner is not in.
    open: i64,
    direct: i64,
    ana: User,
    ben: User,
    cid: User,
    dan: User,
    script: User,
}

impl Limited {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let (here, [ana, ben]) = server.room_of(["ana", "ben"]).await;
        let (cid, dan) = (server.user("cid").await, server.user("dan").await);
        let there = ana.create_room("there").await;
        cid.join(&there.code).await.expect(200);
        let open = json!({ "name": "square", "kind": "public" });
        let open = dan.post("/api/rooms", open).await.expect(201);
        let direct = json!({ "user_ids": [cid.id] });
        let direct = ana.post("/api/dms", direct).await.expect(201);
        let script = program_in(&ana, "write", &[&here]).await;
        Self {
            server,
            here,
            there,
            open: open["id"].as_i64().unwrap(),
            direct: direct["id"].as_i64().unwrap(),
            ana,
            ben,
            cid,
            dan,
            script,
        }
    }
}

#[tokio::test]
async fn room_limited_token_lists_no_other_rooms() {
    let Limited {
        server,
        here,
        there,
        open,
        ana,
        script,
        ..
    } = Limited::new().await;
    ana.send_message(&here, "needle here").await;
    ana.send_message(&there, "needle there").await;
    let ids = |rooms: &Value| -> Vec<i64> {
        let rooms = rooms.as_array().unwrap().iter();
        rooms.map(|room| room["id"].as_i64().unwrap()).collect()
    };
    let rooms = script.get("/api/rooms").await.expect(200);
    assert_eq!(ids(&rooms), [here.id]);
    let found = script.get("/api/rooms?discover=1").await.expect(200);
    assert_eq!(ids(&found), Vec::<i64>::new());
    let found = ana.get("/api/rooms?discover=1").await.expect(200);
    assert_eq!(ids(&found), [open]);
    let found = script.get("/api/search?q=needle").await.expect(200);
    let found = found["items"].as_array().unwrap().clone();
    assert!(
        found.iter().all(|hit| hit["room_id"] == here.id),
        "{found:?}"
    );
    within("the index", async {
        loop {
            let found = script.get("/api/search?q=needle&limit=1").await.expect(200);
            if found["items"].as_array().unwrap().len() == 1 {
                assert_eq!(found["items"][0]["room_id"], here.id, "{found}");
                break;
            }
        }
    })
    .await;
    within("the index of the other room", async {
        while ana.get("/api/search?q=needle").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len()
            < 2
        {}
    })
    .await;
    let found = script.get("/api/search?q=needle").await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    for name in ["there", &there.id.to_string(), "cid"] {
        let refused = script.get(&format!("/api/search?q=needle+in:{name}")).await;
        refused.refused(422, "invalid");
    }
    let export = script.get("/api/me/export").await.expect(200);
    assert_eq!(ids(&export["rooms"]), [here.id]);
    let messages = export["messages"].as_array().unwrap();
    assert!(!messages.is_empty());
    let other = messages.iter().find(|one| one["room_id"] != here.id);
    assert_eq!(other, None);

    server.stopped().await;
}

#[tokio::test]
async fn room_limited_token_reads_no_other_rooms() {
    let Limited {
        server,
        here,
        there,
        open,
        direct,
        ana,
        ben,
        cid,
        dan,
        script,
    } = Limited::new().await;
    let hidden = ana.send_message(&there, "needle there").await;
    let (file, _) = sent(&ana, &there, "a.txt", "private").await;

    // The rooms and what is in them.
    for id in [there.id, direct, open] {
        for path in [
            format!("/api/rooms/{id}"),
            format!("/api/rooms/{id}/messages"),
            format!("/api/rooms/{id}/messages?changed_since=0"),
            format!("/api/rooms/{id}/messages/{}", hidden["seq"]),
            format!("/api/rooms/{id}/messages/{}/history", hidden["seq"]),
            format!("/api/rooms/{id}/members"),
            format!("/api/rooms/{id}/pins"),
        ] {
            script.get(&path).await.refused(404, "not_found");
        }
        let path = format!("/api/rooms/{id}/messages");
        let refused = script.post(&path, json!({ "body": "x" })).await;
        refused.refused(404, "not_found");
    }
    for path in [url(&file).to_owned(), format!("{}/thumbnail", url(&file))] {
        let (refused, _) = fetch(&script, &path, &[]).await;
        refused.refused(404, "not_found");
    }

    // People: whom one meets elsewhere only, one does not know.
    let profile = script.get(&format!("/api/users/{}", ben.id)).await;
    profile.expect(200);
    for user in [&cid, &dan] {
        for path in [
            format!("/api/users/{}", user.id),
            format!("/api/users/{}/avatar", user.id),
        ] {
            ana.get(&path).await.is(200);
            script.get(&path).await.refused(404, "not_found");
        }
        let ban = format!("/api/rooms/{}/bans/{}", here.id, user.id);
        let refused = script.put(&ban, Value::Null).await;
        refused.refused(404, "not_found");
    }
    let me = script.get(&format!("/api/users/{}", ana.id)).await;
    assert_eq!(
        me.expect(200)["chat_rooms"],
        json!([{ "id": here.id, "name": "lobby" }])
    );

    let block = |user: &User| format!("/api/me/blocks/{}", user.id);
    ana.put(&block(&cid), Value::Null).await.expect(204);
    script.put(&block(&ben), Value::Null).await.expect(204);
    let refused = script.put(&block(&dan), Value::Null).await;
    refused.refused(404, "not_found");
    let blocks = script.get("/api/me/blocks").await.expect(200);
    let blocks = blocks["items"].as_array().unwrap();
    assert_eq!(blocks.len(), 1, "{blocks:?}");
    assert_eq!(blocks[0]["id"], ben.id);

    // No other room comes by what it does.
    for (path, body) in [
        ("/api/rooms", json!({ "name": "x" })),
        ("/api/rooms/join", json!({ "code": there.code })),
        ("/api/rooms/join", json!({ "room_id": open })),
        ("/api/dms", json!({ "user_ids": [ben.id] })),
    ] {
        let refused = script.post(path, body).await.refused(403, "out_of_scope");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("limited to some rooms"), "{detail}");
    }
    // Reports and the log cover every room.
    for path in ["/api/admin/audit", "/api/admin/reports", "/api/admin/users"] {
        ana.get(path).await.expect(200);
        script.get(path).await.refused(403, "out_of_scope");
    }
    let listed = script.get(TOKENS).await.expect(200);
    assert_eq!(listed["items"][0]["rooms"], json!([here.id]));
    server.stopped().await;
}

#[tokio::test]
async fn room_limited_token_receives_no_events_of_other_rooms() {
    let server = TestServer::start().await;
    let (here, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let there = ana.create_room("there").await;
    ben.join(&there.code).await.expect(200);
    ana.send_message(&there, "before").await;
    let script = program_in(&ana, "write", &[&here]).await;
    let (mut socket, ready) = script.connect().await;
    let rooms = ready["rooms"].as_array().unwrap();
    assert_eq!(rooms.len(), 1, "{ready}");
    assert_eq!(rooms[0]["id"], here.id);

    // The owner is seen everywhere, whatever they came with.
    let room = format!("/api/rooms/{}", there.id);
    within("the owner's presence", async {
        while ben.get(&room).await.expect(200)["online_count"] != 1 {}
    })
    .await;

    for command in [
        json!({ "type": "send", "key": "a", "room_id": there.id, "body": "x" }),
        json!({ "type": "edit", "key": "b", "room_id": there.id, "seq": 3, "body": "x" }),
        json!({ "type": "delete", "key": "c", "room_id": there.id, "seq": 3 }),
        json!({ "type": "react", "key": "d", "room_id": there.id, "seq": 3, "emoji": "👍", "on": true }),
        json!({ "type": "read", "room_id": there.id, "seq": 1, "force": true }),
        json!({ "type": "typing", "room_id": there.id }),
        json!({ "type": "sync", "rooms": { there.id.to_string(): 0 } }),
    ] {
        socket.send(command.clone()).await;
        let error = socket.next_of("error").await;
        assert_eq!(error["code"], "not_found", "{command}");
        assert_eq!(error["room_id"], there.id, "{command}");
    }

    // Events of other rooms, new ones included, do not come.
    ben.send_message(&there, "after").await;
    let read = format!("/api/rooms/{}/read", there.id);
    ana.put(&read, json!({ "seq": 1, "force": true }))
        .await
        .expect(200);
    let new = ana.create_room("new").await;
    ana.send_message(&new, "hello").await;
    let direct = json!({ "user_ids": [ana.id] });
    let direct = ben.post("/api/dms", direct).await.expect(201);
    let path = format!("/api/rooms/{}/messages", direct["id"]);
    ben.post(&path, json!({ "body": "psst" })).await.expect(201);
    let topic = json!({ "topic": "secret plans" });
    ana.patch(&room, topic).await.expect(200);
    ana.delete(&format!("/api/rooms/{}", new.id))
        .await
        .expect(204);
    ben.send_message(&here, "for all").await;
    loop {
        let heard = socket.next().await;
        let room = match heard["type"].as_str().unwrap() {
            "message" => &heard["message"]["room_id"],
            "room" => &heard["room"]["id"],
            _ => &heard["room_id"],
        };
        assert_eq!(room, here.id, "{heard}");
        if heard["message"]["body"] == "for all" {
            break;
        }
    }
    for heard in socket.still_answers().await {
        let room = &heard["room_id"];
        assert!(room.is_null() || room == here.id, "{heard}");
    }

    // Neither does a terminal show them.
    let handshake = script
        .request(Method::GET, &format!("/ws/{}", there.id))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    Reply::of(handshake).await.refused(404, "not_found");
    let mut terminal = script.terminal(&here, "").await;
    terminal.next_with("#lobby").await;
    terminal.enter("/rooms").await;
    let line = terminal.next_with("/ws/").await;
    assert!(line.contains("#lobby"), "{line}");
    terminal.enter("/search psst").await;
    let line = terminal.next().await;
    assert!(line.contains("nothing was found"), "{line}");
    terminal.enter("/msg @ben hi").await;
    terminal.next_with("limited to some rooms").await;
    server.stopped().await;
}

#[tokio::test]
async fn room_limit_survives_leaving_deletion_and_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (gone, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let kept = ana.create_room("kept").await;
    let other = ana.create_room("other").await;
    ben.join(&kept.code).await.expect(200);
    ben.join(&other.code).await.expect(200);
    let script = program_in(&ben, "read", &[&gone, &kept]).await;
    ana.delete(&format!("/api/rooms/{}", gone.id))
        .await
        .expect(204);
    ben.leave(&kept).await;
    let rooms = script.get("/api/rooms").await.expect(200);
    assert_eq!(rooms, json!([]), "no room left is not all rooms");
    server.stopped().await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (ben, script) = (ben.at(server.address), script.at(server.address));
    assert_eq!(script.get("/api/rooms").await.expect(200), json!([]));
    let path = format!("/api/rooms/{}", other.id);
    script.get(&path).await.refused(404, "not_found");
    ben.join(&kept.code).await.expect(200);
    let rooms = script.get("/api/rooms").await.expect(200);
    assert_eq!(rooms[0]["id"], kept.id, "{rooms}");
    server.stopped().await;
}

#[tokio::test]
async fn tokens_of_a_former_version_keep_scope_without_admin() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (_, reader) = program(&ana, "read").await;
    let (_, writer) = program(&ana, "write").await;
    server.stopped().await;
    execute(
        folder.path(),
        "create table former (
             session_id   integer primary key references sessions (id) on delete cascade,
             name         text    not null,
             scope        text    not null check (scope in ('read', 'write')),
             digest       blob    not null unique,
             last_used_at integer
         ) strict;
         insert into former select session_id, name, scope, digest, last_used_at from tokens;
         drop table tokens;
         alter table former rename to tokens;
         delete from _sqlx_migrations where version = 13;",
    )
    .await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (reader, writer) = (reader.at(server.address), writer.at(server.address));
    writer.send_message(&room, "hello").await;
    reader.get("/api/admin/audit").await.expect(200);
    let page = format!("/api/rooms/{}/messages", room.id);
    let refused = reader.post(&page, json!({ "body": "x" })).await;
    refused.refused(403, "read_only");
    let reset = format!("/api/admin/users/{}/reset", ana.id);
    assert_missing_scope(&writer.post(&reset, Value::Null).await, "admin");
    let listed = ana.at(server.address).get(TOKENS).await.expect(200);
    let listed = listed["items"].as_array().unwrap().iter();
    let listed: Vec<_> = listed
        .map(|token| (token["scope"].as_str().unwrap(), token["rooms"].is_null()))
        .collect();
    assert_eq!(listed, [("write", true), ("read", true)]);
    server.stopped().await;
}
