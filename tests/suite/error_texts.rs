//! Refusals of malformed requests: they name the field, its rule and an example, in plain English.

use futures_util::SinkExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Reply, Room, TestServer, User};

/// Terms of the program's own language and libraries, which mean nothing to a client.
const FOREIGN: [&str; 30] = [
    "struct",
    "enum",
    "variant",
    "i64",
    "u64",
    "u32",
    "u16",
    "u8",
    "usize",
    "f64",
    "serde",
    "deserialize",
    "Envelope",
    "TypedSend",
    "PostBody",
    "Command",
    "invalid type",
    "invalid value",
    "invalid digit",
    "missing field",
    "unknown field",
    "duplicate field",
    "expected",
    "sequence",
    "a map",
    "EOF",
    "at line",
    "parse",
    "::",
    "`",
];

/// That a text is in plain English.
#[track_caller]
fn is_plain(what: &str, text: &str) {
    assert!(!text.is_empty(), "{what}");
    for term in FOREIGN {
        assert!(
            !text.contains(term),
            "{term:?} in the answer to {what}: {text}"
        );
    }
    // `User_ids` is neither a name of a field nor a word.
    let capital = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word.contains('_') && word.starts_with(|first: char| first.is_uppercase()));
    assert!(!capital, "the answer to {what}: {text}");
}

async fn refused(user: &User, method: &Method, path: &str, body: &str) -> Reply {
    let request = user
        .request(method.clone(), path)
        .header("content-type", "application/json")
        .body(body.to_owned());
    Reply::of(request).await
}

/// The problem, all of whose texts are plain.
#[track_caller]
fn assert_plain_problem(what: &str, reply: &Reply) -> Value {
    let problem = reply.json();
    for member in ["title", "detail"] {
        is_plain(what, problem[member].as_str().unwrap_or_default());
    }
    for error in problem["errors"].as_array().into_iter().flatten() {
        is_plain(what, error["detail"].as_str().unwrap_or_default());
    }
    problem
}

/// Requests with a wrong field: the method, the path, the body, the field and what is said of it.
const FIELDS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "POST",
        "/api/rooms",
        r#"{"topic":"tea"}"#,
        "/name",
        r#"is missing; it must be text in double quotes, for example "name": "text""#,
    ),
    (
        "POST",
        "/api/rooms",
        r#"{"name":7}"#,
        "/name",
        r#"must be text in double quotes, for example "name": "text""#,
    ),
    (
        "POST",
        "/api/rooms",
        r#"{"name":"tea","kind":"secret"}"#,
        "/kind",
        r#"must be "public", "private" or "direct""#,
    ),
    (
        "POST",
        "/api/rooms",
        r#"{"name":"tea","kind":7}"#,
        "/kind",
        r#"must be "public", "private" or "direct""#,
    ),
    (
        "POST",
        "/api/dms",
        r#"{"user_ids":7}"#,
        "/user_ids",
        r#"must be a list, for example "user_ids": [7]"#,
    ),
    (
        "POST",
        "/api/dms",
        r#"{"user_ids":[1,"2"]}"#,
        "/user_ids/1",
        r#"must be a whole number, for example "user_ids": [7]"#,
    ),
    (
        "POST",
        "/api/dms",
        r#"{"user_ids":[1],"user_ids":[2]}"#,
        "/user_ids",
        "is given twice; give it once",
    ),
    (
        "POST",
        "/api/dms",
        r#"{"user_ids":[99999999999999999999]}"#,
        "/user_ids/0",
        r#"must be a whole number, for example "user_ids": [7]"#,
    ),
    (
        "POST",
        "/api/rooms/ROOM/messages",
        r#"{"body":"hi","colour":"red"}"#,
        "/colour",
        "is not a known field; leave it out",
    ),
    (
        "POST",
        "/api/rooms/ROOM/messages",
        r#"{"body":"hi","replyto":1}"#,
        "/replyto",
        r#"is not a known field; did you mean "reply_to"?"#,
    ),
    (
        "POST",
        "/api/rooms/ROOM/messages",
        r#"{"body":"hi","files":["nonsense"]}"#,
        "/files/0",
        "must be the id of an uploaded file: 32 digits 0-9 and a-f",
    ),
    (
        "PUT",
        "/api/rooms/ROOM/read",
        r#"{"seq":1.5}"#,
        "/seq",
        r#"must be a whole number, for example "seq": 7"#,
    ),
    (
        "PUT",
        "/api/rooms/ROOM/read",
        r#"{"seq":1,"force":"yes"}"#,
        "/force",
        r#"must be true or false, for example "force": true"#,
    ),
    (
        "PATCH",
        "/api/rooms/ROOM/members/me",
        r#"{"notify":"loud"}"#,
        "/notify",
        r#"must be "all", "mentions" or "none""#,
    ),
    (
        "PATCH",
        "/api/rooms/ROOM/members/me",
        "{}",
        "/notify",
        r#"is missing; it must be "all", "mentions" or "none""#,
    ),
    (
        "POST",
        "/api/me/tokens",
        r#"{"name":"script","scope":"read","expires_in":-1}"#,
        "/expires_in",
        r#"must be a whole number from 0, for example "expires_in": 7"#,
    ),
];

/// Bodies that are no JSON object, and what is said of them.
const NOT_JSON: &[(&str, &str)] = &[
    (
        "nonsense",
        r#"The body must be one JSON object, for example {"name": "value"}"#,
    ),
    (
        "[1]",
        r#"The body must be one JSON object, for example {"name": "value"}"#,
    ),
    (
        r#"{"name":"tea""#,
        r#"The body is not valid JSON: it ends too early (line 1, column 13); a valid one is {"name": "value"}"#,
    ),
    (
        r#"{"name":"tea",}"#,
        r#"The body is not valid JSON: there is a comma too many (line 1, column 15); a valid one is {"name": "value"}"#,
    ),
    (
        r#"{name:"tea"}"#,
        r#"The body is not valid JSON: a field name must stand in double quotes (line 1, column 2); a valid one is {"name": "value"}"#,
    ),
    (
        r#"{"name":tea}"#,
        r#"The body is not valid JSON: a value is not valid (line 1, column 10); a valid one is {"name": "value"}"#,
    ),
    (
        r#"{"name":"tea"} {}"#,
        r#"The body is not valid JSON: there is text after its end (line 1, column 16); a valid one is {"name": "value"}"#,
    ),
];

#[tokio::test]
async fn refused_body_names_field_rule_and_example() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for (method, path, body, pointer, detail) in FIELDS {
        let (method, path) = (method.parse().unwrap(), in_room(&room, path));
        let reply = refused(&ana, &method, &path, body).await;
        let problem = reply.refused(422, "invalid");
        let error = &problem["errors"][0];
        let error_for = (error["pointer"].as_str(), error["detail"].as_str());
        assert_eq!(
            error_for,
            (Some(*pointer), Some(*detail)),
            "{body}: {problem}"
        );
        assert_plain_problem(body, &reply);
    }
    for (body, detail) in NOT_JSON {
        let reply = refused(&ana, &Method::POST, "/api/rooms", body).await;
        let problem = reply.refused(400, "malformed");
        assert_eq!(problem["detail"], *detail, "{body}");
        assert_plain_problem(body, &reply);
    }
    server.stopped().await;
}

#[tokio::test]
async fn field_names_are_written_as_in_the_json() {
    let server = TestServer::start().await;
    let (_, [ana]) = server.room_of(["ana"]).await;
    let problem = ana.post("/api/dms", json!({ "user_ids": [] })).await;
    let problem = problem.refused(422, "invalid");
    assert_eq!(problem["title"], "The field user_ids must be 1 to 9 others");
    assert_eq!(problem["detail"], "user_ids must be 1 to 9 others");
    let problem = ana.post("/api/rooms", json!({ "name": " " })).await;
    assert_eq!(
        problem.refused(422, "invalid")["title"],
        "Name must not be blank"
    );
    server.stopped().await;
}

/// Values of every type, each wrong for most fields.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!("text"),
        json!([]),
        json!([[]]),
        json!([null]),
        json!({}),
        json!({ "x": {} }),
    ]
}

/// Routes that take a body, with the fields that each of them knows.
#[rustfmt::skip]
const ROUTES: &[(&str, &str, &[&str])] = &[
    ("POST", "/api/auth/signup", &["username", "password", "display_name", "code", "cookie"]),
    ("POST", "/api/auth/signin", &["username", "password", "cookie"]),
    ("POST", "/api/auth/refresh", &["refresh_token"]),
    ("POST", "/api/auth/password", &["current", "new"]),
    ("POST", "/api/auth/reset", &["token", "new"]),
    ("PATCH", "/api/me", &["display_name", "username", "about", "hide_last_seen"]),
    ("DELETE", "/api/me", &["password", "messages"]),
    ("POST", "/api/me/tokens", &["name", "scope", "expires_in"]),
    ("POST", "/api/dms", &["user_ids"]),
    ("POST", "/api/rooms/join", &["code", "access_code", "room_id"]),
    ("PATCH", "/api/rooms/ROOM", &["slow_mode_s", "locked"]),
    ("POST", "/api/rooms/ROOM/invites", &["expires_in", "max_uses"]),
    ("PATCH", "/api/rooms/ROOM/members/1", &["role"]),
    ("PATCH", "/api/rooms/ROOM/members/me", &["notify"]),
    ("PUT", "/api/rooms/ROOM/mutes/1", &["seconds"]),
    ("POST", "/api/rooms/ROOM/owner", &["user_id"]),
    ("POST", "/api/rooms/ROOM/messages", &["body", "key", "reply_to", "files", "colour"]),
    ("PATCH", "/api/rooms/ROOM/messages/2", &["body"]),
    ("POST", "/api/rooms/ROOM/messages/2/report", &["reason"]),
    ("PUT", "/api/rooms/ROOM/read", &["seq", "force"]),
];

/// Bodies that are not JSON in all the ways that a parser tells apart.
const BROKEN: &[&str] = &[
    "{",
    "{}",
    "[",
    "\"",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":\"\n\"}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":1e999}",
    "{\"a\":01}",
    "{\"a\":tru}",
];

#[tokio::test]
async fn refused_body_contains_no_rust_terms() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let said = ana.send_message(&room, "hi").await;
    assert_eq!(
        (ana.id, &said["seq"]),
        (1, &json!(2)),
        "as the routes name them"
    );
    let mut error_for = 0;
    for (method, path, fields) in ROUTES {
        let (method, path) = (method.parse().unwrap(), in_room(&room, path));
        for field in *fields {
            for value in values() {
                let body = json!({ *field: value }).to_string();
                let reply = refused(&ana, &method, &path, &body).await;
                if reply.status >= 400 {
                    assert_plain_problem(&format!("{method} {path} {body}"), &reply);
                    error_for += 1;
                }
            }
        }
        for body in BROKEN {
            let reply = refused(&ana, &method, &path, body).await;
            if reply.status >= 400 {
                assert_plain_problem(&format!("{method} {path} {body}"), &reply);
                error_for += 1;
            }
        }
    }
    assert!(error_for > 500, "only {error_for} were refused");
    server.stopped().await;
}

#[tokio::test]
async fn refused_query_or_path_contains_no_rust_terms() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let id = room.id;
    for (path, pointer, detail) in [
        (
            format!("/api/rooms/{id}/messages?limit=many"),
            "/limit",
            "must be a whole number from 0, without a sign or leading zeros, for example 50",
        ),
        (
            format!("/api/rooms/{id}/messages?limit=1&limit=2"),
            "/limit",
            "is given twice; give it once",
        ),
        (
            "/api/search".to_owned(),
            "/q",
            "is missing, for example ?q=tea",
        ),
        (
            "/api/search?q=tea&cursor=x".to_owned(),
            "/cursor",
            r#"must be the "next" of an earlier answer"#,
        ),
    ] {
        let reply = ana.get(&path).await;
        let problem = reply.refused(422, "invalid");
        let error = &problem["errors"][0];
        let error_for = (error["pointer"].as_str(), error["detail"].as_str());
        assert_eq!(
            error_for,
            (Some(pointer), Some(detail)),
            "{path}: {problem}"
        );
        assert_plain_problem(&path, &reply);
    }
    let audit = ana.get("/api/admin/audit?action=dance").await;
    let problem = assert_plain_problem("an unknown action", &audit);
    assert_eq!(problem["errors"][0]["pointer"], "/action", "{problem}");
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with(r#"must be "kick", "ban", "#), "{detail}");
    for value in [
        "",
        "x",
        "1.5",
        "99999999999999999999",
        "%ff",
        "%00",
        "1%2C2",
    ] {
        for path in [
            format!("/api/rooms/{id}/messages?before={value}"),
            format!("/api/rooms/{id}/members?after={value}"),
            format!("/api/admin/users?after={value}"),
            format!("/api/admin/audit?actor={value}"),
            format!("/ws/{id}?since={value}"),
        ] {
            let reply = ana.get(&path).await;
            assert_eq!(reply.status, 422, "{path}: {reply:?}");
            assert_plain_problem(&path, &reply);
        }
        if !value.is_empty() {
            let path = format!("/api/rooms/{value}");
            let reply = ana.get(&path).await;
            assert_eq!(reply.status, 404, "{path}: {reply:?}");
            assert_plain_problem(&path, &reply);
        }
    }
    server.stopped().await;
}

/// Sends a text and returns the error frame that answers it.
async fn error_for(socket: &mut crate::support::JsonSocket, text: &str) -> Value {
    socket
        .raw
        .send(Message::text(text.to_owned()))
        .await
        .unwrap();
    let error = socket.next_of("error").await;
    is_plain(text, error["detail"].as_str().unwrap_or_default());
    error
}

fn in_room(room: &Room, text: &str) -> String {
    text.replace("ROOM", &room.id.to_string())
}

#[tokio::test]
async fn refused_frame_names_field_rule_and_example() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    for (frame, code, detail) in [
        (
            "nonsense",
            "malformed",
            r#"the frame must be one JSON object, for example {"name": "value"}"#,
        ),
        (
            r#"{"type":"ping""#,
            "malformed",
            r#"the frame is not valid JSON: it ends too early (line 1, column 14); a valid one is {"name": "value"}"#,
        ),
        (
            "{}",
            "malformed",
            r#"type must be the name of a command, for example {"type": "ping"}; known are send, edit, delete, react, read, typing, sync, ping"#,
        ),
        (
            r#"{"type":"send","room_id":ROOM,"body":"hi"}"#,
            "malformed",
            r#"key is missing; it must be text in double quotes, for example "key": "text""#,
        ),
        (
            r#"{"type":"send","key":"k","room_id":"ROOM","body":"hi"}"#,
            "malformed",
            r#"room_id must be a whole number, for example "room_id": 7"#,
        ),
        (
            r#"{"type":"send","key":"k","room_id":ROOM,"body":"hi","files":[7]}"#,
            "malformed",
            r#"files[0] must be text in double quotes, for example "files": ["text"]"#,
        ),
        (
            r#"{"type":"send","key":"k","room_id":ROOM,"body":"hi","colour":"red"}"#,
            "invalid",
            "colour is not a known field; leave it out",
        ),
        (
            r#"{"type":"edit","key":"k","room_id":ROOM,"seq":"1","body":"x"}"#,
            "malformed",
            r#"seq must be a whole number, for example "seq": 7"#,
        ),
        (
            r#"{"type":"react","key":"k","room_id":ROOM,"seq":1,"emoji":":+1:"}"#,
            "malformed",
            r#"on is missing; it must be true or false, for example "on": true"#,
        ),
        (
            r#"{"type":"sync","rooms":[1]}"#,
            "malformed",
            r#"rooms must be an object, for example "rooms": {"1": 520}"#,
        ),
        (
            r#"{"type":"sync","rooms":{"lobby":1}}"#,
            "malformed",
            r#"rooms must be an object that gives room ids a rev from 0, for example "rooms": {"1": 520}"#,
        ),
        (
            r#"{"type":"sync","rooms":{"1":-1}}"#,
            "malformed",
            r#"rooms must be an object that gives room ids a rev from 0, for example "rooms": {"1": 520}"#,
        ),
    ] {
        let error = error_for(&mut socket, &in_room(&room, frame)).await;
        let answer = (error["code"].as_str(), error["detail"].as_str());
        assert_eq!(answer, (Some(code), Some(detail)), "{frame}");
    }
    let mut refusals = 0;
    for kind in ["send", "edit", "delete", "react", "read", "typing", "sync"] {
        // A socket bears so many frames that are no commands, and no more.
        let (mut socket, _) = ana.connect().await;
        for field in ["key", "room_id", "seq", "body", "emoji", "on", "rooms"] {
            for value in [json!(null), json!(1.5), json!([]), json!({ "x": {} })] {
                let frame = json!({ "type": kind, field: value }).to_string();
                error_for(&mut socket, &frame).await;
                refusals += 1;
            }
        }
    }
    assert_eq!(refusals, 7 * 7 * 4);
    server.stopped().await;
}

#[tokio::test]
async fn unknown_field_is_refused_in_send_only() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let seq = ana.send_message(&room, "hi").await["seq"].clone();
    let (mut socket, _) = ana.connect().await;
    for frame in [
        json!({ "type": "edit", "key": "e1", "room_id": room.id, "seq": seq, "body": "hello", "x": 1 }),
        json!({ "type": "react", "key": "e2", "room_id": room.id, "seq": seq, "emoji": ":+1:", "on": true, "x": 1 }),
        json!({ "type": "delete", "key": "e3", "room_id": room.id, "seq": seq, "x": 1 }),
    ] {
        let key = frame["key"].clone();
        socket.send(frame).await;
        assert_eq!(socket.answer().await["key"], key);
    }
    for (frame, answer) in [
        (
            json!({ "type": "read", "room_id": room.id, "seq": 1, "x": 1 }),
            "read",
        ),
        (
            json!({ "type": "sync", "rooms": { room.id.to_string(): 0 }, "x": 1 }),
            "synced",
        ),
        (json!({ "type": "ping", "x": 1 }), "pong"),
    ] {
        socket.send(frame).await;
        socket.next_of(answer).await;
    }
    socket
        .send(json!({ "type": "typing", "room_id": room.id, "x": 1 }))
        .await;
    assert_eq!(socket.still_answers().await, Vec::<Value>::new());

    for (name, value) in [
        ("colour", json!("red")),
        ("bodi", json!("x")),
        ("seq", json!(1)),
    ] {
        let send =
            json!({ "type": "send", "key": "k", "room_id": room.id, "body": "hi", name: value });
        let over_socket = error_for(&mut socket, &send.to_string()).await;
        let draft = json!({ "key": "k", "body": "hi", name: value });
        let path = format!("/api/rooms/{}/messages", room.id);
        let over_http = ana.post(&path, draft).await.refused(422, "invalid");
        assert_eq!(over_socket["code"], over_http["code"], "{over_socket}");
        assert_eq!(over_socket["detail"], over_http["detail"], "{over_socket}");
        assert_eq!(over_socket["key"], "k", "{over_socket}");
    }
    server.stopped().await;
}
