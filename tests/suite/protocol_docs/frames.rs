//! The frames of `socket.md`: the server takes those of the client, and sends those of the server.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{assert_same, examples::people, output, page_text, read_page, rewritten};
use crate::support::{JsonSocket, TestServer, keys, within};

const PAGE: &str = "socket.md";
const COMMAND: &str = include_str!("../../../src/protocol/command.rs");
const SERVER_EVENT: &str = include_str!("../../../src/protocol/server_event.rs");
/// Begins the second half of the page.
const SERVER_PART: &str = "\n## Frames of the server\n";

/// Returns the examples of both sides.
fn shown() -> (Vec<Value>, Vec<Value>) {
    let page = read_page(PAGE);
    let (client, server) = page.split_once(SERVER_PART).unwrap();
    let frames = |part| {
        let blocks = page_text::blocks(part, "json").into_iter();
        blocks
            .map(|block| serde_json::from_str(block).unwrap())
            .collect()
    };
    (frames(client), frames(server))
}

fn types(frames: &[Value]) -> Vec<String> {
    let types = frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap().to_owned());
    types.collect()
}

/// Returns the type of every command, from the source.
fn client_types() -> Vec<String> {
    let (_, types) = COMMAND.split_once("const TYPES").unwrap();
    let (types, _) = types.split_once("];\n").unwrap();
    let types = types.split('"').skip(1).step_by(2);
    let mut types: Vec<String> = types.map(str::to_owned).collect();
    types.sort();
    types
}

/// Returns the type of every frame of the server, from the source.
fn server_types() -> BTreeSet<String> {
    let (_, events) = SERVER_EVENT
        .split_once("pub enum ServerEvent<'a> {")
        .unwrap();
    let (events, _) = events.split_once("\n}").unwrap();
    let variants = events.lines().filter_map(|line| {
        let name: String = line
            .strip_prefix("    ")?
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        name.starts_with(|first: char| first.is_ascii_uppercase())
            .then(|| snake(&name))
    });
    variants.collect()
}

/// Returns the name of a variant as serde writes it.
fn snake(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Reads frames up to one of that type, and returns it as it came.
async fn next_text(socket: &mut JsonSocket, kind: &str) -> String {
    loop {
        let frame = within(kind, socket.raw.next()).await;
        let Some(Ok(Message::Text(text))) = frame else {
            panic!("{frame:?} instead of {kind}")
        };
        let frame: Value = serde_json::from_str(&text).unwrap();
        if frame["type"] == kind {
            return text.as_str().to_owned();
        }
        assert_ne!(frame["type"], "error", "instead of {kind}: {frame}");
    }
}

#[tokio::test]
async fn server_accepts_every_documented_client_frame() {
    let (frames, _) = shown();
    let mut types = types(&frames);
    types.sort();
    assert_eq!(types, client_types(), "one example of each command");

    let server = TestServer::start().await;
    let ([ana, ..], _) = people(&server).await;
    let (mut socket, ready) = ana.connect().await;
    for mut frame in frames {
        if frame["epoch"].is_string() {
            frame["epoch"] = ready["epoch"].clone();
        }
        socket.send(frame.clone()).await;
        let kind = frame["type"].as_str().unwrap();
        let answer = match kind {
            "send" | "edit" | "react" | "delete" => "ack",
            "read" => "read",
            "sync" => "synced",
            "ping" => "pong",
            "typing" => {
                socket.send(json!({ "type": "ping" })).await;
                "pong"
            }
            other => panic!("no answer of {other} is known"),
        };
        let answer: Value = serde_json::from_str(&next_text(&mut socket, answer).await).unwrap();
        assert_eq!(answer["key"], frame["key"], "{frame}: {answer}");
    }
}

/// Frames of the server by their type.
#[derive(Default)]
struct Sent(BTreeMap<String, String>);

impl Sent {
    /// Waits for a frame of that type.
    async fn take(&mut self, socket: &mut JsonSocket, kind: &str) {
        self.0
            .insert(kind.to_owned(), next_text(socket, kind).await);
    }
}

/// Makes the server send a frame of every type.
async fn sent_by_server() -> BTreeMap<String, String> {
    let mut sent = Sent::default();
    let mut server = TestServer::start().await;
    let ([ana, ben, _], room) = people(&server).await;
    let mut anas = JsonSocket::open(server.address, "/ws", &ana.token).await;
    sent.take(&mut anas, "ready").await;
    let mut bens = JsonSocket::open(server.address, "/ws", &ben.token).await;
    sent.take(&mut anas, "presence").await;
    for (on, kind) in [(true, "typing"), (false, "typing_stopped")] {
        bens.send(json!({ "type": "typing", "room_id": room.id, "on": on }))
            .await;
        sent.take(&mut anas, kind).await;
    }
    bens.send_message(&room, "c7", "Lunch is ready").await;
    sent.take(&mut anas, "message").await;
    anas.send_message(&room, "c8", "Coming").await;
    sent.take(&mut anas, "ack").await;
    anas.send_message(&room, "c8", "Not yet").await;
    sent.take(&mut anas, "error").await;
    anas.send(json!({ "type": "read", "room_id": room.id, "seq": 2, "force": true }))
        .await;
    sent.take(&mut anas, "read").await;
    anas.send(json!({ "type": "sync", "rooms": { room.id.to_string(): 2 } }))
        .await;
    sent.take(&mut anas, "synced").await;
    anas.send(json!({ "type": "ping" })).await;
    sent.take(&mut anas, "pong").await;
    let path = format!("/api/rooms/{}", room.id);
    ana.patch(&path, json!({ "topic": "Lunch" }))
        .await
        .expect(200);
    sent.take(&mut anas, "room").await;
    ana.kick(&room, &ben).await;
    sent.take(&mut bens, "room_left").await;
    let (mut more, _) = ana.connect().await;
    more.flood(&room, &keys("more", 1_001), "more").await;
    more.send(json!({ "type": "sync", "rooms": { room.id.to_string(): 2 } }))
        .await;
    sent.take(&mut more, "behind").await;
    server.begin_stop();
    sent.take(&mut more, "bye").await;
    server.stopped().await;
    sent.0
}

/// Returns the names of all fields, without their values.
fn skeleton(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), skeleton(value)));
            Value::Object(members.collect())
        }
        Value::Array(items) => items.first().map(skeleton).into_iter().collect(),
        _ => Value::Null,
    }
}

#[tokio::test]
async fn every_server_frame_is_documented_with_a_real_example() {
    let (_, frames) = shown();
    let types: BTreeSet<String> = types(&frames).into_iter().collect();
    assert_eq!(
        types.len(),
        frames.len(),
        "one example of each type: {types:?}"
    );
    assert_eq!(types, server_types(), "an example of each type");

    let sent = sent_by_server().await;
    let pages = rewritten(PAGE, |page| {
        let mut page = page.to_owned();
        for frame in frames {
            let kind = frame["type"].as_str().unwrap();
            let real: Value = serde_json::from_str(&sent[kind]).unwrap();
            if skeleton(&real) != skeleton(&frame) {
                page = with_frame(&page, kind, &output::pretty(&sent[kind]));
            }
        }
        page
    });
    assert_same(PAGE, &pages);
}

/// Returns the page with another example of a frame of the server.
fn with_frame(page: &str, kind: &str, frame: &str) -> String {
    let (client, server) = page.split_once(SERVER_PART).unwrap();
    let heading = format!("### `{kind}`\n");
    let (before, rest) = server.split_once(&heading).unwrap();
    let (text, rest) = rest.split_once("```json\n").unwrap();
    let (_, after) = rest.split_once("```").unwrap();
    format!("{client}{SERVER_PART}{before}{heading}{text}```json\n{frame}\n```{after}")
}
