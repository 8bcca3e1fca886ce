//! WebSocket clients that speak as the contract says, and nothing more.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::Response},
};

use super::{Room, within};

/// Why a socket is closed: the code and the words of its close frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub code: u16,
    pub words: String,
}

pub(super) type Raw = WebSocketStream<TcpStream>;

/// Opens a socket, or answers how the handshake was refused.
pub(super) async fn handshake(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, String)],
) -> Result<Raw, Box<Response<Option<Vec<u8>>>>> {
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    match within("a handshake", client_async(request, stream)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response),
        Err(error) => panic!("handshake of {path}: {error}"),
    }
}

pub(super) fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

/// A socket of JSON frames.
pub(crate) struct JsonSocket {
    pub raw: Raw,
}

impl JsonSocket {
    pub(crate) async fn open(address: SocketAddr, path: &str, token: &str) -> Self {
        let headers = [
            bearer(token),
            ("sec-websocket-protocol", "parlor.v1.json".to_owned()),
        ];
        let raw = handshake(address, path, &headers).await;
        Self {
            raw: raw.unwrap_or_else(|refusal| panic!("handshake of {path}: {refusal:?}")),
        }
    }

    /// Tries to open a socket; the answer to the handshake if it is refused.
    pub(crate) async fn attempt(
        address: SocketAddr,
        path: &str,
        token: &str,
    ) -> Result<Self, Box<Response<Option<Vec<u8>>>>> {
        let headers = [
            bearer(token),
            ("sec-websocket-protocol", "parlor.v1.json".to_owned()),
        ];
        let raw = handshake(address, path, &headers).await?;
        Ok(Self { raw })
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.raw
            .send(Message::text(frame.to_string()))
            .await
            .unwrap();
    }

    /// Sends a message under a key; its ack is still to come.
    pub(crate) async fn send_message(&mut self, room: &Room, key: &str, body: &str) {
        self.send(json!({ "type": "send", "key": key, "room_id": room.id, "body": body }))
            .await;
    }

    /// Sends many messages without waiting for one before the next, and answers what came of each:
    /// its ack or its error. All other frames are passed over.
    pub(crate) async fn flood(&mut self, room: &Room, keys: &[String], body: &str) -> Vec<Value> {
        let mut answers = Vec::with_capacity(keys.len());
        for some in keys.chunks(100) {
            for key in some {
                let send = json!({ "type": "send", "key": key, "room_id": room.id, "body": body });
                let frame = Message::text(send.to_string());
                self.raw.feed(frame).await.unwrap();
            }
            self.raw.flush().await.unwrap();
            for _ in some {
                answers.push(self.answer().await);
            }
        }
        answers
    }

    /// The next ack or error.
    pub(crate) async fn answer(&mut self) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == "ack" || frame["type"] == "error" {
                return frame;
            }
        }
    }

    /// That the socket lives: a `ping` is answered. Answers what came before the `pong`.
    pub(crate) async fn still_answers(&mut self) -> Vec<Value> {
        self.send(json!({ "type": "ping" })).await;
        let mut before = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == "pong" {
                return before;
            }
            before.push(frame);
        }
    }

    /// The next frame, whatever it is.
    pub(crate) async fn next(&mut self) -> Value {
        match next(&mut self.raw).await {
            Ok(text) => {
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
            }
            Err(closed) => panic!("closed instead of a frame: {closed:?}"),
        }
    }

    /// The next frame of that type; others before it are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        let mut passed = Vec::new();
        loop {
            let frame = match next(&mut self.raw).await {
                Ok(text) => serde_json::from_str::<Value>(&text).unwrap(),
                Err(closed) => panic!("closed ({closed:?}) instead of a {kind:?} after {passed:?}"),
            };
            if frame["type"] == kind {
                return frame;
            }
            passed.push(frame);
        }
    }

    /// The next message frame's message.
    pub(crate) async fn next_message(&mut self) -> Value {
        self.next_of("message").await["message"].take()
    }

    /// Reads until the server closes.
    pub(crate) async fn closed(mut self) -> Closed {
        loop {
            if let Err(closed) = next(&mut self.raw).await {
                return closed;
            }
        }
    }

    /// Cuts the connection as a pulled cable does: without a goodbye.
    pub(crate) fn cut(self) {
        drop(self.raw);
    }
}

/// A person at `websocat`.
pub(crate) struct Terminal {
    pub raw: Raw,
}

impl Terminal {
    pub(crate) async fn open(address: SocketAddr, path: &str, token: &str) -> Self {
        let raw = handshake(address, path, &[bearer(token)]).await;
        Self {
            raw: raw.unwrap_or_else(|refusal| panic!("handshake of {path}: {refusal:?}")),
        }
    }

    /// Types a line, with the newline that `websocat` sends.
    pub(crate) async fn enter(&mut self, line: &str) {
        self.raw
            .send(Message::text(format!("{line}\n")))
            .await
            .unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> String {
        match next(&mut self.raw).await {
            Ok(text) => text,
            Err(closed) => panic!("closed instead of a line: {closed:?}"),
        }
    }

    /// The next line that holds `part`; others before it are passed over.
    pub(crate) async fn next_with(&mut self, part: &str) -> String {
        let mut passed = Vec::new();
        loop {
            match next(&mut self.raw).await {
                Ok(text) if text.contains(part) => return text,
                Ok(text) => passed.push(text),
                Err(closed) => panic!("closed ({closed:?}) instead of {part:?} after {passed:?}"),
            }
        }
    }

    /// Reads until the server closes.
    pub(crate) async fn closed(mut self) -> (Vec<String>, Closed) {
        let mut lines = Vec::new();
        loop {
            match next(&mut self.raw).await {
                Ok(line) => lines.push(line),
                Err(closed) => return (lines, closed),
            }
        }
    }
}

async fn next(raw: &mut Raw) -> Result<String, Closed> {
    loop {
        match within("a frame", raw.next()).await {
            Some(Ok(Message::Text(text))) => {
                assert!(!text.is_empty(), "an empty frame");
                return Ok(text.as_str().to_owned());
            }
            Some(Ok(Message::Close(frame))) => {
                let closed = frame.map(|frame| Closed {
                    code: frame.code.into(),
                    words: frame.reason.as_str().to_owned(),
                });
                return Err(closed.unwrap_or(Closed {
                    code: 1005,
                    words: String::new(),
                }));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                return Err(Closed {
                    code: 1006,
                    words: error.to_string(),
                });
            }
            None => {
                return Err(Closed {
                    code: 1006,
                    words: "the stream ended".into(),
                });
            }
        }
    }
}

/// `count` keys that begin with `prefix`.
pub(crate) fn keys(prefix: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{prefix}-{number}"))
        .collect()
}
