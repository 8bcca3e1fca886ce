//! Frames that the server sends over a JSON socket.

use serde::Serialize;

use super::{MessageView, RoomView, UserView, message_json};
use crate::domain::{
    Head, LeaveReason, Message, ReadGeneration, Rev, RoomId, Seq, Timestamp, UserId, UserSummary,
};

/// A frame.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerEvent<'a> {
    /// First frame: the user and their rooms.
    Ready {
        /// User of the socket.
        user: UserView,
        /// Seconds between the server's pings, rounded up.
        heartbeat_s: u64,
        /// Epoch of the server's database.
        epoch: &'a str,
        /// Limits that a client should respect.
        limits: ReadyLimits,
        /// Rooms of this socket. Live events of each follow from its `head` on.
        rooms: Vec<RoomView>,
    },
    /// A command is durable.
    Ack {
        /// Key of the command.
        key: &'a str,
        /// Room of the message.
        room_id: RoomId,
        /// Number of the message.
        seq: Seq,
        /// Number of the change.
        rev: Rev,
    },
    /// A new or changed message.
    Message {
        /// Room of the message.
        room_id: RoomId,
        /// Number of the change.
        rev: Rev,
        /// The message in its latest state.
        message: MessageView<'a>,
    },
    /// End of the answer to a `sync` of this room.
    Synced {
        /// The room.
        room_id: RoomId,
        /// Newest numbers of the room. The client has received everything up to them.
        head: Head,
        /// Epoch of the server's database.
        epoch: &'a str,
    },
    /// More messages changed than a socket replays. The client reads `?changed_since=` over HTTP, then sends
    /// `sync` again.
    Behind {
        /// The room.
        room_id: RoomId,
        /// Change after which to read.
        from_rev: Rev,
        /// Newest numbers of the room.
        head: Head,
    },
    /// Members who came online or went offline since the previous frame.
    Presence(PresenceView<'a>),
    /// A user is typing. Clients show it for 8 s, or until a message from the user arrives.
    Typing {
        /// The room.
        room_id: RoomId,
        /// The user.
        user_id: UserId,
    },
    /// A user stopped typing without sending a message.
    ///
    /// This is a separate frame, because older clients ignore unknown frames. They would mistake a `typing`
    /// frame with a new field for typing.
    TypingStopped {
        /// The room.
        room_id: RoomId,
        /// The user.
        user_id: UserId,
    },
    /// The receipt of the connection's user moved, here or on another device.
    Read {
        /// The room.
        room_id: RoomId,
        /// Newest message that the user has read.
        read_seq: Seq,
        /// Number of text messages after it.
        unread: i64,
        /// Number of those that mention the user or reply to them; in a direct room, all of them.
        mentions: i64,
        /// Number of forced moves of the receipt.
        read_generation: ReadGeneration,
    },
    /// The user joined this room, their membership changed, or the room's shared properties changed.
    Room {
        /// The room. Parts that did not change may be absent.
        room: RoomView,
    },
    /// The user is no longer in this room.
    RoomLeft {
        /// The room.
        room_id: RoomId,
        /// Reason.
        reason: LeaveReason,
    },
    /// A command was refused. The connection stays open.
    Error(ErrorFrame),
    /// Answer to `ping`.
    Pong,
    /// Announcement that the server will close this connection.
    Bye(Bye),
}

/// Limits that a client should respect.
#[derive(Clone, Copy, Serialize)]
pub struct ReadyLimits {
    /// Maximum number of characters in a message.
    pub body_chars: usize,
}

/// Refusal of a command.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorFrame {
    /// Key of the command, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Room of the command, if it named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// Stable error code.
    pub code: &'static str,
    /// Reason as a sentence.
    pub detail: String,
    /// Time to wait before another attempt, if one can succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Announcement that the server will close this connection.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bye {
    /// Reason: `draining`.
    pub reason: &'static str,
    /// Time to wait before reconnecting.
    pub retry_in_ms: u64,
}

/// Members who came online or went offline.
#[derive(Serialize)]
pub struct PresenceView<'a> {
    /// The room.
    pub room_id: RoomId,
    /// Members who are now online and were not before; a subset in a large room.
    pub online: Vec<&'a UserSummary>,
    /// Members who are now offline and were not before; a subset in a large room.
    pub offline: Vec<AbsentView>,
    /// Number of members who are now online.
    pub online_count: usize,
}

/// A user who went offline.
#[derive(Serialize)]
pub struct AbsentView {
    /// Id of the user.
    pub id: UserId,
    /// Time when the last connection closed; `None` if the user hides it.
    pub last_seen: Option<Timestamp>,
}

impl<'a> ServerEvent<'a> {
    /// Creates the frame of a message.
    #[must_use]
    pub fn message(message: &'a Message) -> Self {
        Self::Message {
            room_id: message.room_id,
            rev: message.rev,
            message: message.into(),
        }
    }

    /// Encodes the frame of a message for the wire.
    #[must_use]
    pub fn encoded_message(message: &'a Message) -> String {
        message_json::frame(message).unwrap_or_else(|| Self::message(message).encode())
    }

    /// Encodes the frame for the wire.
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
        // The serialization of these types cannot fail: all map keys are strings.
        serde_json::to_string(self).unwrap_or_default()
    }
}
