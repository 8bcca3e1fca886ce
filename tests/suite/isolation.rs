//! To somebody who is not in it, a private room does not exist.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Reply, TestServer, User};

/// Every call on one room, as `{room}` and `{user}` (the owner) stand in it.
fn calls() -> Vec<(Method, &'static str, Value)> {
    let nothing = Value::Null;
    vec![
        (Method::GET, "{room}", nothing.clone()),
        (Method::PATCH, "{room}", json!({ "name": "mine" })),
        (Method::PATCH, "{room}", json!({ "name": 5 })),
        (Method::DELETE, "{room}", nothing.clone()),
        (Method::POST, "{room}/access_code", nothing.clone()),
        (Method::GET, "{room}/members", nothing.clone()),
        (Method::GET, "{room}/members?limit=0", nothing.clone()),
        (Method::DELETE, "{room}/members/me", nothing.clone()),
        (
            Method::PATCH,
            "{room}/members/{user}",
            json!({ "role": "member" }),
        ),
        (Method::DELETE, "{room}/members/{user}", nothing.clone()),
        (Method::GET, "{room}/messages", nothing.clone()),
        (Method::GET, "{room}/messages?limit=0", nothing.clone()),
        (Method::GET, "{room}/messages?after=0", nothing.clone()),
        (
            Method::GET,
            "{room}/messages?changed_since=0",
            nothing.clone(),
        ),
        (Method::POST, "{room}/messages", json!({ "body": "hi" })),
        (Method::POST, "{room}/messages", json!({ "body": "" })),
        (Method::GET, "{room}/messages/1", nothing.clone()),
        (Method::GET, "{room}/messages/999", nothing),
        (Method::PUT, "{room}/read", json!({ "seq": 1 })),
    ]
}

/// The answer without what tells one request from another.
fn bare(reply: &Reply) -> Value {
    let mut problem = reply.refused(404, "not_found");
    problem["request_id"].take();
    problem
}

async fn call(user: &User, method: &Method, path: &str, body: &Value) -> Reply {
    let request = user.request(method.clone(), path);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    Reply::of(request).await
}

#[tokio::test]
async fn private_room_is_not_found_for_non_members() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.send_message(&room, "secret").await;
    ben.delete(&format!("/api/rooms/{}/members/me", room.id))
        .await
        .expect(204);
    let stranger = server.user("eve").await;
    let before = ana.history(&room).await;
    for base in ["/api/rooms", "/api/chat_rooms"] {
        for (method, template, body) in calls() {
            let path = |room: i64| {
                let path = template.replace("{room}", &room.to_string());
                format!("{base}/{}", path.replace("{user}", &ana.id.to_string()))
            };
            let anonymous = server.request(method.clone(), &path(room.id)).json(&body);
            let reply = Reply::of(anonymous).await;
            reply.refused(401, "unauthenticated");
            assert!(reply.header("www-authenticate").is_some(), "{reply:?}");

            let nowhere = call(&stranger, &method, &path(999_999), &body).await;
            for outsider in [&stranger, &ben] {
                let hidden = call(outsider, &method, &path(room.id), &body).await;
                assert_eq!(bare(&hidden), bare(&nowhere), "{method} {template}");
            }
        }
        for room in ["x", "-1", "0", "1.0", "99999999999999999999"] {
            stranger
                .get(&format!("{base}/{room}"))
                .await
                .refused(404, "not_found");
        }
    }
    assert_eq!(ana.history(&room).await, before, "nothing came of it");
    server.stopped().await;
}

#[tokio::test]
async fn socket_of_private_room_is_not_found_for_non_members() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let stranger = server.user("eve").await;
    let upgrade = |user: Option<&User>, path: String| {
        let request = server
            .request(Method::GET, &path)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        Reply::of(match user {
            Some(user) => request.bearer_auth(&user.token),
            None => request,
        })
    };
    let at = |room: i64| format!("/ws/{room}");
    upgrade(None, at(room.id))
        .await
        .refused(401, "unauthenticated");
    upgrade(None, "/ws".into())
        .await
        .refused(401, "unauthenticated");
    let hidden = upgrade(Some(&stranger), at(room.id)).await;
    let nowhere = upgrade(Some(&stranger), at(999_999)).await;
    assert_eq!(bare(&hidden), bare(&nowhere));
    let own = format!("/ws/{}/{}", room.id, stranger.id);
    upgrade(Some(&stranger), own)
        .await
        .refused(404, "not_found");
    let other = format!("/ws/{}/{}", room.id, ana.id);
    upgrade(Some(&stranger), other)
        .await
        .refused(403, "not_you");
    server.stopped().await;
}

#[tokio::test]
async fn private_room_is_not_listed_for_non_members() {
    let server = TestServer::start().await;
    let (_, [ana]) = server.room_of(["ana"]).await;
    let stranger = server.user("eve").await;
    for path in ["/api/rooms", "/api/rooms?discover=1", "/api/chat_rooms"] {
        assert_eq!(stranger.get(path).await.expect(200), json!([]), "{path}");
        server.get(path).await.refused(401, "unauthenticated");
    }
    let found = ana.get("/api/rooms?discover=1").await.expect(200);
    assert_eq!(found, json!([]), "nor among the public ones");
    server.stopped().await;
}
