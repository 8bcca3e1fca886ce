//! What a committed transaction changed, in the order in which live clients must learn of it.

use super::{AccessCode, Message, ReadGeneration, Room, RoomId, Seq, SessionId, UserId};

/// Why somebody is no longer in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeaveReason {
    /// They left.
    Left,
    /// Somebody who may do that removed them.
    Kicked,
    /// The same, and they must not come back.
    Banned,
    /// The room is gone.
    Deleted,
}

/// What of a message is new. JSON clients see it from the message; lines of text are once written
/// and must say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// All of it.
    Message,
    /// Its text.
    Text,
    /// It was deleted.
    Deletion,
    /// It is pinned now.
    Pinned,
    /// What a line of text does not show.
    Other,
}

/// One durable change. The store hands these out in commit order and only after the commit, so
/// that whoever passes them on can neither tell of what a crash takes back nor mix up the order.
#[derive(Clone, Debug)]
pub enum Change {
    /// A message is new.
    Message(Message),
    /// A message has changed.
    Altered {
        /// As it is now.
        message: Message,
        /// What of it is new.
        change_kind: ChangeKind,
    },
    /// Somebody is now in the room; `message` says so there.
    Joined {
        /// Who.
        user: UserId,
        /// The system message of it.
        message: Message,
    },
    /// Somebody is no longer in the room; `message` says so to those who remain.
    Left {
        /// Who.
        user: UserId,
        /// Why.
        reason: LeaveReason,
        /// The system message of it.
        message: Message,
    },
    /// A room was made, with its first member inside.
    RoomCreated {
        /// The owner.
        user: UserId,
        /// The system message of it.
        message: Message,
    },
    /// A direct room was made; all of its people are in it from now on.
    DirectMade {
        /// The room.
        room: RoomId,
        /// Who.
        people: Vec<UserId>,
    },
    /// A member has another role, may write no more or again, or wants to be told of other news.
    StandingChanged {
        /// The room.
        room: RoomId,
        /// Who.
        user: UserId,
    },
    /// A login is over.
    SessionEnded {
        /// Whose.
        user: UserId,
        /// Which.
        session: SessionId,
    },
    /// Somebody's receipt moved.
    Read {
        /// Whose.
        user: UserId,
        /// Where.
        room: RoomId,
        /// The furthest message read.
        read_seq: Seq,
        /// Text messages after it.
        unread: i64,
        /// Those of them that ask for their attention.
        mentions: i64,
        /// How often the receipt was moved by force.
        generation: ReadGeneration,
    },
    /// Name, topic or who may write how often are new; the system messages of it come as changes of their own.
    RoomChanged(Room),
    /// The room is gone, and everybody is out of it.
    RoomDeleted(RoomId),
}

/// A room just made, and the code to hand out.
#[derive(Clone, Debug)]
pub struct CreatedRoom {
    /// The room.
    pub room: Room,
    /// Its standing access code.
    pub access_code: AccessCode,
}
