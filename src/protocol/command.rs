//! What a client may send over a JSON socket.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, de::Error};

use crate::domain::{
    DecodeError, FieldError, FileId, ReadGeneration, Rev, RoomId, Seq, decode, parse_number,
};

/// One command.
///
/// Unknown fields are ignored, except in a message, which would lose what they say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Post a message.
    #[serde(skip_deserializing)]
    Send(SendCommand),
    /// Give a message another text.
    Edit {
        /// Echoed by the ack.
        key: String,
        /// The room.
        room_id: RoomId,
        /// The message.
        seq: Seq,
        /// The new text.
        body: String,
    },
    /// Delete a message.
    Delete {
        /// Echoed by the ack.
        key: String,
        /// The room.
        room_id: RoomId,
        /// The message.
        seq: Seq,
    },
    /// Set or take back a reaction.
    React {
        /// Echoed by the ack.
        key: String,
        /// The room.
        room_id: RoomId,
        /// The message.
        seq: Seq,
        /// The emoji, or its short name between colons.
        emoji: String,
        /// Whether it is set.
        on: bool,
    },
    /// Say that one is typing, or has stopped without sending.
    Typing {
        /// The room.
        room_id: RoomId,
        /// `false` once the field is empty again.
        #[serde(default = "yes")]
        on: bool,
    },
    /// Move one's receipt forward.
    Read {
        /// The room.
        room_id: RoomId,
        /// The furthest message read.
        seq: Seq,
        /// Whether it may go back: "mark unread from here".
        #[serde(default)]
        force: bool,
        /// The generation that the client knows. A receipt of an older one moves nothing.
        read_generation: Option<ReadGeneration>,
    },
    /// Ask for everything changed since a `rev`, room by room.
    Sync {
        /// The epoch that these `rev` belong to.
        #[serde(default)]
        epoch: Option<String>,
        /// The last `rev` seen, by room.
        #[serde(deserialize_with = "numbered")]
        rooms: HashMap<RoomId, Rev>,
    },
    /// Ask for a `pong`.
    Ping {},
}

/// Post a message.
#[derive(Debug)]
pub struct SendCommand {
    /// The sender's idempotency key, echoed by the ack.
    pub key: String,
    /// The room.
    pub room_id: RoomId,
    /// The text.
    pub body: String,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// The sender's uploads that come with it.
    pub files: Option<Vec<FileId>>,
}

/// A frame that is no command.
#[derive(Debug)]
pub struct CommandError {
    /// The key, if the frame had one, so that the client can tell which command it was.
    pub key: Option<String>,
    /// `malformed`, `unknown_type`, or `invalid` for a message with an unknown field.
    pub code: &'static str,
    /// What is wrong.
    pub detail: String,
}

const fn yes() -> bool {
    true
}

/// JSON's keys are strings; these hold numbers.
fn numbered<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashMap<RoomId, Rev>, D::Error> {
    let named = HashMap::<String, Rev>::deserialize(deserializer)?;
    let rooms = named.into_iter().map(|(room, rev)| {
        let room = parse_number(&room).filter(|_| rev.0 >= 0);
        room.map(|room| (RoomId(room), rev)).ok_or_else(|| {
            D::Error::custom(
                "must be an object that gives room ids a rev from 0, for example \"rooms\": {\"1\": 520}",
            )
        })
    });
    rooms.collect()
}

/// A `send` as it stands in its frame. Read at once: the way over [`Command`] looks at every field twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedSend {
    #[serde(rename = "type")]
    _kind: SendType,
    key: String,
    room_id: RoomId,
    body: String,
    #[serde(default)]
    reply_to: Option<Seq>,
    #[serde(default)]
    files: Option<Vec<FileId>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SendType {
    Send,
}

/// The parts that are looked at before the type is known.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    r#type: serde_json::Value,
    #[serde(default)]
    key: serde_json::Value,
}

impl CommandError {
    fn malformed(key: Option<String>, detail: String) -> Self {
        Self {
            key,
            code: "malformed",
            detail,
        }
    }

    fn of(key: Option<String>, error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed(detail) => Self::malformed(key, format!("the frame {detail}")),
            DecodeError::Field(FieldError {
                path,
                detail,
                is_unknown,
            }) => Self {
                key,
                // As HTTP says it of a message.
                code: if is_unknown { "invalid" } else { "malformed" },
                detail: format!("{path} {detail}"),
            },
        }
    }
}

impl From<TypedSend> for SendCommand {
    fn from(send: TypedSend) -> Self {
        Self {
            key: send.key,
            room_id: send.room_id,
            body: send.body,
            reply_to: send.reply_to,
            files: send.files,
        }
    }
}

const TYPES: [&str; 8] = [
    "send", "edit", "delete", "react", "read", "typing", "sync", "ping",
];

impl Command {
    /// Whether it does anything that others, or another device, could tell.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(self, Self::Sync { .. } | Self::Ping {})
    }

    /// The key that its answer echoes.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Send(SendCommand { key, .. })
            | Self::Edit { key, .. }
            | Self::Delete { key, .. }
            | Self::React { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Reads one frame.
    ///
    /// # Errors
    /// [`CommandError`] if it is not JSON, names no known type, or its fields do not fit.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        // Most are. What is not, or not a right one, is told by what follows.
        if let Ok(send) = serde_json::from_str::<TypedSend>(text) {
            return Ok(Self::Send(send.into()));
        }
        let envelope: Envelope =
            decode::json_object(text.as_bytes()).map_err(|error| CommandError::of(None, error))?;
        let key = envelope.key.as_str().map(str::to_owned);
        let serde_json::Value::String(kind) = envelope.r#type else {
            let detail = format!(
                "type must be the name of a command, for example {{\"type\": \"ping\"}}; known are {}",
                TYPES.join(", ")
            );
            return Err(CommandError::malformed(key, detail));
        };
        if !TYPES.contains(&kind.as_str()) {
            let detail = format!(
                "no command {:?}; known are {}",
                kind.chars().take(40).collect::<String>(),
                TYPES.join(", ")
            );
            return Err(CommandError {
                key,
                code: "unknown_type",
                detail,
            });
        }
        if kind == "send" {
            let send = decode::json_object::<TypedSend>(text.as_bytes());
            let send = send.map_err(|error| CommandError::of(key, error))?;
            return Ok(Self::Send(send.into()));
        }
        // The name outside, so that a complaint names the field, which it would not if the type were
        // only found among the fields.
        let command = decode::json_object(format!("{{\"{kind}\":{text}}}").as_bytes());
        command.map_err(|error| CommandError::of(key, error.inside(&kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_is_read() {
        let text = r#"{"type":"send","key":"c1","room_id":7,"body":"hi","reply_to":3}"#;
        let Ok(Command::Send(send)) = Command::parse(text) else {
            panic!("not a send")
        };
        assert_eq!(
            (send.room_id, send.body.as_str(), send.reply_to),
            (RoomId(7), "hi", Some(Seq(3)))
        );
    }

    #[test]
    fn a_sync_names_rooms_by_number() {
        let Ok(Command::Sync { rooms, epoch: None }) =
            Command::parse(r#"{"type":"sync","rooms":{"1":520}}"#)
        else {
            panic!("not a sync")
        };
        assert_eq!(rooms[&RoomId(1)], Rev(520));
    }

    #[test]
    fn what_is_no_command_is_told_why_with_its_key() {
        for (text, code) in [
            ("nonsense", "malformed"),
            ("[1]", "malformed"),
            ("{}", "malformed"),
            (r#"{"type":"dance","key":"k"}"#, "unknown_type"),
            (
                r#"{"type":"send","key":"k","room_id":"x","body":"hi"}"#,
                "malformed",
            ),
            (
                r#"{"type":"send","key":"k","room_id":1,"body":"hi","files":[1]}"#,
                "malformed",
            ),
        ] {
            let error = Command::parse(text).unwrap_err();
            assert_eq!(error.code, code, "{text}");
            assert_eq!(
                error.key.as_deref(),
                text.contains("\"k\"").then_some("k"),
                "{text}"
            );
        }
    }
}
