//! The frames that the load needs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Frame of a client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Command<'a> {
    Send {
        #[serde(borrow)]
        key: Cow<'a, str>,
        room_id: u64,
        #[serde(borrow)]
        body: Cow<'a, str>,
    },
    #[serde(other)]
    Other,
}

/// Frame of the server.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Frame<'a> {
    Ready {
        rooms: [u64; 1],
    },
    Ack {
        key: &'a str,
        room_id: u64,
        seq: u64,
        rev: u64,
    },
    Message {
        room_id: u64,
        rev: u64,
        message: Message<'a>,
    },
}

#[derive(Serialize)]
pub struct Message<'a> {
    pub room_id: u64,
    pub seq: u64,
    pub rev: u64,
    pub kind: &'a str,
    pub author: UserSummary<'a>,
    pub body: &'a str,
    pub mentions: [u64; 0],
    pub reply_to: Option<u64>,
    pub files: [u64; 0],
    pub reactions: Reactions,
    pub key: &'a str,
    pub created_at: &'a str,
    pub edited_at: Option<u64>,
    pub deleted_at: Option<u64>,
}

#[derive(Serialize)]
pub struct UserSummary<'a> {
    pub id: u64,
    pub username: &'a str,
    pub display_name: &'a str,
}

/// No presence is tracked.
#[derive(Serialize)]
pub struct Reactions {}

impl Frame<'_> {
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a frame has nothing in it that JSON has not")
    }
}
