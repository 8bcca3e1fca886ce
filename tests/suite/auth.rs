//! `/api/auth`: making an account and signing in to it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, TestServer};

const SIGN_UP: &str = "/api/auth/signup";
const SIGN_IN: &str = "/api/auth/signin";

#[tokio::test]
async fn sign_up_returns_user_and_tokens() {
    let server = TestServer::start().await;
    let wanted = json!({ "username": "Ada", "password": PASSWORD, "display_name": " Ada L. " });
    let body = server.post(SIGN_UP, wanted).await.expect(201);
    let user = &body["user"];
    assert_eq!(user["username"], "Ada", "{body}");
    assert_eq!(user["display_name"], "Ada L.", "{body}");
    assert_eq!(user["status"], "offline", "{body}");
    assert!(
        user["last_seen"].as_str().unwrap().ends_with('Z'),
        "RFC 3339 in UTC: {body}"
    );
    assert_eq!(user["id"], body["user_id"], "{body}");
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(900))
    );
    assert!(
        body["access_token"].is_string() && body["refresh_token"].is_string(),
        "{body}"
    );
    assert!(!body.to_string().contains(PASSWORD), "{body}");
    server.stopped().await;
}

#[tokio::test]
async fn display_name_defaults_to_username() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let me = ana.get("/api/me").await.expect(200);
    assert_eq!(me["user"]["display_name"], "ana", "{me}");
    server.stopped().await;
}

#[tokio::test]
async fn sign_in_ignores_the_case_of_the_username() {
    let server = TestServer::start().await;
    let ana = server.user("Ana").await;
    for name in ["Ana", "ana", "ANA"] {
        let wanted = json!({ "username": name, "password": PASSWORD });
        let reply = server.post(SIGN_IN, wanted).await;
        let body = reply.expect(200);
        assert_eq!(body["user_id"], ana.id, "{body}");
        assert_eq!(body["user"]["username"], "Ana", "{body}");
        assert!(body["access_token"].is_string(), "{body}");
        assert!(
            reply.header("set-cookie").is_none(),
            "cookies only where asked for"
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    server.stopped().await;
}

#[tokio::test]
async fn usernames_are_unique_without_regard_to_case() {
    let server = TestServer::start().await;
    server.user("Ana").await;
    for name in ["Ana", "ana", "aNA"] {
        let wanted = json!({ "username": name, "password": PASSWORD });
        let problem = server
            .post(SIGN_UP, wanted)
            .await
            .refused(409, "username_taken");
        assert_eq!(problem["errors"][0]["pointer"], "/username", "{problem}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn concurrent_sign_ups_with_one_name_create_one_account() {
    let server = TestServer::start().await;
    let wanted = |name: &str| {
        let wanted = json!({ "username": name, "password": PASSWORD });
        server.post(SIGN_UP, wanted)
    };
    let (one, two) = tokio::join!(wanted("ana"), wanted("ANA"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one:?} {two:?}");
    server.stopped().await;
}

#[tokio::test]
async fn invalid_field_is_named() {
    let server = TestServer::start().await;
    let good = json!({ "username": "ana", "password": PASSWORD, "display_name": "Ana" });
    let long = |length| "x".repeat(length);
    for (field, value) in [
        ("username", json!("")),
        ("username", json!("ab")),
        ("username", json!(long(33))),
        ("username", json!("ana b")),
        ("username", json!("zoë")),
        ("username", json!("a@b")),
        ("username", json!("ana\n")),
        ("username", json!(7)),
        ("username", Value::Null),
        ("password", json!("seven77")),
        ("password", json!(long(129))),
        ("password", json!(["correct horse"])),
        ("display_name", json!(" ")),
        ("display_name", json!(long(65))),
        ("display_name", json!("two\nlines")),
    ] {
        let mut wanted = good.clone();
        wanted[field] = value;
        let problem = server
            .post(SIGN_UP, wanted.clone())
            .await
            .refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"],
            format!("/{field}"),
            "{wanted}: {problem}"
        );
    }
    for field in ["username", "password"] {
        for path in [SIGN_UP, SIGN_IN] {
            let mut wanted = good.clone();
            wanted.as_object_mut().unwrap().remove(field);
            let problem = server.post(path, wanted).await.refused(422, "invalid");
            assert_eq!(
                problem["errors"][0]["pointer"],
                format!("/{field}"),
                "{path}: {problem}"
            );
        }
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_password_has_8_to_128_characters() {
    let server = TestServer::start().await;
    for (name, password) in [
        ("shortest", "é".repeat(8)),
        ("longest", "x".repeat(128)),
        ("spaces", " ".repeat(8)),
    ] {
        let wanted = json!({ "username": name, "password": password });
        server.post(SIGN_UP, wanted.clone()).await.expect(201);
        server.post(SIGN_IN, wanted).await.expect(200);
    }
    for password in ["x".repeat(129), "x".repeat(60_000)] {
        let wanted = json!({ "username": "longest", "password": password });
        server
            .post(SIGN_IN, wanted)
            .await
            .refused(401, "bad_credentials");
    }
    server.stopped().await;
}

#[tokio::test]
async fn invalid_json_is_malformed() {
    let server = TestServer::start().await;
    let trailing = json!({ "username": "ana", "password": PASSWORD }).to_string() + " x";
    for text in [
        "{".to_owned(),
        "username=ana&password=correct+horse".into(),
        trailing,
        "\u{0}".into(),
        "null".into(),
        "[]".into(),
        r#"["ana","correct horse",null,null,false]"#.into(),
        "\"ana\"".into(),
        "7".into(),
    ] {
        let request = server.request(Method::POST, SIGN_UP).body(text);
        Reply::of(request).await.refused(400, "malformed");
    }
    for text in ["", "{}", r#"{"username":"ana","username":"ben"}"#] {
        let request = server.request(Method::POST, SIGN_UP).body(text);
        let problem = Reply::of(request).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/username", "{problem}");
    }
    // As `curl -d` sends it, JSON is read whatever its content type says.
    let body = json!({ "username": "ana", "password": PASSWORD }).to_string();
    let request = server
        .request(Method::POST, SIGN_UP)
        .header("content-type", "application/x-www-form-urlencoded");
    Reply::of(request.body(body)).await.expect(201);
    server.stopped().await;
}

#[tokio::test]
async fn unknown_user_and_wrong_password_get_the_same_answer() {
    let server = TestServer::start().await;
    server.user("ana").await;
    let wrong = [("ana", "wrong horse"), ("nobody", PASSWORD)];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..9 {
        for ((name, password), times) in wrong.into_iter().zip(&mut times) {
            let started = Instant::now();
            let wanted = json!({ "username": name, "password": password });
            let reply = server.post(SIGN_IN, wanted).await;
            times.push(started.elapsed());
            let mut problem = reply.refused(401, "bad_credentials");
            problem["request_id"].take();
            let expected = json!({
                "title": "Wrong username or password", "detail": "Wrong username or password",
                "status": 401, "code": "bad_credentials", "request_id": null,
            });
            assert_eq!(problem, expected, "{name}");
        }
    }
    let [known, unknown] = times.map(median);
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!(
        (0.5..2.0).contains(&ratio),
        "{known:?} for a wrong password, {unknown:?} for an unknown user"
    );
    server.stopped().await;
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn access_code_at_sign_up_joins_the_room() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, _) = ana.connect().await;
    let wanted = json!({ "username": "ben", "password": PASSWORD, "code": room.code });
    let body = server.post(SIGN_UP, wanted).await.expect(201);
    assert_eq!(body["room_id"], room.id, "{body}");
    let message = socket.next_message().await;
    assert_eq!(
        (&message["kind"], &message["author"]["username"]),
        (&json!("system"), &json!("ben")),
        "{message}"
    );
    let members = ana
        .get(&format!("/api/rooms/{}/members", room.id))
        .await
        .expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 2, "{members}");
    server.stopped().await;
}

#[tokio::test]
async fn invalid_code_at_sign_up_creates_no_account() {
    let server = TestServer::start().await;
    for code in ["K7QM-2XWD-9F4H-PT3C", "no code"] {
        let wanted = json!({ "username": "ben", "password": PASSWORD, "code": code });
        server.post(SIGN_UP, wanted).await.refused(404, "bad_code");
    }
    let wanted = json!({ "username": "ben", "password": PASSWORD });
    server
        .post(SIGN_IN, wanted.clone())
        .await
        .refused(401, "bad_credentials");
    server.post(SIGN_UP, wanted).await.expect(201);
    server.stopped().await;
}

#[tokio::test]
async fn failed_sign_up_uses_no_invite() {
    let server = TestServer::start().await;
    let (room, [ana, _ben]) = server.room_of(["ana", "ben"]).await;
    let before = ana.history(&room).await.len();
    let wanted = json!({ "username": "BEN", "password": PASSWORD, "code": room.code });
    server
        .post(SIGN_UP, wanted)
        .await
        .refused(409, "username_taken");
    assert_eq!(ana.history(&room).await.len(), before);
    server.stopped().await;
}

#[tokio::test]
async fn too_many_attempts_get_retry_after() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.attempts_burst = 3;
        config.limits.attempts_per_min = 1;
    })
    .await;
    let wanted = json!({ "username": "nobody", "password": PASSWORD });
    for _ in 0..3 {
        server
            .post(SIGN_IN, wanted.clone())
            .await
            .refused(401, "bad_credentials");
    }
    for path in [SIGN_IN, SIGN_UP] {
        let reply = server.post(path, wanted.clone()).await;
        let problem = reply.refused(429, "rate_limited");
        let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert!(
            problem["retry_after_ms"].as_u64().unwrap() <= wait * 1000,
            "{problem}"
        );
    }
    server.stopped().await;
}

#[tokio::test]
async fn attempts_are_limited_per_username() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.attempts_burst = 4;
        config.limits.attempts_per_min = 1;
    })
    .await;
    let ana = server.user("ana").await;
    let wrong = json!({ "current": "wrong horse", "new": "battery staple" });
    for _ in 0..4 {
        ana.post("/api/auth/password", wrong.clone())
            .await
            .refused(422, "invalid");
    }
    let reply = ana.post("/api/auth/password", wrong).await;
    reply.refused(429, "rate_limited");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    server.stopped().await;
}

/// Every file in a folder and the folders in it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[tokio::test]
async fn database_contains_no_password_or_token() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let change = json!({ "current": PASSWORD, "new": "battery staple" });
    ana.post("/api/auth/password", change).await.expect(204);
    let mut seen = 0;
    for path in files_below(&server.folder()) {
        let bytes = std::fs::read(&path).unwrap();
        seen += bytes.len();
        for secret in [PASSWORD, "battery staple", &ana.token, &ana.refresh_token] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret:?} is in {}", path.display());
        }
    }
    assert!(seen > 10_000, "{seen} bytes are no database");
    server.stopped().await;
}
