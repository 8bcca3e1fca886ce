//! `/api/rooms/{id}/messages`: saying something by HTTP.

use std::collections::HashSet;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, Room, TestServer, User};

fn messages(room: &Room) -> String {
    format!("/api/rooms/{}/messages", room.id)
}

/// Posts a body as `curl -d` does, with this content type.
async fn plain(user: &User, room: &Room, kind: Option<&str>, text: impl Into<Vec<u8>>) -> Reply {
    let request = user.request(Method::POST, &messages(room));
    let request = match kind {
        Some(kind) => request.header("content-type", kind),
        None => request,
    };
    Reply::of(request.body(text.into())).await
}

#[tokio::test]
async fn post_returns_the_stored_message() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let reply = ana
        .post(
            &messages(&room),
            json!({ "body": "hi\r\nthere \n", "key": "k1", "reply_to": 1 }),
        )
        .await;
    let mut message = reply.expect(201);
    let location = format!("{}/2", messages(&room));
    assert_eq!(reply.header("location"), Some(location.as_str()));
    assert_eq!(ana.get(&location).await.expect(200), message);
    assert_eq!(ana.history(&room).await[1], message);
    let created = message["created_at"].take();
    assert_eq!(
        created.as_str().unwrap().len(),
        "2026-01-01T00:00:00.000Z".len()
    );
    let expected = json!({
        "room_id": room.id, "seq": 2, "rev": 2, "kind": "text",
        "author": { "id": ana.id, "username": "ana", "display_name": "ana", "avatar": null },
        "body": "hi\nthere", "mentions": [], "reply_to": 1,
        "quote": {
            "seq": 1, "author": { "id": ana.id, "username": "ana", "display_name": "ana", "avatar": null },
            "body": "ana created the room", "deleted": false,
        },
        "files": [], "reactions": {}, "key": "k1",
        "created_at": null, "edited_at": null, "deleted_at": null,
    });
    assert_eq!(message, expected);
    server.stopped().await;
}

#[tokio::test]
async fn plain_text_body_is_the_message() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for kind in [
        Some("application/x-www-form-urlencoded"),
        Some("text/plain"),
        Some("text/plain; charset=utf-8"),
        None,
    ] {
        let message = plain(&ana, &room, kind, "Backup done: a=b&c")
            .await
            .expect(201);
        assert_eq!(message["body"], "Backup done: a=b&c", "{kind:?}");
    }
    let json = "{\"body\":\"hi\"}";
    let message = plain(&ana, &room, Some("text/plain"), json)
        .await
        .expect(201);
    assert_eq!(message["body"], json, "text that looks like JSON is text");
    for kind in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/x+json",
    ] {
        let message = plain(&ana, &room, Some(kind), json).await.expect(201);
        assert_eq!(message["body"], "hi", "{kind}");
    }
    for text in [&b""[..], b" \n", b"\xff\xfe", b"a\0b"] {
        let problem = plain(&ana, &room, None, text).await.refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"], "/body",
            "{text:?}: {problem}"
        );
    }
    plain(&ana, &room, Some("application/json"), "Backup done")
        .await
        .refused(400, "malformed");
    server.stopped().await;
}

#[tokio::test]
async fn plain_text_by_cookie_is_refused() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let browser = Client::builder().cookie_store(true).build().unwrap();
    let wanted = json!({ "username": "ana", "password": PASSWORD, "cookie": true });
    Reply::of(browser.post(server.url("/api/auth/signin")).json(&wanted))
        .await
        .expect(200);
    let post = || {
        let request = browser.post(server.url(&messages(&room)));
        request.header("sec-fetch-site", "same-origin")
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        Reply::of(post().header("content-type", kind).body("hi"))
            .await
            .refused(415, "unsupported_media_type");
    }
    Reply::of(post().body("hi"))
        .await
        .refused(415, "unsupported_media_type");
    Reply::of(post().json(&json!({ "body": "hi" })))
        .await
        .expect(201);
    assert_eq!(ana.history(&room).await.len(), 2);
    server.stopped().await;
}

#[tokio::test]
async fn invalid_message_is_refused_and_leaves_no_gap() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for (draft, pointer) in [
        (json!({}), "/body"),
        (json!({ "body": null }), "/body"),
        (json!({ "body": 7 }), "/body"),
        (json!({ "body": "" }), "/body"),
        (json!({ "body": " \n\t" }), "/body"),
        (json!({ "body": "é".repeat(4001) }), "/body"),
        (json!({ "body": "a\u{0}b" }), "/body"),
        (json!({ "body": "hi", "key": "" }), "/key"),
        (json!({ "body": "hi", "key": "x".repeat(65) }), "/key"),
        (json!({ "body": "hi", "key": "a b" }), "/key"),
        (json!({ "body": "hi", "key": "é" }), "/key"),
        (json!({ "body": "hi", "reply_to": 2 }), "/reply_to"),
        (json!({ "body": "hi", "reply_to": 0 }), "/reply_to"),
        (json!({ "body": "hi", "reply_to": -1 }), "/reply_to"),
        (json!({ "body": "hi", "reply_to": "1" }), "/reply_to"),
        (json!({ "body": "hi", "room": 1 }), "/room"),
    ] {
        let problem = ana
            .post(&messages(&room), draft.clone())
            .await
            .refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{draft}: {problem}"
        );
    }
    let message = ana.send_message(&room, &"é".repeat(4000)).await;
    assert_eq!((&message["seq"], &message["rev"]), (&json!(2), &json!(2)));
    server.stopped().await;
}

#[tokio::test]
async fn invalid_list_item_is_named_by_its_index() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let body = json!({ "body": "words", "files": ["nonsense"] });
    let refused = ana.post(&messages(&room), body).await;
    let refused = refused.refused(422, "invalid");
    assert_eq!(refused["errors"][0]["pointer"], "/files/0", "{refused}");
    let path = format!("/api/rooms/{}/read", room.id);
    let refused = ana.put(&path, json!({ "seq": 1.5 })).await;
    let refused = refused.refused(422, "invalid");
    let words = refused["detail"].as_str().unwrap();
    assert!(words.starts_with("seq must be a whole number"), "{words}");
    server.stopped().await;
}

#[tokio::test]
async fn repeated_key_returns_the_first_message() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let other = ana.create_room("other").await;
    let draft = json!({ "body": "once", "key": "k1" });
    let first = ana.post(&messages(&room), draft.clone()).await.expect(201);
    let replayed = ana.post(&messages(&room), draft.clone()).await.expect(200);
    assert_eq!(first, replayed);
    ana.post(&messages(&room), json!({ "body": "twice", "key": "k1" }))
        .await
        .refused(409, "key_conflict");
    // A key is its sender's, in one room.
    ben.post(&messages(&room), draft.clone()).await.expect(201);
    ana.post(&messages(&other), draft).await.expect(201);
    let bodies: Vec<Value> = ana
        .history(&room)
        .await
        .iter()
        .map(|m| m["body"].clone())
        .collect();
    assert_eq!(bodies[2..], ["once", "once"], "{bodies:?}");
    server.stopped().await;
}

#[tokio::test]
async fn key_refers_to_the_original_content() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let draft = json!({ "body": "helo", "key": "k1" });
    let first = ana.post(&messages(&room), draft.clone()).await.expect(201);
    let path = format!("{}/{}", messages(&room), first["seq"]);
    let edited = ana.patch(&path, json!({ "body": "hello" })).await;
    let edited = edited.expect(200);
    // Sent again, it is the one that was sent, as it is now; under another text it is another one.
    let again = ana.post(&messages(&room), draft.clone()).await;
    assert_eq!(again.expect(200), edited);
    for other in ["hello", "something else"] {
        let draft = json!({ "body": other, "key": "k1" });
        ana.post(&messages(&room), draft)
            .await
            .refused(409, "key_conflict");
    }
    ana.delete(&path).await.expect(204);
    let again = ana.post(&messages(&room), draft).await.expect(200);
    assert_eq!((&again["seq"], &again["body"]), (&first["seq"], &json!("")));
    server.stopped().await;
}

#[tokio::test]
async fn concurrent_sends_with_one_key_store_one_message() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let path = messages(&room);
    let sends = (0..20).map(|_| ana.post(&path, json!({ "body": "once", "key": "k1" })));
    let replies = futures_util::future::join_all(sends).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 1, "{replies:?}");
    let answers: HashSet<_> = replies.iter().map(|reply| reply.text.clone()).collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(ana.history(&room).await.len(), 2);
    server.stopped().await;
}

#[tokio::test]
async fn concurrent_sends_are_numbered_without_gaps() {
    let server = TestServer::start().await;
    let (room, users) = server.room_of(["ana", "ben", "cleo", "dan"]).await;
    let before = users[0].history(&room).await.len();
    let (room_ref, users_ref) = (&room, &users);
    let sends = (0..200).map(|n| async move {
        let body = format!("{n}");
        users_ref[n % users_ref.len()]
            .send_message(room_ref, &body)
            .await
    });
    let sent = futures_util::future::join_all(sends).await;
    let history = users[0].history(&room).await;
    assert_eq!(history.len(), before + 200);
    for (message, expected) in history.iter().zip(1..) {
        assert_eq!(
            (&message["seq"], &message["rev"]),
            (&json!(expected), &json!(expected)),
            "{message}"
        );
    }
    for message in &sent {
        let at = usize::try_from(message["seq"].as_u64().unwrap()).unwrap() - 1;
        assert_eq!(&history[at], message, "what was answered is what is stored");
    }
    let seqs: HashSet<_> = sent.iter().map(|message| message["seq"].as_u64()).collect();
    assert_eq!(seqs.len(), 200);
    let rooms = users[1].get("/api/rooms").await.expect(200);
    assert_eq!(
        rooms[0]["head"],
        json!({ "seq": before + 200, "rev": before + 200 })
    );
    server.stopped().await;
}

#[tokio::test]
async fn message_is_found_by_seq() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let message = ana.get(&format!("{}/1", messages(&room))).await.expect(200);
    assert_eq!(
        (&message["kind"], &message["event"], &message["body"]),
        (
            &json!("system"),
            &json!({ "type": "created" }),
            &json!("ana created the room")
        )
    );
    for nothing in ["2", "0", "-1", "x", "99999999999999999999"] {
        ana.get(&format!("{}/{nothing}", messages(&room)))
            .await
            .refused(404, "not_found");
    }
    server.stopped().await;
}

#[tokio::test]
async fn oversized_body_is_too_large() {
    let server = TestServer::with(|config| config.limits.request_bytes = 2048).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    plain(&ana, &room, None, "x".repeat(2048)).await.expect(201);
    plain(&ana, &room, None, "x".repeat(2049))
        .await
        .refused(413, "too_large");
    let draft = json!({ "body": "x".repeat(2048) });
    ana.post(&messages(&room), draft)
        .await
        .refused(413, "too_large");
    let wanted = json!({ "username": "ben", "password": "x".repeat(2048) });
    server
        .post("/api/auth/signup", wanted)
        .await
        .refused(413, "too_large");
    server.stopped().await;
}

#[tokio::test]
async fn sender_above_the_rate_gets_retry_after() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.send_burst = 3;
        config.limits.send_per_s = 1;
    })
    .await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut refused = None;
    for n in 0..20 {
        let reply = ana
            .post(&messages(&room), json!({ "body": format!("{n}") }))
            .await;
        if reply.status != 201 {
            refused = Some(reply);
            break;
        }
    }
    let reply = refused.expect("20 at once are too fast");
    reply.refused(429, "rate_limited");
    assert_eq!(reply.header("retry-after"), Some("1"));
    ben.send_message(&room, "another may").await;
    server.stopped().await;
}
