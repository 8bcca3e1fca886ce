//! Messages, and pages of them.

use serde::{Deserialize, Serialize};

use super::{
    Attachment, Body, Emoji, FileId, Head, Key, MentionTokens, Rev, RoomId, Seq, Timestamp, UserId,
    UserSummary,
};

/// Origin of a message: a member or the room itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// Text that a member wrote.
    Text,
    /// Report of an event in the room; see [`SystemEvent`].
    System,
}

/// Event that a system message reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SystemEvent {
    /// The author created the room.
    Created,
    /// The author joined.
    Joined,
    /// The author left.
    Left,
    /// The author removed a member.
    Kicked {
        /// Username of the removed member.
        username: String,
    },
    /// The author banned a user.
    Banned {
        /// Username of the banned user.
        username: String,
    },
    /// The author renamed the room.
    Renamed {
        /// New name.
        name: String,
    },
    /// The author set or cleared the topic.
    Topic {
        /// New topic; empty if it was cleared.
        topic: String,
    },
    /// The author set the slow mode.
    SlowMode {
        /// Seconds between two messages of a plain member; 0 disables slow mode.
        seconds: i64,
    },
    /// The author locked the room: only moderators and owners may post.
    Locked,
    /// The author unlocked the room.
    Unlocked,
}

impl SystemEvent {
    /// Returns the event as a sentence, for clients that show only the body.
    #[must_use]
    pub fn sentence(&self, username: &str) -> String {
        match self {
            Self::Created => format!("{username} created the room"),
            Self::Joined => format!("{username} joined"),
            Self::Left => format!("{username} left"),
            Self::Kicked { username: removed } => format!("{username} removed {removed}"),
            Self::Banned { username: removed } => format!("{username} banned {removed}"),
            Self::Renamed { name } => format!("{username} renamed the room to {name}"),
            Self::Topic { topic } if topic.is_empty() => format!("{username} cleared the topic"),
            Self::Topic { topic } => format!("{username} set the topic: {topic}"),
            Self::SlowMode { seconds: 0 } => format!("{username} turned slow mode off"),
            Self::SlowMode { seconds } => {
                format!("{username} turned slow mode on: one message every {seconds} s")
            }
            Self::Locked => format!("{username} locked the room"),
            Self::Unlocked => format!("{username} unlocked the room"),
        }
    }
}

/// A message in its latest state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Room of the message.
    pub room_id: RoomId,
    /// Number of the message in its room.
    pub seq: Seq,
    /// Number of its latest change in the room.
    pub rev: Rev,
    /// Origin: a member or the room itself.
    pub kind: MessageKind,
    /// Author of the text, or the user who caused the system event.
    pub author: UserSummary,
    /// Text; empty if the message is deleted.
    pub body: String,
    /// Event that a system message reports.
    pub event: Option<SystemEvent>,
    /// Message that this one replies to.
    pub reply_to: Option<Seq>,
    /// Idempotency key of the sender.
    pub key: Option<String>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last edit.
    pub edited_at: Option<Timestamp>,
    /// Time of deletion.
    pub deleted_at: Option<Timestamp>,
    /// Mentions, reactions, files and so on. `None` for most messages.
    pub extras: Option<Box<MessageRelations>>,
}

/// Data that few messages have: mentions, a quote, reactions, a pin and files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageRelations {
    /// Members that the text mentions.
    pub mentions: Vec<UserId>,
    /// Whether the text mentions the whole room.
    pub names_room: bool,
    /// Excerpt of the message that this one replies to.
    pub quote: Option<Quote>,
    /// Reactions, in the order in which each emoji was first used.
    pub reactions: Vec<Reaction>,
    /// Time when the message was pinned.
    pub pinned_at: Option<Timestamp>,
    /// Attached files, in the order of the sender.
    pub files: Vec<Attachment>,
}

impl MessageRelations {
    /// Returns the approximate size in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let files = self
            .files
            .iter()
            .map(|file| size_of::<Attachment>() + file.name.len());
        let users = self.reactions.iter().map(|one| one.users.len());
        let ids = self.mentions.len() + users.sum::<usize>();
        let quote = self.quote.as_ref().map_or(0, |quote| quote.body.len());
        files.sum::<usize>() + ids * size_of::<UserId>() + quote
    }
}

/// Start of a message that was replied to, in its current state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Quote {
    /// Number of the quoted message.
    pub seq: Seq,
    /// Author of the quoted message.
    pub author: UserSummary,
    /// First 140 characters of the body; empty if the message is deleted.
    pub body: String,
    /// Whether the quoted message is deleted.
    pub deleted: bool,
}

impl Quote {
    /// Maximum number of quoted characters.
    pub const CHARS: usize = 140;
}

/// An emoji with the users who reacted with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Users who reacted.
    pub users: Vec<UserId>,
}

/// Text of a message between two edits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Version {
    /// Version number, from 1.
    pub version: i64,
    /// Text of this version.
    pub body: String,
    /// Time when this version was written.
    pub written_at: Timestamp,
}

impl Message {
    /// Returns whether `user` has reacted with `emoji`.
    #[must_use]
    pub fn has_reaction(&self, emoji: Emoji, user: UserId) -> bool {
        let reactions = self.extras.iter().flat_map(|extras| &extras.reactions);
        reactions
            .filter(|one| one.emoji == emoji.as_str())
            .any(|one| one.users.contains(&user))
    }
}

/// A message to post.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Text of the message.
    pub body: Body,
    /// Idempotency key. A retry with the same key returns the existing message.
    pub key: Option<Key>,
    /// Message to reply to.
    pub reply_to: Option<Seq>,
    /// Names that the text mentions.
    pub named: MentionTokens,
    /// Uploads of the author to attach.
    pub files: Vec<FileId>,
}

/// Part of a room's history to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The newest messages.
    Newest,
    /// Messages directly before this one.
    Before(Seq),
    /// Messages directly after this one.
    After(Seq),
    /// This message, with equally many before and after it.
    Around(Seq),
}

/// A page of a room's history, in ascending order of `seq`.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// The messages.
    pub items: Vec<Message>,
    /// Newest numbers of the room, consistent with the messages.
    pub head: Head,
    /// Whether older messages exist.
    pub has_before: bool,
    /// Whether newer messages exist.
    pub has_after: bool,
}

/// A message in the data export of its author.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OwnMessage {
    /// Room of the message.
    pub room_id: RoomId,
    /// Number of the message in its room.
    pub seq: Seq,
    /// Text of the message.
    pub body: String,
    /// Message that this one replies to.
    #[schema(required = true)]
    pub reply_to: Option<Seq>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last edit.
    #[schema(required = true)]
    pub edited_at: Option<Timestamp>,
    /// Attached files. The export holds no bytes; they are downloaded by id.
    pub files: Vec<OwnFile>,
}

/// A file in the data export of its owner.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OwnFile {
    /// Id of the file.
    pub id: FileId,
    /// File name on the uploader's system.
    pub name: String,
    /// Media type.
    pub mime: String,
    /// Size in bytes.
    pub size: u64,
}
