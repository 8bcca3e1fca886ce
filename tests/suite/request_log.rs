//! Log lines of requests, and what they never contain.

use reqwest::Method;
use rustix::process::Signal;
use serde_json::json;

use crate::{
    command_line::Running,
    support::{PASSWORD, Reply, User},
};

/// Returns the log at a level while a user makes various requests, and that user.
async fn logged(level: &str) -> (String, User) {
    let folder = tempfile::tempdir().unwrap();
    let level = format!("log.level={level}");
    let proxy = "http.trusted_proxies=127.0.0.1";
    let running = Running::start(folder.path(), &["--set", &level, "--set", proxy]).await;
    let ana = User::sign_up(running.address(), "ana").await;
    let room = ana.create_room("lobby").await;
    ana.send_message(&room, "a secret body").await;
    let read = format!("/api/rooms/{}/messages?limit=7", room.id);
    ana.get(&read).await.expect(200);
    ana.get("/api/rooms/77?token=in-the-query")
        .await
        .expect(404);
    ana.get("/reset/in-the-link").await;
    ana.get("/api/invites/in-the-invitation").await;
    ana.get("/i/in-the-invitation").await;
    let file = format!("/api/rooms/{}/files/in-the-file-name.txt", room.id);
    Reply::of(ana.request(Method::PUT, &file).body("tea"))
        .await
        .expect(201);
    let forwarded = ana
        .request(Method::POST, "/api/rooms/join")
        .header("x-forwarded-for", "203.0.113.9")
        .json(&json!({ "code": "ABCD-EFGH-JKMN-PQRS" }));
    Reply::of(forwarded).await.expect(404);
    let output = running.ended_by(Signal::TERM).await;
    (String::from_utf8(output.stderr).unwrap(), ana)
}

#[tokio::test]
async fn writes_and_failures_are_logged() {
    let (log, _) = logged("info").await;
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains(" request request.id="))
        .collect();
    let wanted = [
        ("POST", "/api/auth/signup", 201, "127.0.0.1"),
        ("POST", "/api/rooms", 201, "127.0.0.1"),
        ("POST", "/api/rooms/1/messages", 201, "127.0.0.1"),
        ("GET", "/api/rooms/77", 404, "127.0.0.1"),
        ("GET", "/api/invites/…", 404, "127.0.0.1"),
        ("PUT", "/api/rooms/1/files/…", 201, "127.0.0.1"),
        ("POST", "/api/rooms/join", 404, "203.0.113.9"),
    ];
    assert_eq!(lines.len(), wanted.len(), "{log}");
    for (line, (method, path, status, client)) in lines.iter().zip(wanted) {
        let what =
            format!("http.method={method} http.path=\"{path}\" http.status={status} http.ms=");
        assert!(line.contains(&what), "{what}: {line}");
        let from = format!("client.address={client}");
        assert!(line.ends_with(&from), "{from}: {line}");
        assert!(line.contains(" INFO "), "{line}");
    }
}

#[tokio::test]
async fn log_contains_no_body_token_or_query() {
    let (log, ana) = logged("debug").await;
    assert!(
        log.contains("http.path=\"/api/rooms/1/messages\" http.status=200"),
        "{log}"
    );
    let secrets = [
        &ana.token,
        &ana.refresh_token,
        PASSWORD,
        "a secret body",
        "limit=7",
        "in-the-query",
        "in-the-link",
        "in-the-invitation",
        "in-the-file-name",
        "ABCD-EFGH",
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
