//! A client that knows a room by its socket alone, and keeps what it knows while it is away.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{JsonSocket, User, within};

pub(super) struct Client {
    room: i64,
    socket: Option<JsonSocket>,
    /// Newest change that the client has received.
    rev: i64,
    messages: BTreeMap<i64, Value>,
    inside: bool,
    /// It has asked for what it missed and not had all of it yet.
    syncing: bool,
}

impl Client {
    pub(super) fn new(room: i64) -> Self {
        Self {
            room,
            socket: None,
            rev: 0,
            messages: BTreeMap::new(),
            inside: false,
            syncing: false,
        }
    }

    pub(super) async fn connect(&mut self, user: &User) {
        if self.socket.is_some() {
            return;
        }
        let (socket, ready) = user.connect().await;
        self.socket = Some(socket);
        let rooms = ready["rooms"].as_array().unwrap();
        self.inside = rooms.iter().any(|room| room["id"] == self.room);
        if self.inside {
            self.catch_up().await;
        }
    }

    pub(super) fn disconnect(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.cut();
        }
        self.syncing = false;
    }

    pub(super) fn is_live(&self) -> bool {
        self.socket.is_some()
    }

    /// Says something over the socket, if there is one, and answers what came of it as HTTP would.
    pub(super) async fn send_message(&mut self, key: &str, body: &str) -> Option<u16> {
        let send = json!({ "type": "send", "key": key, "room_id": self.room, "body": body });
        self.socket.as_mut()?.send(send).await;
        loop {
            let frame = self.next().await;
            match frame["type"].as_str().unwrap() {
                "ack" if frame["key"] == key => return Some(201),
                "error" if frame["key"] == key => {
                    assert_eq!(frame["code"], "not_found", "{frame}");
                    return Some(404);
                }
                _ => self.apply(frame).await,
            }
        }
    }

    /// Hears until it knows everything up to `rev`, or that it is out of the room; then nothing else
    /// may be on its way.
    pub(super) async fn wait_until_synced(&mut self, is_member: bool, rev: i64) {
        if self.socket.is_none() {
            return;
        }
        while self.inside != is_member || is_member && (self.syncing || self.rev < rev) {
            let what = format!("change {rev}, {} so far, inside: {}", self.rev, self.inside);
            let frame = within(&what, self.next()).await;
            self.apply(frame).await;
        }
        let socket = self.socket.as_mut().unwrap();
        for frame in socket.still_answers().await {
            self.apply(frame).await;
        }
        assert!(
            !is_member || self.rev == rev,
            "{} is beyond {rev}",
            self.rev
        );
    }

    /// Returns the messages that the client knows, in their order.
    pub(super) fn seen(&self) -> Vec<Value> {
        self.messages.values().map(comparable).collect()
    }

    async fn next(&mut self) -> Value {
        self.socket.as_mut().expect("a socket").next().await
    }

    async fn catch_up(&mut self) {
        self.syncing = true;
        let sync = json!({ "type": "sync", "rooms": { self.room.to_string(): self.rev } });
        self.socket.as_mut().expect("a socket").send(sync).await;
    }

    async fn apply(&mut self, frame: Value) {
        let room = if frame["type"] == "room" {
            &frame["room"]["id"]
        } else {
            &frame["room_id"]
        };
        if *room != self.room {
            return;
        }
        match frame["type"].as_str().unwrap() {
            "message" => {
                assert!(self.inside, "told of a room that one is out of: {frame}");
                let rev = frame["rev"].as_i64().unwrap();
                assert!(
                    self.syncing || rev == self.rev + 1,
                    "after {}: {frame}",
                    self.rev
                );
                self.rev = self.rev.max(rev);
                let message = &frame["message"];
                let seq = message["seq"].as_i64().unwrap();
                let known = self
                    .messages
                    .get(&seq)
                    .and_then(|known| known["rev"].as_i64());
                if known.is_none_or(|known| known < rev) {
                    self.messages.insert(seq, message.clone());
                }
            }
            "synced" => {
                self.rev = self.rev.max(frame["head"]["rev"].as_i64().unwrap());
                self.syncing = false;
            }
            // One that says what one is there oneself.
            "room" if !self.inside && frame["room"]["role"].is_string() => {
                self.inside = true;
                self.catch_up().await;
            }
            "room_left" => {
                self.inside = false;
                self.syncing = false;
            }
            "error" => assert!(!self.inside, "{frame}"),
            "behind" => panic!("{frame}"),
            _ => {}
        }
    }
}

/// Returns the parts of a message that the model knows.
pub(super) fn comparable(message: &Value) -> Value {
    if message["kind"] == "system" {
        return json!({ "seq": message["seq"], "rev": message["rev"], "kind": "system" });
    }
    let reactions = message["reactions"].as_object().unwrap().iter();
    let reactions = reactions.map(|(emoji, users)| {
        let users = users.as_array().unwrap().iter();
        let users: BTreeSet<i64> = users.map(|user| user.as_i64().unwrap()).collect();
        (emoji, users)
    });
    let reactions: BTreeMap<_, _> = reactions.collect();
    json!({
        "seq": message["seq"],
        "rev": message["rev"],
        "kind": "text",
        "author": message["author"]["id"],
        "body": message["body"].as_str().unwrap_or_default(),
        "edited": message["edited_at"].is_string(),
        "deleted": message["deleted_at"].is_string(),
        "pinned": message["pinned_at"].is_string(),
        "reactions": reactions,
    })
}
