//! Logins: refreshing, signing out, the password, and the list of one's devices.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{JsonSocket, PASSWORD, Reply, TestServer, User};

const REFRESH: &str = "/api/auth/refresh";
const SESSIONS: &str = "/api/me/sessions";

/// The end of a login must be felt this soon.
const SOON: Duration = Duration::from_secs(1);

async fn refresh(server: &TestServer, token: &str) -> Reply {
    server
        .post(REFRESH, json!({ "refresh_token": token }))
        .await
}

/// That nothing of this login is good any more.
async fn assert_over(server: &TestServer, user: &User) {
    let reply = user.get("/api/me").await;
    reply.refused(401, "unauthorized");
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    refresh(server, &user.refresh_token)
        .await
        .refused(401, "unauthorized");
}

async fn assert_closed_as_ended(socket: JsonSocket) {
    let closed = tokio::time::timeout(SOON, socket.closed()).await;
    let closed = closed.expect("a socket of an ended login closes within a second");
    assert_eq!(closed.code, 4401, "{closed:?}");
}

#[tokio::test]
async fn refresh_returns_a_new_pair() {
    let server = TestServer::start().await;
    let mut ana = server.user("ana").await;
    let first = ana.refresh_token.clone();
    for _ in 0..3 {
        let body = refresh(&server, &ana.refresh_token).await.expect(200);
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(900)),
            "{body}"
        );
        let token = |name: &str| body[name].as_str().unwrap().to_owned();
        assert_ne!(token("refresh_token"), ana.refresh_token);
        (ana.token, ana.refresh_token) = (token("access_token"), token("refresh_token"));
        ana.get("/api/me").await.expect(200);
    }
    assert_ne!(first, ana.refresh_token);
    server.stopped().await;
}

#[tokio::test]
async fn reused_refresh_token_ends_the_session() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let phone = ana.sign_in_again().await;
    let (socket, _) = ana.connect().await;
    let next = refresh(&server, &ana.refresh_token).await.expect(200);
    refresh(&server, &ana.refresh_token)
        .await
        .refused(401, "unauthorized");
    assert_closed_as_ended(socket).await;
    let mut thief = ana.clone();
    next["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut thief.token);
    next["refresh_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut thief.refresh_token);
    assert_over(&server, &thief).await;
    assert_over(&server, &ana).await;
    phone.get("/api/me").await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn at_most_one_of_two_concurrent_refreshes_succeeds() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let (one, two) = tokio::join!(
        refresh(&server, &ana.refresh_token),
        refresh(&server, &ana.refresh_token)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{one:?} {two:?}");
    server.stopped().await;
}

#[tokio::test]
async fn sign_out_ends_tokens_and_sockets() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let phone = ana.sign_in_again().await;
    let (socket, _) = ana.connect().await;
    let (mut other, _) = phone.connect().await;
    ana.post("/api/auth/signout", json!({})).await.expect(204);
    assert_closed_as_ended(socket).await;
    assert_over(&server, &ana).await;
    ana.post("/api/auth/signout", json!({}))
        .await
        .refused(401, "unauthorized");
    other.send(json!({ "type": "ping" })).await;
    other.next_of("pong").await;
    server.stopped().await;
}

#[tokio::test]
async fn ended_session_stays_ended_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let mut ana = server.user("ana").await;
    let mut phone = ana.sign_in_again().await;
    ana.post("/api/auth/signout", json!({})).await.expect(204);
    server.stopped().await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    (ana.address, phone.address) = (server.address, server.address);
    assert_over(&server, &ana).await;
    phone.get("/api/me").await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn password_change_ends_other_sessions() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let phone = ana.sign_in_again().await;
    let (socket, _) = phone.connect().await;
    let (mut own, _) = ana.connect().await;
    let change = json!({ "current": PASSWORD, "new": "battery staple" });
    ana.post("/api/auth/password", change).await.expect(204);
    assert_closed_as_ended(socket).await;
    assert_over(&server, &phone).await;
    ana.get("/api/me").await.expect(200);
    own.send(json!({ "type": "ping" })).await;
    own.next_of("pong").await;
    refresh(&server, &ana.refresh_token).await.expect(200);
    for (password, status) in [(PASSWORD, 401), ("battery staple", 200)] {
        let wanted = json!({ "username": "ana", "password": password });
        server.post("/api/auth/signin", wanted).await.expect(status);
    }
    server.stopped().await;
}

#[tokio::test]
async fn password_change_needs_the_current_password() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let phone = ana.sign_in_again().await;
    for (change, pointer) in [
        (
            json!({ "current": "wrong horse", "new": "battery staple" }),
            "/current",
        ),
        (
            json!({ "current": "x".repeat(5000), "new": "battery staple" }),
            "/current",
        ),
        (json!({ "current": PASSWORD, "new": "short" }), "/new"),
        (
            json!({ "current": PASSWORD, "new": "x".repeat(129) }),
            "/new",
        ),
        (json!({ "current": PASSWORD }), "/new"),
        (json!({ "new": "battery staple" }), "/current"),
    ] {
        let problem = ana
            .post("/api/auth/password", change)
            .await
            .refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    phone.get("/api/me").await.expect(200);
    ana.sign_in_again().await;
    server.stopped().await;
}

#[tokio::test]
async fn user_lists_own_sessions() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let ben = server.user("ben").await;
    let wanted = json!({ "username": "ana", "password": PASSWORD });
    let request = server
        .request(Method::POST, "/api/auth/signin")
        .header("user-agent", "a phone");
    Reply::of(request.json(&wanted)).await.expect(200);
    let body = ana.get(SESSIONS).await.expect(200);
    let [phone, own] = body["items"].as_array().unwrap().as_slice() else {
        panic!("two logins, newest first: {body}")
    };
    assert_eq!(
        (&phone["user_agent"], &phone["address"], &phone["current"]),
        (&json!("a phone"), &json!("127.0.0.1"), &json!(false)),
        "{body}"
    );
    assert_eq!(own["current"], true, "{body}");
    for time in ["created_at", "last_used_at"] {
        assert!(own[time].as_str().unwrap().ends_with('Z'), "{body}");
    }
    let others = ben.get(SESSIONS).await.expect(200);
    assert_eq!(others["items"].as_array().unwrap().len(), 1, "{others}");
    server.stopped().await;
}

#[tokio::test]
async fn only_the_owner_revokes_a_session() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let ben = server.user("ben").await;
    let phone = ana.sign_in_again().await;
    let (socket, _) = phone.connect().await;
    let id = phone.get("/api/me").await.expect(200)["session_id"].clone();
    let path = format!("{SESSIONS}/{id}");
    ben.delete(&path).await.refused(404, "not_found");
    phone.get("/api/me").await.expect(200);
    ana.delete(&path).await.expect(204);
    assert_closed_as_ended(socket).await;
    assert_over(&server, &phone).await;
    ana.delete(&path).await.refused(404, "not_found");
    for nothing in ["999999", "-1", "x", "99999999999999999999"] {
        ana.delete(&format!("{SESSIONS}/{nothing}"))
            .await
            .refused(404, "not_found");
    }
    ana.get("/api/me").await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn access_and_refresh_tokens_are_not_interchangeable() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    refresh(&server, &ana.token)
        .await
        .refused(401, "unauthorized");
    let mut crossed = ana.clone();
    crossed.token.clone_from(&ana.refresh_token);
    crossed.get("/api/me").await.refused(401, "unauthorized");
    // Neither try has ended the login.
    ana.get("/api/me").await.expect(200);
    refresh(&server, &ana.refresh_token).await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn invalid_token_is_401_with_a_challenge() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let mut forged = ana.token.clone();
    let changed = forged.len() - 10..forged.len() - 9;
    let other = if &forged[changed.clone()] == "A" {
        "B"
    } else {
        "A"
    };
    forged.replace_range(changed, other);
    let another = TestServer::start().await;
    let stranger = another.user("ana").await;
    for value in [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        "Bearer nonsense".into(),
        "Bearer a.b.c".into(),
        format!("Bearer {forged}"),
        format!("Bearer {}", stranger.token),
        format!("Basic {}", ana.token),
        ana.token.clone(),
    ] {
        let request = server
            .request(Method::GET, "/api/me")
            .header("authorization", &value);
        let reply = Reply::of(request).await;
        reply.refused(401, "unauthorized");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"parlor\", error=\"invalid_token\""),
            "{value}"
        );
    }
    let reply = server.get("/api/me").await;
    reply.refused(401, "unauthenticated");
    assert_eq!(
        reply.header("www-authenticate"),
        Some("Bearer realm=\"parlor\"")
    );
    another.stopped().await;
    server.stopped().await;
}

#[tokio::test]
async fn token_in_the_query_is_ignored() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    for name in ["access_token", "token", "bearer"] {
        let path = format!("/api/me?{name}={}", ana.token);
        server.get(&path).await.refused(401, "unauthenticated");
        let path = format!("/ws?{name}={}", ana.token);
        server.get(&path).await.refused(401, "unauthenticated");
    }
    server.stopped().await;
}

#[tokio::test]
async fn user_changes_own_display_name() {
    let server = TestServer::start().await;
    let (room, [ana, _ben]) = server.room_of(["ana", "ben"]).await;
    let changed = ana
        .patch("/api/me", json!({ "display_name": "Ana B." }))
        .await
        .expect(200);
    assert_eq!(changed["user"]["display_name"], "Ana B.", "{changed}");
    assert_eq!(ana.get("/api/me").await.expect(200), changed);
    let message = ana.send_message(&room, "hi").await;
    assert_eq!(message["author"]["display_name"], "Ana B.", "{message}");
    for name in [json!(""), json!("x".repeat(65)), json!(7)] {
        let problem: Value = ana
            .patch("/api/me", json!({ "display_name": name }))
            .await
            .refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"], "/display_name",
            "{problem}"
        );
    }
    server.stopped().await;
}

#[tokio::test]
async fn oldest_of_more_than_100_sessions_ends() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let (socket, _) = ana.connect().await;
    let newer = futures_util::future::join_all((0..4).map(|_| async {
        for _ in 0..25 {
            ana.sign_in_again().await;
        }
        ana.sign_in_again().await
    }))
    .await;
    assert_eq!(socket.closed().await.code, 4401);
    ana.get("/api/me").await.refused(401, "unauthorized");
    let sessions = newer[0].get("/api/me/sessions").await.expect(200);
    assert_eq!(sessions["items"].as_array().unwrap().len(), 100);
    server.stopped().await;
}
