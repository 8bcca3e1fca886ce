//! Hand-written JSON encoding of the most frequent frames: ordinary messages and acks.
//!
//! The output equals that of serde, at a fraction of the instructions; a property test compares both.

use std::fmt::Write;

use super::view::MessageView;
use crate::domain::{Message, MessageKind, Rev, RoomId, Seq};

/// Capacity for the part of a frame outside the body.
const AROUND: usize = 384;

/// Encodes the frame of an ordinary message, as `write` defines it. Returns `None` for all other messages.
pub(super) fn frame(message: &Message) -> Option<String> {
    let mut json = String::with_capacity(AROUND + message.body.len());
    json.push_str(r#"{"type":"message","room_id":"#);
    number(&mut json, message.room_id.0);
    json.push_str(r#","rev":"#);
    number(&mut json, message.rev.0);
    json.push_str(r#","message":"#);
    let written = write(message, &mut json);
    json.push('}');
    written.then_some(json)
}

/// Encodes messages as an array.
pub(super) fn array(messages: &[Message], json: &mut String) {
    json.reserve(
        messages
            .iter()
            .map(|message| AROUND + message.body.len())
            .sum(),
    );
    json.push('[');
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        if !write(message, json) {
            // The serialization of a message cannot fail: all map keys are strings.
            json.push_str(&serde_json::to_string(&MessageView::from(message)).unwrap_or_default());
        }
    }
    json.push(']');
}

/// Appends an ordinary message: unedited text without a reply, files, mentions or reactions.
///
/// Returns `false` for any other message and appends nothing.
fn write(message: &Message, json: &mut String) -> bool {
    let Message {
        room_id,
        seq,
        rev,
        kind: MessageKind::Text,
        author,
        body,
        event: None,
        reply_to: None,
        key,
        created_at,
        edited_at: None,
        deleted_at: None,
        extras: None,
    } = message
    else {
        return false;
    };
    json.push_str(r#"{"room_id":"#);
    number(json, room_id.0);
    json.push_str(r#","seq":"#);
    number(json, seq.0);
    json.push_str(r#","rev":"#);
    number(json, rev.0);
    json.push_str(r#","kind":"text","author":{"id":"#);
    number(json, author.id.0);
    json.push_str(r#","username":"#);
    string(json, &author.username);
    json.push_str(r#","display_name":"#);
    string(json, &author.display_name);
    // Formatting into a string cannot fail.
    let _ = match author.avatar {
        Some(version) => write!(json, r#","avatar":"{version}""#),
        None => write!(json, r#","avatar":null"#),
    };
    json.push_str(r#"},"body":"#);
    string(json, body);
    json.push_str(r#","mentions":[],"reply_to":null,"files":[],"reactions":{}"#);
    if let Some(key) = key {
        json.push_str(r#","key":"#);
        string(json, key);
    }
    // Formatting into a string cannot fail.
    let _ = write!(
        json,
        r#","created_at":"{created_at}","edited_at":null,"deleted_at":null}}"#
    );
    true
}

/// Encodes the frame of an ack.
pub(super) fn ack(key: &str, room_id: RoomId, seq: Seq, rev: Rev) -> String {
    let mut json = String::with_capacity(128 + key.len());
    json.push_str(r#"{"type":"ack","key":"#);
    string(&mut json, key);
    json.push_str(r#","room_id":"#);
    number(&mut json, room_id.0);
    json.push_str(r#","seq":"#);
    number(&mut json, seq.0);
    json.push_str(r#","rev":"#);
    number(&mut json, rev.0);
    json.push('}');
    json
}

pub(super) fn number(json: &mut String, number: i64) {
    json.push_str(itoa::Buffer::new().format(number));
}

fn string(json: &mut String, text: &str) {
    // The fold has no early exit, so that the compiler can vectorize it.
    let escapes = text
        .bytes()
        .fold(false, |any, byte| any | needs_escape(byte));
    if escapes {
        // The serialization of a string cannot fail.
        json.push_str(&serde_json::to_string(text).unwrap_or_default());
        return;
    }
    json.push('"');
    json.push_str(text);
    json.push('"');
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::{AvatarVersion, Timestamp, UserId, UserSummary},
        protocol::ServerEvent,
    };

    proptest! {
        #[test]
        fn message_equals_serde_output(
            numbers: [i64; 4],
            at in 0..4_000_000_000_000_i64,
            texts in proptest::collection::vec("(?s).{0,80}", 3),
            key in proptest::option::of("[ -~]{1,64}"),
            avatar in proptest::option::of(any::<i64>()),
        ) {
            let [id, seq, rev, author] = numbers;
            let message = Message {
                room_id: RoomId(id),
                seq: Seq(seq),
                rev: Rev(rev),
                kind: MessageKind::Text,
                author: UserSummary {
                    id: UserId(author),
                    username: texts[0].clone(),
                    display_name: texts[1].clone(),
                    avatar: avatar.map(AvatarVersion),
                },
                body: texts[2].clone(),
                event: None,
                reply_to: None,
                key: key.clone(),
                created_at: Timestamp(at),
                edited_at: None,
                deleted_at: None,
                extras: None,
            };
            let frame = ServerEvent::message(&message);
            let json = serde_json::to_string(&frame).unwrap();
            prop_assert_eq!(super::frame(&message), Some(json));

            let key = key.unwrap_or_default();
            let (room_id, seq, rev) = (RoomId(id), Seq(seq), Rev(rev));
            let frame = ServerEvent::Ack { key: &key, room_id, seq, rev };
            prop_assert_eq!(ack(&key, room_id, seq, rev), serde_json::to_string(&frame).unwrap());
        }
    }

    #[test]
    fn messages_with_relations_use_serde() {
        let plain = Message {
            room_id: RoomId(1),
            seq: Seq(1),
            rev: Rev(1),
            kind: MessageKind::Text,
            author: UserSummary {
                id: UserId(1),
                username: "ada".to_owned(),
                display_name: "Ada".to_owned(),
                avatar: None,
            },
            body: "hello".to_owned(),
            event: None,
            reply_to: None,
            key: None,
            created_at: Timestamp(0),
            edited_at: None,
            deleted_at: None,
            extras: None,
        };
        assert!(frame(&plain).is_some());
        for more in [
            Message {
                reply_to: Some(Seq(1)),
                ..plain.clone()
            },
            Message {
                edited_at: Some(Timestamp(1)),
                ..plain.clone()
            },
            Message {
                deleted_at: Some(Timestamp(1)),
                ..plain.clone()
            },
            Message {
                extras: Some(Box::default()),
                ..plain.clone()
            },
            Message {
                kind: MessageKind::System,
                ..plain
            },
        ] {
            assert_eq!(frame(&more), None);
        }
    }
}
