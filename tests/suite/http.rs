//! Middleware of all requests: limits, headers, refusals, and the page's files.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Reply, TestServer, Wire, within};

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let server = TestServer::start().await;
    for (method, path) in [
        (Method::GET, "/api/nothing"),
        (Method::POST, "/api/nothing"),
        (Method::DELETE, "/api/nothing"),
        (Method::GET, "/api"),
        (Method::GET, "/nothing.js"),
        (Method::GET, "/../Cargo.toml"),
        (Method::GET, "/%2e%2e/Cargo.toml"),
        (Method::GET, "/index.html/x"),
        (Method::POST, "/nothing"),
    ] {
        let reply = Reply::of(server.request(method, path)).await;
        reply.refused(404, "not_found");
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/api/server", &["GET", "HEAD"][..]),
        (Method::GET, "/api/auth/signin", &["POST"]),
        (Method::PUT, "/api/rooms", &["GET", "POST", "HEAD"]),
        (
            Method::POST,
            "/api/rooms/1",
            &["GET", "PATCH", "DELETE", "HEAD"],
        ),
        (
            Method::PATCH,
            "/api/chat_rooms/1/messages",
            &["GET", "POST", "HEAD"],
        ),
        (Method::POST, "/healthz", &["GET", "HEAD"]),
    ] {
        let reply = Reply::of(server.request(method, path)).await;
        reply.refused(405, "method_not_allowed");
        let allow = reply.header("allow").unwrap();
        let allow: HashSet<_> = allow.split(',').map(str::trim).collect();
        assert_eq!(allow, allowed.iter().copied().collect(), "{path}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn every_response_has_its_own_request_id() {
    let server = TestServer::start().await;
    let mut seen = HashSet::new();
    for path in ["/", "/healthz", "/api/me", "/api/nothing", "/api/server"] {
        for _ in 0..5 {
            let request = server.request(Method::GET, path);
            let reply = Reply::of(request.header("x-request-id", "mine")).await;
            let id = reply.header("x-request-id").unwrap().to_owned();
            if reply.status >= 400 {
                assert_eq!(reply.json()["request_id"], id, "{reply:?}");
            }
            assert!(seen.insert(id), "{reply:?}");
        }
    }
    server.stopped().await;
}

#[tokio::test]
async fn every_response_has_security_headers() {
    let server = TestServer::start().await;
    for path in [
        "/",
        "/favicon.svg",
        "/healthz",
        "/api/server",
        "/api/me",
        "/api/nothing",
        "/ws",
    ] {
        let reply = server.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}: {reply:?}");
        }
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(
            reply.header("strict-transport-security").is_none(),
            "plain HTTP: {path}"
        );
        assert!(reply.header("server").is_none(), "{path}");
    }
    // Scripts and styles are no documents: what counts is that they are taken for what they are.
    for path in ["/app.js", "/css/base.css"] {
        let reply = server.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}: {reply:?}");
        }
    }
    let reply = server.get("/api/server").await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    server.stopped().await;
}

#[tokio::test]
async fn page_runs_only_its_own_scripts() {
    let server = TestServer::start().await;
    for path in ["/", "/r/1", "/i/K7QM-2XWD-9F4H-PT3C", "/index.html"] {
        let reply = server.get(path).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(
            reply.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        let policy = reply.header("content-security-policy").unwrap();
        for part in [
            "script-src 'self' 'sha256-",
            "style-src 'self'",
            "base-uri 'none'",
            "connect-src 'self'",
        ] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        for part in ["unsafe", "*", "http:", "https:"] {
            assert!(!policy.contains(part), "{part}: {policy}");
        }
        for part in [" style=\"", " onclick=", "<style", "http://", "https://"] {
            assert!(!reply.text.contains(part), "{part} in {path}");
        }
    }
    server.stopped().await;
}

#[tokio::test]
async fn unchanged_file_is_not_modified() {
    let server = TestServer::start().await;
    for path in ["/", "/vendor/preact.js", "/lib/connection.js"] {
        let first = server.get(path).await;
        let etag = first.header("etag").unwrap().to_owned();
        for (known, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"other\", {etag}"), 304),
            ("\"other\"".into(), 200),
        ] {
            let request = server
                .request(Method::GET, path)
                .header("if-none-match", &known);
            let again = Reply::of(request).await;
            assert_eq!(again.status, status, "{path} {known}: {again:?}");
            assert_eq!(again.text.is_empty(), status == 304, "{path} {known}");
            assert_eq!(again.header("etag"), Some(etag.as_str()));
        }
        let head = Reply::of(server.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn cors_allows_only_configured_origins() {
    let named = "https://app.example.org";
    for (origins, origin, allowed) in [
        (vec![], named, None),
        (vec![named.to_owned()], named, Some(named)),
        (vec![named.to_owned()], "https://evil.example", None),
    ] {
        let server = TestServer::with(|config| config.http.cors_origins = origins).await;
        let preflight = server
            .request(Method::OPTIONS, "/api/rooms")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            );
        let preflight = Reply::of(preflight).await;
        // A refusal must be as readable as an answer.
        for path in ["/api/server", "/api/me", "/api/nothing"] {
            let request = server.request(Method::GET, path).header("origin", origin);
            let reply = Reply::of(request).await;
            assert_eq!(
                reply.header("access-control-allow-origin"),
                allowed,
                "{path}: {reply:?}"
            );
            assert!(
                reply.header("access-control-allow-credentials").is_none(),
                "never with cookies"
            );
        }
        assert_eq!(
            preflight.header("access-control-allow-origin"),
            allowed,
            "{preflight:?}"
        );
        if allowed.is_some() {
            assert_eq!(preflight.status, 200, "{preflight:?}");
            let headers = preflight.header("access-control-allow-headers").unwrap();
            assert!(
                headers.to_lowercase().contains("authorization"),
                "{headers}"
            );
        }
        server.stopped().await;
    }
}

#[tokio::test]
async fn server_reports_version_and_health() {
    let server = TestServer::with(|config| config.name = "Kitchen".into()).await;
    assert_eq!(
        server.get("/healthz").await.expect(200),
        json!({ "status": "ok" })
    );
    assert_eq!(
        server.get("/readyz").await.expect(200),
        json!({ "status": "ready" })
    );
    let about = server.get("/api/server").await.expect(200);
    for (field, value) in [
        ("name", json!("Kitchen")),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("registration", json!("open")),
    ] {
        assert_eq!(about[field], value, "{about}");
    }
    assert_eq!(about["limits"]["body_chars"], 4000, "{about}");
    server.stopped().await;
}

/// Reads until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    let _ = within("the server to close", stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn client_without_complete_header_is_disconnected() {
    let server = TestServer::with(|config| config.timing.header_ms = 100).await;
    for start in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(!answer.contains("200 OK"), "{start:?}: {answer}");
    }
    // One who is in time is served however many there were.
    server.get("/healthz").await.expect(200);
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_reads_no_response_is_disconnected() {
    let server = TestServer::with(|config| {
        config.limits.connections = 1;
        config.timing.stall_ms = 300;
    })
    .await;
    let mut stalled = Wire::connect_with_small_buffer(server.address).await;
    let began = Instant::now();
    // Far more is asked for than the system's buffers hold of answers.
    let ask = "GET /vendor/preact.js HTTP/1.1\r\nhost: x\r\n\r\n";
    stalled.write(ask.repeat(1500).as_bytes()).await;
    // There is one place, and whoever comes next gets it.
    within("the place", server.get("/healthz"))
        .await
        .expect(200);
    // The system by itself would have taken 5 seconds longer.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(stalled);
    server.stopped().await;
}

#[tokio::test]
async fn endless_header_is_refused() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let header = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx-long: {}",
        "x".repeat(64 * 1024)
    );
    let _ = stream.write_all(header.as_bytes()).await;
    let answer = rest(&mut stream).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    server.get("/healthz").await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn connections_per_address_are_limited() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.connections_per_address = 2;
    })
    .await;
    let connect = || async { TcpStream::connect(server.address).await.unwrap() };
    let (one, two) = (connect().await, connect().await);
    let answer = rest(&mut connect().await).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    assert!(head.starts_with("HTTP/1.1 429 "), "{answer}");
    let head = head.to_lowercase();
    for line in ["content-type: application/problem+json", "retry-after: "] {
        assert!(head.contains(line), "{answer}");
    }
    let problem: Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], "too_many_connections", "{problem}");
    // A client that asks more than a packet's worth is told as well, and not just cut off.
    for _ in 0..20 {
        let request = server.request(Method::POST, "/api/auth/signin");
        let reply = Reply::of(request.body("x".repeat(20_000))).await;
        assert_eq!(reply.status, 429, "{reply:?}");
    }
    drop((one, two));
    // Their places are free once the server has noticed.
    within("a free place", async {
        loop {
            let mut stream = connect().await;
            let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(ask.as_bytes()).await;
            if rest(&mut stream).await.starts_with("HTTP/1.1 200 ") {
                break;
            }
        }
    })
    .await;
    server.stopped().await;
}
