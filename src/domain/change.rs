//! Changes made by a committed transaction, in the order in which live clients must receive them.

use super::{AccessCode, Message, ReadGeneration, Room, RoomId, Seq, SessionId, UserId};

/// Why a user is no longer in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeaveReason {
    /// The user left.
    Left,
    /// The user was removed.
    Kicked,
    /// The user was removed and must not return.
    Banned,
    /// The room was deleted.
    Deleted,
}

/// Part of a message that a change affects.
///
/// JSON clients compare the message with the one they have. A terminal cannot change a printed line, so a new
/// line must report the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The message is new.
    Message,
    /// The text was edited.
    Text,
    /// The message was deleted.
    Deletion,
    /// The message was pinned.
    Pinned,
    /// A part that text lines do not show, such as a reaction.
    Other,
}

/// A durable change.
///
/// The store returns changes only after the commit and in commit order. A published change is therefore never
/// lost in a crash, and clients see changes in the right order.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new message.
    Message(Message),
    /// An existing message changed.
    AlterOutcome {
        /// Message in its new state.
        message: Message,
        /// Part that changed.
        change_kind: ChangeKind,
    },
    /// A user joined a room.
    Joined {
        /// User who joined.
        user: UserId,
        /// System message about it.
        message: Message,
    },
    /// A user is no longer in a room.
    Left {
        /// User who left or was removed.
        user: UserId,
        /// Reason.
        reason: LeaveReason,
        /// System message about it, for the remaining members.
        message: Message,
    },
    /// A room was created, with its owner as the first member.
    RoomCreated {
        /// Owner of the room.
        user: UserId,
        /// System message about it.
        message: Message,
    },
    /// A direct room was created with all of its members.
    DirectMade {
        /// The room.
        room: RoomId,
        /// Members of the room.
        people: Vec<UserId>,
    },
    /// A membership changed: the role, a mute, or the notification level.
    StandingChanged {
        /// The room.
        room: RoomId,
        /// The member.
        user: UserId,
    },
    /// A login ended.
    SessionEnded {
        /// User of the login.
        user: UserId,
        /// The login.
        session: SessionId,
    },
    /// A member's receipt moved.
    Read {
        /// The member.
        user: UserId,
        /// The room.
        room: RoomId,
        /// Newest message that the member has read.
        read_seq: Seq,
        /// Number of text messages after it.
        unread: i64,
        /// Number of those that mention the member or reply to them; in a direct room, all of them.
        mentions: i64,
        /// Number of forced moves of the receipt.
        generation: ReadGeneration,
    },
    /// The room's name, topic, slow mode or lock changed. System messages about it are separate changes.
    RoomChanged(Room),
    /// The room was deleted, and all members were removed.
    RoomDeleted(RoomId),
}

/// A new room with its access code.
#[derive(Clone, Debug)]
pub struct CreatedRoom {
    /// The room.
    pub room: Room,
    /// Permanent access code of the room.
    pub access_code: AccessCode,
}
