//! What the server sends over a JSON socket.

use serde::Serialize;

use super::{MessageView, RoomView, UserView, message_json};
use crate::domain::{
    Head, LeaveReason, Message, ReadGeneration, Rev, RoomId, Seq, Timestamp, UserId, UserSummary,
};

/// One frame.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerEvent<'a> {
    /// The first frame: who you are, and your rooms.
    Ready {
        /// The user this socket belongs to.
        user: UserView,
        /// Seconds between the server's pings, rounded up.
        heartbeat_s: u64,
        /// The id of the history that the server has.
        epoch: &'a str,
        /// Sizes a client should keep to.
        limits: ReadyLimits,
        /// The rooms this socket hears, live from their `head` on.
        rooms: Vec<RoomView>,
    },
    /// A command is on disk.
    Ack {
        /// The command's key.
        key: &'a str,
        /// The room.
        room_id: RoomId,
        /// The message's number.
        seq: Seq,
        /// The change's number.
        rev: Rev,
    },
    /// A message is new or has changed.
    Message {
        /// The room.
        room_id: RoomId,
        /// The change's number.
        rev: Rev,
        /// The message in its latest state.
        message: MessageView<'a>,
    },
    /// A `sync` of this room is answered in full.
    Synced {
        /// The room.
        room_id: RoomId,
        /// What the client now holds everything up to.
        head: Head,
        /// The id of the history that the server has.
        epoch: &'a str,
    },
    /// More was missed than a socket repeats: read `?changed_since=` over HTTP, then `sync` again.
    Behind {
        /// The room.
        room_id: RoomId,
        /// Where to read from.
        from_rev: Rev,
        /// Where it ends now.
        head: Head,
    },
    /// Who came and went since the last one.
    Presence(PresenceView<'a>),
    /// Somebody is typing; to be shown for 8 s, or until they have said it.
    Typing {
        /// Where.
        room_id: RoomId,
        /// Who.
        user_id: UserId,
    },
    /// A user stopped typing without sending a message. A frame of its own, because clients that
    /// do not know it ignore it; they would take a `typing` with a new field for typing.
    TypingStopped {
        /// Where.
        room_id: RoomId,
        /// The user who types.
        user_id: UserId,
    },
    /// One's receipt moved, here or on another device.
    Read {
        /// The room.
        room_id: RoomId,
        /// The furthest message read.
        read_seq: Seq,
        /// Text messages after it.
        unread: i64,
        /// Those of them that name the reader.
        mentions: i64,
        /// How often the receipt was moved by force.
        read_generation: ReadGeneration,
    },
    /// One is in this room now or stands differently in it, or what all share of it is new.
    Room {
        /// The room; parts that did not change may be absent.
        room: RoomView,
    },
    /// One is not in this room any more.
    RoomLeft {
        /// The room.
        room_id: RoomId,
        /// Why.
        reason: LeaveReason,
    },
    /// A command was refused; the socket lives on.
    Error(ErrorFrame),
    /// The answer to `ping`.
    Pong,
    /// The server is about to close this socket.
    Bye(Bye),
}

/// Sizes a client should keep to.
#[derive(Clone, Copy, Serialize)]
pub struct ReadyLimits {
    /// Characters in a message.
    pub body_chars: usize,
}

/// Why a command was refused.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorFrame {
    /// The command's key, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The room, if it named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// A stable name for the reason.
    pub code: &'static str,
    /// The reason in words.
    pub detail: String,
    /// When to try again, if that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The server is about to close this socket.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bye {
    /// Why: `draining`.
    pub reason: &'static str,
    /// When to come back.
    pub retry_in_ms: u64,
}

/// Who came and went.
#[derive(Serialize)]
pub struct PresenceView<'a> {
    /// The room.
    pub room_id: RoomId,
    /// Who is online now and was not; a slice in a large room.
    pub online: Vec<&'a UserSummary>,
    /// Who is offline now and was not; a slice in a large room.
    pub offline: Vec<AbsentView>,
    /// How many are online now.
    pub online_count: usize,
}

/// Somebody who went.
#[derive(Serialize)]
pub struct AbsentView {
    /// Who.
    pub id: UserId,
    /// When their last connection closed; `None` if they hide it.
    pub last_seen: Option<Timestamp>,
}

impl<'a> ServerEvent<'a> {
    /// The frame of a message.
    #[must_use]
    pub fn message(message: &'a Message) -> Self {
        Self::Message {
            room_id: message.room_id,
            rev: message.rev,
            message: message.into(),
        }
    }

    /// The frame of a message as it goes over the wire.
    #[must_use]
    pub fn encoded_message(message: &'a Message) -> String {
        message_json::frame(message).unwrap_or_else(|| Self::message(message).encode())
    }

    /// The frame as it goes over the wire.
    #[must_use]
    pub fn encode(&self) -> String {
        if let Self::Ack {
            key,
            room_id,
            seq,
            rev,
        } = self
        {
            return message_json::ack(key, *room_id, *seq, *rev);
        }
        // Serialising these types cannot fail: no map has a key that is not a string.
        serde_json::to_string(self).unwrap_or_default()
    }
}
