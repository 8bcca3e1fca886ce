//! Answers compressed for who takes them so: the page's files and a room's newest page once for all, the rest
//! as they are asked for.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::{
    Method, RequestBuilder, StatusCode,
    header::{ACCEPT_ENCODING, HeaderMap, IF_NONE_MATCH},
};
use serde_json::Value;

use crate::support::TestServer;

/// An answer as it came.
struct Raw {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Raw {
    async fn of(request: RequestBuilder, accepted: &str) -> Self {
        let request = request.header(ACCEPT_ENCODING, accepted);
        let response = request.send().await.unwrap();
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            bytes: response.bytes().await.unwrap().into(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Returns the body, decompressed if it must be compressed.
    fn plain(&self, compressed: bool) -> Vec<u8> {
        let encoding = compressed.then_some("gzip");
        assert_eq!(self.header("content-encoding"), encoding);
        assert_eq!(self.header("vary"), Some("accept-encoding"));
        if !compressed {
            return self.bytes.clone();
        }
        let mut plain = Vec::new();
        GzDecoder::new(&self.bytes[..])
            .read_to_end(&mut plain)
            .unwrap();
        assert!(self.bytes.len() < plain.len());
        plain
    }

    fn json(&self, compressed: bool) -> Value {
        serde_json::from_slice(&self.plain(compressed)).unwrap()
    }
}

const ACCEPTED: [(&str, bool); 8] = [
    ("gzip", true),
    ("gzip, deflate, br, zstd", true),
    ("br;q=0.1, *;q=0.5", true),
    ("identity", false),
    ("br, gzip;q=0", false),
    ("deflate", false),
    ("br, *;q=0", false),
    ("identity;q=0", false),
];

#[tokio::test]
async fn page_files_are_equal_in_every_encoding() {
    let server = TestServer::start().await;
    for path in [
        "/",
        "/r/7",
        "/build.js",
        "/vendor/preact.js",
        "/favicon.svg",
    ] {
        let get = |method| server.request(method, path);
        let plain = Raw::of(get(Method::GET), "identity").await;
        let tag = plain.header("etag").unwrap().to_owned();
        assert!(!tag.starts_with("W/"), "{tag}");
        for (accepted, compressed) in ACCEPTED {
            let answer = Raw::of(get(Method::GET), accepted).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.plain(compressed), plain.bytes, "{path} {accepted}");
            let length = answer.bytes.len().to_string();
            assert_eq!(answer.header("content-length"), Some(length.as_str()));
            let own = if compressed {
                format!("W/{tag}")
            } else {
                tag.clone()
            };
            assert_eq!(
                answer.header("etag"),
                Some(own.as_str()),
                "{path} {accepted}"
            );

            let head = Raw::of(get(Method::HEAD), accepted).await;
            assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0));
            for name in [
                "content-encoding",
                "content-length",
                "content-type",
                "etag",
                "vary",
            ] {
                assert_eq!(
                    head.header(name),
                    answer.header(name),
                    "{path} {accepted} {name}"
                );
            }
            for known in [&tag, &own] {
                let again = get(Method::GET).header(IF_NONE_MATCH, known);
                let again = Raw::of(again, accepted).await;
                assert_eq!(
                    (again.status, again.bytes.len()),
                    (StatusCode::NOT_MODIFIED, 0)
                );
                assert_eq!(again.header("etag"), Some(own.as_str()));
                assert_eq!(again.header("vary"), Some("accept-encoding"));
                assert_eq!(again.header("content-encoding"), None);
            }
        }
    }
    // A file too small to compress has one representation, and its tag is strong.
    let small = server.request(Method::GET, "/lib/html.js");
    let small = Raw::of(small, "gzip").await;
    assert_eq!(small.header("content-encoding"), None);
    assert!(!small.header("etag").unwrap().starts_with("W/"));
    let any = server.request(Method::GET, "/").header(IF_NONE_MATCH, "*");
    assert_eq!(Raw::of(any, "gzip").await.status, StatusCode::NOT_MODIFIED);
    let image = Raw::of(server.request(Method::GET, "/icons/192.png"), "gzip").await;
    assert_eq!(image.header("content-encoding"), None);
    assert!(image.bytes.starts_with(b"\x89PNG"));
    server.stopped().await;
}

#[tokio::test]
async fn newest_page_is_never_stale() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path = format!("/api/rooms/{}/messages", room.id);
    let stranger = server.user("cid").await;
    for round in 0..5 {
        let said = ana
            .send_message(&room, &format!("{round}: {}", "some words ".repeat(20)))
            .await;
        // The second time it is what was kept.
        for (accepted, compressed) in [ACCEPTED, ACCEPTED].concat() {
            for user in [&ana, &ben] {
                let page = Raw::of(user.request(Method::GET, &path), accepted).await;
                assert_eq!(page.status, 200);
                let page = page.json(compressed);
                assert_eq!(page["items"].as_array().unwrap().last(), Some(&said));
            }
        }
        let refused = Raw::of(stranger.request(Method::GET, &path), "gzip").await;
        assert_eq!(refused.status, 404);
    }
    ana.kick(&room, &ben).await;
    let refused = Raw::of(ben.request(Method::GET, &path), "gzip").await;
    assert_eq!(refused.status, 404);
    server.stopped().await;
}

#[tokio::test]
async fn other_answers_are_compressed_while_sent() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for number in 0..3 {
        ana.send_message(&room, &format!("{number}: {}", "some words ".repeat(20)))
            .await;
    }
    let older = format!("/api/rooms/{}/messages?before=3", room.id);
    for path in [older.as_str(), "/api/rooms"] {
        let plain = Raw::of(ana.request(Method::GET, path), "identity").await;
        for (accepted, compressed) in ACCEPTED {
            let answer = Raw::of(ana.request(Method::GET, path), accepted).await;
            assert_eq!(
                answer.json(compressed),
                plain.json(false),
                "{path} {accepted}"
            );
        }
    }
    server.stopped().await;
}
