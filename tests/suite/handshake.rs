//! Handshakes of sockets, accepted and refused.

use reqwest::Client;
use serde_json::json;

use crate::support::{PASSWORD, Reply, TestServer, User, Wire, wire};

const WELL_FORMED: [(&str, &str); 4] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Asks for a socket with these headers over the well-formed ones; an empty one is left out.
async fn request_socket(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Client::new().get(server.url(path));
    let usual = WELL_FORMED
        .iter()
        .filter(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    for (name, value) in usual.chain(headers) {
        if !value.is_empty() {
            request = request.header(*name, *value);
        }
    }
    Reply::of(request).await
}

fn bearer(user: &User) -> String {
    format!("Bearer {}", user.token)
}

#[tokio::test]
async fn socket_needs_authentication() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for path in ["/ws".to_owned(), format!("/ws/{}", room.id)] {
        let reply = request_socket(&server, &path, &[]).await;
        reply.refused(401, "unauthenticated");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"parlor\"")
        );
        for bad in ["Bearer nonsense", "Basic YTpi", "Bearer "] {
            let reply = request_socket(&server, &path, &[("authorization", bad)]).await;
            reply.refused(401, "unauthorized");
            let challenge = reply.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer "), "{challenge}");
        }
        let reply = request_socket(&server, &path, &[("authorization", &bearer(&ana))]).await;
        reply.expect(101);
    }
    ana.sign_out().await;
    let reply = request_socket(&server, "/ws", &[("authorization", &bearer(&ana))]).await;
    reply.refused(401, "unauthorized");
    server.stopped().await;
}

#[tokio::test]
async fn room_socket_needs_membership() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let eve = server.user("eve").await;
    let path = format!("/ws/{}", room.id);
    let token = bearer(&eve);
    let hidden = request_socket(&server, &path, &[("authorization", &token)]).await;
    let absent = request_socket(&server, "/ws/999999", &[("authorization", &token)]).await;
    let (hidden, absent) = (
        hidden.refused(404, "not_found"),
        absent.refused(404, "not_found"),
    );
    assert_eq!(hidden["title"], absent["title"]);
    let reply = request_socket(&server, "/ws/lobby", &[("authorization", &token)]).await;
    reply.refused(404, "not_found");
    // The predecessor's address names the user, who must be the caller.
    let token = bearer(&ana);
    let path = format!("/ws/{}/{}", room.id, eve.id);
    let reply = request_socket(&server, &path, &[("authorization", &token)]).await;
    reply.refused(403, "not_you");
    let path = format!("/ws/{}/{}", room.id, ana.id);
    let reply = request_socket(&server, &path, &[("authorization", &token)]).await;
    reply.expect(101);
    server.stopped().await;
}

#[tokio::test]
async fn cookie_opens_a_socket_for_the_own_origin_only() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let wanted = json!({ "username": "ana", "password": PASSWORD, "cookie": true });
    let signed = server.post("/api/auth/signin", wanted).await;
    let mut cookies = signed.headers.get_all("set-cookie").iter();
    let cookie = cookies.find_map(|line| {
        line.to_str()
            .unwrap()
            .split("; ")
            .find(|part| part.starts_with("parlor_access"))
    });
    let cookie = cookie.unwrap().to_owned();
    let own = format!("http://{}", server.address);
    for origin in ["", "http://evil.example", "null", "http://127.0.0.1:1"] {
        let headers = [("cookie", cookie.as_str()), ("origin", origin)];
        let reply = request_socket(&server, "/ws", &headers).await;
        reply.refused(403, "cross_origin");
    }
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str())];
    request_socket(&server, "/ws", &headers).await.expect(101);
    // A program's token needs no origin, and a page of another origin cannot have one.
    let token = bearer(&ana);
    let headers = [
        ("authorization", token.as_str()),
        ("origin", "http://tool.example"),
    ];
    request_socket(&server, "/ws", &headers).await.expect(101);
    server.stopped().await;
}

#[tokio::test]
async fn invalid_handshake_names_the_missing_header() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let token = bearer(&ana);
    for (header, status, code) in [
        (("upgrade", ""), 426, "upgrade_required"),
        (("connection", ""), 426, "upgrade_required"),
        (("connection", "keep-alive"), 426, "upgrade_required"),
        (("upgrade", "h2c"), 426, "upgrade_required"),
        (("sec-websocket-version", ""), 426, "upgrade_required"),
        (("sec-websocket-version", "8"), 426, "upgrade_required"),
        (("sec-websocket-key", ""), 400, "malformed"),
        (("sec-websocket-key", "c2hvcnQ="), 400, "malformed"),
        (("sec-websocket-key", "not base64!"), 400, "malformed"),
    ] {
        let headers = [("authorization", token.as_str()), header];
        let reply = request_socket(&server, "/ws", &headers).await;
        reply.refused(status, code);
        if status == 426 {
            assert_eq!(reply.header("upgrade"), Some("websocket"), "{header:?}");
        }
    }
    ana.get("/ws").await.refused(426, "upgrade_required");
    let reply = ana.post("/ws", json!({})).await;
    reply.refused(405, "method_not_allowed");
    server.stopped().await;
}

#[tokio::test]
async fn client_chooses_the_subprotocol() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let token = bearer(&ana);
    let one = format!("/ws/{}", room.id);
    let (json, text) = ("parlor.v1.json", "parlor.v1.text");
    let both = "parlor.v1.text, parlor.v1.json";
    for (path, offer, chosen) in [
        ("/ws", "", None),
        ("/ws", json, Some(json)),
        (&one, "", None),
        (&one, json, Some(json)),
        (&one, text, Some(text)),
        (&one, both, Some(text)),
        (&one, "chat, parlor.v1.json", Some(json)),
    ] {
        let headers = [
            ("authorization", token.as_str()),
            ("sec-websocket-protocol", offer),
        ];
        let reply = request_socket(&server, path, &headers).await;
        reply.expect(101);
        let answered = reply.header("sec-websocket-protocol");
        assert_eq!(answered, chosen, "{path} {offer}");
    }
    for (path, offer, code) in [
        ("/ws", "chat", "malformed"),
        (&one, "parlor.v2.json", "malformed"),
        ("/ws", text, "text_needs_a_room"),
    ] {
        let headers = [
            ("authorization", token.as_str()),
            ("sec-websocket-protocol", offer),
        ];
        let reply = request_socket(&server, path, &headers).await;
        reply.refused(400, code);
    }
    let path = format!("{one}?history=100000");
    let reply = request_socket(&server, &path, &[("authorization", &token)]).await;
    reply.refused(422, "invalid");
    let path = format!("{one}?tz=Europe/Berln");
    let reply = request_socket(&server, &path, &[("authorization", &token)]).await;
    let refusal = reply.refused(422, "invalid");
    assert_eq!(refusal["errors"][0]["pointer"], "/tz", "{refusal}");
    server.stopped().await;
}

#[tokio::test]
async fn plain_request_gets_the_reason_of_a_refused_handshake() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let eve = server.user("eve").await;
    let path = format!("/ws/{}", room.id);
    eve.get(&path).await.refused(404, "not_found");
    let wrong = format!("{path}?history=5000");
    ana.get(&wrong).await.refused(422, "invalid");
    ana.get(&path).await.refused(426, "upgrade_required");
    server.stopped().await;
}

#[tokio::test]
async fn sockets_per_user_are_limited() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.connections_per_user = 2;
    })
    .await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let (first, _) = ana.connect().await;
    let (_second, _) = ana.connect().await;
    let token = bearer(&ana);
    let reply = request_socket(&server, "/ws", &[("authorization", &token)]).await;
    reply.refused(429, "too_many_connections");
    assert!(reply.header("retry-after").is_some());
    let (_other, _) = ben.connect().await;
    first.cut();
    server
        .stats_become("the place is free again", |stats| stats.connections == 2)
        .await;
    let (_third, _) = ana.connect().await;
    server.stopped().await;
}

#[tokio::test]
async fn frames_sent_with_the_handshake_are_processed() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut wire = Wire::connect_with_small_buffer(server.address).await;
    let mut bytes = wire::request("/ws", &ana.token).into_bytes();
    for key in ["c1", "c2"] {
        let send = json!({ "type": "send", "key": key, "room_id": room.id, "body": key });
        bytes.extend(wire::frame(wire::TEXT, send.to_string().as_bytes()));
    }
    // All in one packet, so that the server finds it in the buffer of the request.
    wire.write(&bytes).await;
    let head = wire.http_head().await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let first = wire.frame_of(wire::TEXT).await;
    let ready = br#"{"type":"ready""#;
    assert!(first.payload.starts_with(ready), "ready is first");
    let mut acks = 0;
    while acks < 2 {
        let frame = wire.frame_of(wire::TEXT).await;
        acks += usize::from(frame.payload.starts_with(br#"{"type":"ack""#));
    }
    server.stopped().await;
}
