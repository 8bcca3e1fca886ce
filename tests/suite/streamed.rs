//! Answers whose body is a stream or is compressed on its way out: each arrives whole, and the
//! connection goes on behind it.

use std::{collections::HashMap, io::Read};

use flate2::read::GzDecoder;
use image::ImageFormat;
use reqwest::Method;
use serde_json::Value;
use tokio::io::AsyncReadExt;

use crate::{
    files::{picture, send, uploaded, url},
    support::{TestServer, User, Wire, within},
};

/// One answer of a connection.
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    /// Takes the next answer off `bytes`.
    fn take(bytes: &mut &[u8], what: &str) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("{what}: no head in {bytes:?}"));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        *bytes = &bytes[end + 4..];
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers: HashMap<String, String> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let body = if headers.contains_key("transfer-encoding") {
            unchunked(bytes, what)
        } else {
            let length = headers.get("content-length");
            let length = length.map_or(0, |length| length.parse().unwrap());
            assert!(length <= bytes.len(), "{what}: the body is cut off");
            let (body, rest) = bytes.split_at(length);
            *bytes = rest;
            body.to_vec()
        };
        Self {
            status: status.parse().unwrap(),
            headers,
            body,
        }
    }

    fn is_gzip(&self) -> bool {
        self.headers
            .get("content-encoding")
            .is_some_and(|coding| coding == "gzip")
    }

    /// The body as it was before it was compressed.
    fn plain(&self) -> Vec<u8> {
        if !self.is_gzip() {
            return self.body.clone();
        }
        let mut plain = Vec::new();
        GzDecoder::new(&self.body[..])
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }
}

/// A body in chunks, up to its last one.
fn unchunked(bytes: &mut &[u8], what: &str) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n");
        let end = end.unwrap_or_else(|| panic!("{what}: the last chunk is missing"));
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        assert!(end + 2 + size + 2 <= bytes.len(), "{what}: a chunk is cut");
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        *bytes = &bytes[end + 2 + size + 2..];
        if size == 0 {
            return body;
        }
    }
}

/// Asks for `path` and, in the same write, for something else on the same connection.
async fn ask(user: &User, path: &str, headers: &str) -> Answer {
    let mut wire = Wire::connect_with_small_buffer(user.address).await;
    let token = &user.token;
    let requests = format!(
        "GET {path} HTTP/1.1\r\nhost: parlor\r\nauthorization: Bearer {token}\r\n{headers}\r\n\
         GET /healthz HTTP/1.1\r\nhost: parlor\r\nconnection: close\r\n\r\n"
    );
    wire.write(requests.as_bytes()).await;
    let mut bytes = Vec::new();
    let read = within("both answers", wire.stream.read_to_end(&mut bytes)).await;
    read.unwrap_or_else(|error| panic!("{path}: {error}"));
    let (mut rest, what) = (&bytes[..], format!("{path} with {headers:?}"));
    let answer = Answer::take(&mut rest, &what);
    let second = Answer::take(&mut rest, &format!("the request behind {what}"));
    assert_eq!(second.status, 200, "the request behind {what}");
    assert!(rest.is_empty(), "{what}: more than two answers");
    answer
}

#[tokio::test]
async fn streamed_responses_are_complete_with_and_without_gzip() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let words = "some words ".repeat(20_000);
    let text = uploaded(&ana, &room, "words.txt", words.clone()).await;
    let image = uploaded(&ana, &room, "a.png", picture(ImageFormat::Png, 600, 400)).await;
    send(&ana, &room, "", &[&text, &image]).await.expect(201);
    for number in 0..300 {
        ana.send_message(&room, &format!("{number} {}", "again ".repeat(40)))
            .await;
    }
    let avatar = ana.request(Method::PUT, "/api/me/avatar");
    let avatar = avatar.body(picture(ImageFormat::Png, 64, 64)).send().await;
    assert_eq!(avatar.unwrap().status(), 204);

    let file = url(&text).to_owned();
    let small = image["thumbnail"].as_str().unwrap().to_owned();
    let messages = format!("/api/rooms/{}/messages", room.id);
    let part = "range: bytes=70000-150000\r\n";
    let cases = [
        ("/api/me/export".to_owned(), "", 200, true),
        (file.clone(), "", 200, false),
        (file.clone(), part, 206, false),
        (small, "", 200, false),
        (format!("/api/users/{}/avatar", ana.id), "", 200, false),
        (messages.clone(), "", 200, true),
        (format!("{messages}?before=200&limit=200"), "", 200, true),
        (format!("{messages}?changed_since=0"), "", 200, true),
        ("/api/rooms".to_owned(), "", 200, true),
        ("/".to_owned(), "", 200, true),
        ("/app.js".to_owned(), "", 200, true),
        ("/icons/512.png".to_owned(), "", 200, false),
        ("/api/nowhere".to_owned(), "", 404, true),
    ];
    for (path, headers, status, compressed) in cases {
        let plain = ask(&ana, &path, headers).await;
        assert_eq!(plain.status, status, "{path}");
        assert!(!plain.is_gzip(), "{path}");
        let gzip = format!("{headers}accept-encoding: gzip\r\n");
        let gzip = ask(&ana, &path, &gzip).await;
        assert_eq!(gzip.status, status, "{path}");
        assert_eq!(gzip.is_gzip(), compressed, "{path}");
        match path.as_str() {
            // The moment at which it was made is in it.
            "/api/me/export" => {
                let [one, other] = [&plain, &gzip].map(|answer| {
                    let export: Value = serde_json::from_slice(&answer.plain()).unwrap();
                    export["messages"].as_array().unwrap().len()
                });
                assert_eq!((one, other), (301, 301));
            }
            // The number of the request is in it.
            "/api/nowhere" => {}
            _ => assert_eq!(gzip.plain(), plain.body, "{path}"),
        }
        if headers == part {
            assert_eq!(plain.body, &words.as_bytes()[70_000..=150_000]);
        }
    }
    server.stopped().await;
}
