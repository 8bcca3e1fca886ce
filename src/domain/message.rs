//! Messages and pages of them.

use serde::{Deserialize, Serialize};

use super::{
    Attachment, Body, Emoji, FileId, Head, Key, MentionTokens, Rev, RoomId, Seq, Timestamp, UserId,
    UserSummary,
};

/// Who speaks: a person, or the room about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// Somebody wrote it.
    Text,
    /// It says who joined, left or renamed; see [`SystemEvent`].
    System,
}

/// What a system message reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SystemEvent {
    /// The author made the room.
    Created,
    /// The author came in.
    Joined,
    /// The author went out.
    Left,
    /// The author removed somebody.
    Kicked {
        /// Who is out.
        username: String,
    },
    /// The author removed somebody, who must not come back.
    Banned {
        /// Who is out.
        username: String,
    },
    /// The author gave the room another name.
    Renamed {
        /// The new name.
        name: String,
    },
    /// The author set the topic; an empty one was cleared.
    Topic {
        /// The new topic.
        topic: String,
    },
    /// The author set how long plain members wait between messages.
    SlowMode {
        /// So many seconds; 0 is no wait.
        seconds: i64,
    },
    /// The author let only moderators write.
    Locked,
    /// The author let everybody write again.
    Unlocked,
}

impl SystemEvent {
    /// The event as a sentence, for clients that show nothing but the body.
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

/// One message in its latest state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The room it is in.
    pub room_id: RoomId,
    /// Its number there.
    pub seq: Seq,
    /// The room's change number of its last change.
    pub rev: Rev,
    /// A person's text or the room's own.
    pub kind: MessageKind,
    /// Who wrote it, or did what it reports.
    pub author: UserSummary,
    /// The text; empty once deleted.
    pub body: String,
    /// What a system message reports.
    pub event: Option<SystemEvent>,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// The sender's idempotency key.
    pub key: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its text was last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// What grew around it; most messages have nothing.
    pub extras: Option<Box<MessageRelations>>,
}

/// What grows around a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageRelations {
    /// The members it names.
    pub mentions: Vec<UserId>,
    /// Whether it names the whole room.
    pub names_room: bool,
    /// What it answers, in short.
    pub quote: Option<Quote>,
    /// Who reacted, by the order of each emoji's first.
    pub reactions: Vec<Reaction>,
    /// When it was pinned.
    pub pinned_at: Option<Timestamp>,
    /// What came with it, in the sender's order.
    pub files: Vec<Attachment>,
}

impl MessageRelations {
    /// About how many bytes it holds.
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

/// The beginning of a message that another one answers, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// Its number.
    pub seq: Seq,
    /// Who wrote it.
    pub author: UserSummary,
    /// Its first 140 characters; empty once deleted.
    pub body: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

impl Quote {
    /// Characters of the body that are quoted.
    pub const CHARS: usize = 140;
}

/// One emoji under a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Which.
    pub emoji: String,
    /// By whom.
    pub users: Vec<UserId>,
}

/// What a message said at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// 1 is the first.
    pub version: i64,
    /// The text.
    pub body: String,
    /// When it was written.
    pub written_at: Timestamp,
}

impl Message {
    /// Whether that user has reacted to it with that emoji.
    #[must_use]
    pub fn has_reaction(&self, emoji: Emoji, user: UserId) -> bool {
        let reactions = self.extras.iter().flat_map(|extras| &extras.reactions);
        reactions
            .filter(|one| one.emoji == emoji.as_str())
            .any(|one| one.users.contains(&user))
    }
}

/// A message that somebody wants to post.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its text.
    pub body: Body,
    /// With a key, sending it again returns the first one.
    pub key: Option<Key>,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// Whom it names.
    pub named: MentionTokens,
    /// The author's uploads that come with it.
    pub files: Vec<FileId>,
}

/// Which part of a room's history is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The newest messages.
    Newest,
    /// Those right before that one.
    Before(Seq),
    /// Those right after that one.
    After(Seq),
    /// That one with as many before as after it.
    Around(Seq),
}

/// A stretch of a room's history, by ascending `seq`.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// The messages.
    pub items: Vec<Message>,
    /// The room's newest numbers, as of the same moment.
    pub head: Head,
    /// Whether older ones exist.
    pub has_before: bool,
    /// Whether newer ones exist.
    pub has_after: bool,
}

/// A message as its author takes it along.
#[derive(Clone, Debug, Serialize)]
pub struct OwnMessage {
    /// The room.
    pub room_id: RoomId,
    /// Its number there.
    pub seq: Seq,
    /// Its text.
    pub body: String,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// When it was said.
    pub created_at: Timestamp,
    /// When its text last changed.
    pub edited_at: Option<Timestamp>,
    /// What came with it; the bytes are fetched by the id.
    pub files: Vec<OwnFile>,
}

/// A file as its owner takes it along.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnFile {
    /// Its id.
    pub id: FileId,
    /// What it was called where it comes from.
    pub name: String,
    /// What it is.
    pub mime: String,
    /// Its bytes.
    pub size: u64,
}
