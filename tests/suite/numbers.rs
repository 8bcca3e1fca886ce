//! Numbers: integers on the wire, one form of each id, and no negative ones in queries.

use serde_json::json;

use crate::support::{Terminal, TestServer};

#[tokio::test]
async fn heartbeat_is_an_integer() {
    for (milliseconds, seconds) in [(25_000, 25), (1_500, 2), (100, 1)] {
        let server = TestServer::with(|config| config.timing.heartbeat_ms = milliseconds).await;
        let ana = server.user("ana").await;
        let (_socket, ready) = ana.connect().await;
        assert_eq!(ready["heartbeat_s"], json!(seconds), "{ready}");
        server.stopped().await;
    }
}

#[tokio::test]
async fn id_has_one_spelling() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (id, user) = (room.id, ana.id);
    let seq = ana.send_message(&room, "hi").await["seq"].clone();
    for path in [
        format!("/api/rooms/{id}"),
        format!("/api/rooms/{id}/messages/{seq}"),
        format!("/api/users/{user}"),
        format!("/api/users/{user}/avatar"),
    ] {
        ana.get(&path).await.is(200);
    }
    for sign in ["+", "%2B", "0", "-", "%20"] {
        for path in [
            format!("/api/rooms/{sign}{id}"),
            format!("/api/rooms/{sign}{id}/messages"),
            format!("/api/rooms/{id}/messages/{sign}{seq}"),
            format!("/api/users/{sign}{user}"),
            format!("/api/users/{sign}{user}/avatar"),
            format!("/ws/{sign}{id}"),
        ] {
            ana.get(&path).await.refused(404, "not_found");
        }
    }
    let (mut socket, _) = ana.connect().await;
    for sign in ["+", "0", "-"] {
        let sync = json!({ "type": "sync", "rooms": { format!("{sign}{id}"): 0 } });
        socket.send(sync).await;
        assert_eq!(socket.next_of("error").await["code"], "malformed", "{sign}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn negative_query_numbers_are_refused() {
    let server = TestServer::start().await;
    // The first account is the admin.
    let (room, [ana]) = server.room_of(["ana"]).await;
    let id = room.id;
    let parameters = [
        (
            format!("/api/rooms/{id}/messages"),
            &["before", "after", "around", "changed_since", "limit"][..],
        ),
        (format!("/api/rooms/{id}/members"), &["after", "limit"]),
        (format!("/api/rooms/{id}/bans"), &["after", "limit"]),
        (format!("/api/rooms/{id}/mutes"), &["after", "limit"]),
        ("/api/rooms".to_owned(), &["after"]),
        ("/api/search".to_owned(), &["limit", "cursor"]),
        ("/api/admin/users".to_owned(), &["after", "limit"]),
        ("/api/admin/reports".to_owned(), &["before", "limit"]),
        (
            "/api/admin/audit".to_owned(),
            &["before", "limit", "actor", "target", "room"],
        ),
        (
            format!("/ws/{id}"),
            &["since", "history", "echo", "numbers"],
        ),
    ];
    for (path, names) in &parameters {
        for name in *names {
            for value in ["-1", "%2B1", "+1", "01"] {
                let path = format!("{path}?q=tea&{name}={value}");
                let problem = ana.get(&path).await.refused(422, "invalid");
                let pointer = problem["errors"][0]["pointer"].as_str();
                assert_eq!(
                    pointer,
                    Some(format!("/{name}").as_str()),
                    "{path}: {problem}"
                );
            }
            let path = format!("{path}?q=tea&{name}=1");
            let status = ana.get(&path).await.status;
            // A request for a socket that is no handshake.
            assert!(matches!(status, 200 | 426), "{path}: {status}");
        }
    }
    server.stopped().await;
}

#[tokio::test]
async fn terminal_accepts_the_same_numbers() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let seq = ana.send_message(&room, "hi").await["seq"].clone();
    let mut terminal: Terminal = ana.terminal(&room, "").await;
    for number in [format!("+{seq}"), format!("0{seq}"), format!("-{seq}")] {
        terminal.enter(&format!("/delete {number}")).await;
        terminal.next_with("! say which message: /delete 12").await;
    }
    terminal.enter(&format!("/delete #{seq}")).await;
    terminal.next_with("was deleted").await;
    server.stopped().await;
}
