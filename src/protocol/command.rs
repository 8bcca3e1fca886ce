//! Commands that clients send over a JSON socket.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, de::Error};

use crate::domain::{
    DecodeError, FieldError, FileId, ReadGeneration, Rev, RoomId, Seq, decode, parse_number,
};

/// A command.
///
/// Unknown fields are ignored, except in `send`, where an ignored field would lose a part of the message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Posts a message.
    #[serde(skip_deserializing)]
    Send(SendCommand),
    /// Edits the text of a message.
    Edit {
        /// Key that the ack repeats.
        key: String,
        /// Room of the message.
        room_id: RoomId,
        /// Number of the message.
        seq: Seq,
        /// New text.
        body: String,
    },
    /// Deletes a message.
    Delete {
        /// Key that the ack repeats.
        key: String,
        /// Room of the message.
        room_id: RoomId,
        /// Number of the message.
        seq: Seq,
    },
    /// Adds or removes a reaction.
    React {
        /// Key that the ack repeats.
        key: String,
        /// Room of the message.
        room_id: RoomId,
        /// Number of the message.
        seq: Seq,
        /// The emoji, or its short name between colons.
        emoji: String,
        /// Whether to add the reaction.
        on: bool,
    },
    /// Reports that the user is typing, or has stopped without sending.
    Typing {
        /// The room.
        room_id: RoomId,
        /// `false` if the user cleared the input field.
        #[serde(default = "yes")]
        on: bool,
    },
    /// Moves the user's receipt.
    Read {
        /// The room.
        room_id: RoomId,
        /// Newest message that the user has read.
        seq: Seq,
        /// Whether the receipt may move back, as in "mark as unread from here".
        #[serde(default)]
        force: bool,
        /// Generation that the client knows. A receipt of an older generation has no effect.
        read_generation: Option<ReadGeneration>,
    },
    /// Requests all changes of some rooms since a `rev`.
    Sync {
        /// Epoch to which the `rev` values belong.
        #[serde(default)]
        epoch: Option<String>,
        /// Last `rev` that the client received, by room.
        #[serde(deserialize_with = "numbered")]
        rooms: HashMap<RoomId, Rev>,
    },
    /// Requests a `pong`.
    Ping {},
}

/// Command to post a message.
#[derive(Debug)]
pub struct SendCommand {
    /// Idempotency key of the sender, which the ack repeats.
    pub key: String,
    /// Room to post to.
    pub room_id: RoomId,
    /// Text of the message.
    pub body: String,
    /// Message to reply to.
    pub reply_to: Option<Seq>,
    /// Uploads of the sender to attach.
    pub files: Option<Vec<FileId>>,
}

/// A frame that could not be parsed as a command.
#[derive(Debug)]
pub struct CommandError {
    /// Key of the frame, if it had one, so that the client can identify the command.
    pub key: Option<String>,
    /// Error code: `malformed`, `unknown_type`, or `invalid` for a message with an unknown field.
    pub code: &'static str,
    /// Description of the error.
    pub detail: String,
}

const fn yes() -> bool {
    true
}

/// Decodes the map of a `sync`. Its keys are numbers, which JSON can write only as strings.
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

/// Fields of a `send` frame.
///
/// Decoding them directly is faster than through [`Command`], which buffers the frame and visits each field
/// twice.
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

/// Fields that are decoded before the type is known.
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
                // HTTP uses the same codes for a message.
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
    /// Returns whether the command has an effect beyond this connection.
    #[must_use]
    pub fn changes(&self) -> bool {
        !matches!(self, Self::Sync { .. } | Self::Ping {})
    }

    /// Returns the key that the answer repeats.
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

    /// Parses a frame.
    ///
    /// # Errors
    /// [`CommandError`] if the frame is not JSON, has an unknown type, or a field is not valid.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        // Fast path: most frames are valid `send` commands. The slow path below also produces the errors.
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
        // The type becomes an outer key, so that an error can name the field. With an internally tagged enum it
        // could not.
        let command = decode::json_object(format!("{{\"{kind}\":{text}}}").as_bytes());
        command.map_err(|error| CommandError::of(key, error.inside(&kind)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn send_is_parsed() {
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
    fn sync_keys_are_room_ids() {
        let Ok(Command::Sync { rooms, epoch: None }) =
            Command::parse(r#"{"type":"sync","rooms":{"1":520}}"#)
        else {
            panic!("not a sync")
        };
        assert_eq!(rooms[&RoomId(1)], Rev(520));
    }

    #[test]
    fn invalid_command_is_refused_with_its_key() {
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn arbitrary_frame_is_a_command_or_a_described_refusal(
            text in r#"(\{|\}|\[|\]|"|:|,|"type":|"send"|"edit"|"sync"|"key":"k"|"room_id":1|"rooms":|null|-?[0-9]{1,20}|[ -~]|ü){0,30}"#
        ) {
            if let Err(error) = Command::parse(&text) {
                prop_assert!(!error.code.is_empty() && !error.detail.is_empty());
            }
        }
    }
}
