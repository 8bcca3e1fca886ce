//! How things look on the wire, the same over HTTP and over a socket.

use serde::{Serialize, Serializer};

use crate::domain::{
    Attachment, AvatarVersion, FileId, Head, Membership, Message, MessageKind, Notify, Quote,
    Reaction, ReadGeneration, Rev, Role, Room, RoomId, RoomKind, Seq, SystemEvent, Timestamp, User,
    UserId, UserSummary,
};

/// A message as clients see it.
#[derive(Serialize)]
pub struct MessageView<'m> {
    room_id: RoomId,
    seq: Seq,
    rev: Rev,
    kind: MessageKind,
    author: &'m UserSummary,
    body: &'m str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'m SystemEvent>,
    mentions: &'m [UserId],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mentions_room: bool,
    reply_to: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<&'m Quote>,
    #[serde(serialize_with = "files")]
    files: &'m [Attachment],
    #[serde(serialize_with = "reactions")]
    reactions: &'m [Reaction],
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'m str>,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
}

impl<'m> From<&'m Message> for MessageView<'m> {
    fn from(message: &'m Message) -> Self {
        let extras = message.extras.as_deref();
        Self {
            room_id: message.room_id,
            seq: message.seq,
            rev: message.rev,
            kind: message.kind,
            author: &message.author,
            body: &message.body,
            event: message.event.as_ref(),
            mentions: extras.map_or(&[], |extras| &extras.mentions),
            mentions_room: extras.is_some_and(|extras| extras.names_room),
            reply_to: message.reply_to,
            quote: extras.and_then(|extras| extras.quote.as_ref()),
            files: extras.map_or(&[], |extras| &extras.files),
            reactions: extras.map_or(&[], |extras| &extras.reactions),
            pinned_at: extras.and_then(|extras| extras.pinned_at),
            key: message.key.as_deref(),
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
        }
    }
}

/// An object of emoji and who reacted with each, in their order.
fn reactions<S: Serializer>(items: &&[Reaction], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(items.iter().map(|one| (&one.emoji, &one.users)))
}

/// A file as clients see it.
#[derive(Serialize)]
pub struct FileView<'f> {
    id: FileId,
    name: &'f str,
    mime: &'f str,
    size: u64,
    width: Option<u32>,
    height: Option<u32>,
    thumbnail: Option<String>,
    url: String,
}

impl<'f> From<&'f Attachment> for FileView<'f> {
    fn from(file: &'f Attachment) -> Self {
        let url = format!("/api/files/{}", file.id);
        Self {
            id: file.id,
            name: &file.name,
            mime: &file.mime,
            size: file.size,
            width: file.pixels.map(|(width, _)| width),
            height: file.pixels.map(|(_, height)| height),
            thumbnail: file.thumbnail.then(|| format!("{url}/thumbnail")),
            url,
        }
    }
}

/// What came with a message.
fn files<S: Serializer>(items: &&[Attachment], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(FileView::from))
}

/// Serialises messages as their views; for `#[serde(serialize_with)]`.
///
/// # Errors
/// Only the serializer's own.
pub fn messages<S: Serializer>(items: &[Message], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(MessageView::from))
}

/// A room as clients see it: what all members share, then what is the reader's own.
#[derive(Clone, Debug, Serialize)]
pub struct RoomView {
    /// The room's number.
    pub id: RoomId,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub topic: String,
    /// Who can enter.
    pub kind: RoomKind,
    /// Its newest numbers.
    pub head: Head,
    /// How many are in it.
    pub member_count: i64,
    /// Seconds that a plain member waits between two messages; 0 is no wait.
    pub slow_mode_s: i64,
    /// Whether only moderators write.
    pub locked: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many of them are online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online_count: Option<usize>,
    /// Who is online: all, or a slice in a large room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<Vec<UserId>>,
    /// The reader's own part; absent where it is the same for all.
    #[serde(flatten)]
    pub standing: Option<StandingView>,
    /// Whether the reader is in it; only where public rooms are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<bool>,
    /// Who is in it; only in direct rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<UserSummary>>,
    /// Its access code; only for who may hand it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_code: Option<String>,
}

/// What of a room is one member's own.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StandingView {
    /// What they may do.
    pub role: Role,
    /// The furthest they have read.
    pub read_seq: Seq,
    /// Text messages after that.
    pub unread: i64,
    /// Those of them that ask for the reader's attention.
    pub mentions: i64,
    /// How often the receipt was moved by force.
    pub read_generation: ReadGeneration,
    /// What the reader wants to be told of.
    pub notify: Notify,
    /// Until when they may not write, if somebody took their voice.
    pub muted_until: Option<Timestamp>,
}

impl RoomView {
    /// What everybody may see of a room.
    #[must_use]
    pub fn shared(room: &Room) -> Self {
        Self {
            id: room.id,
            name: room.name.clone(),
            topic: room.topic.clone(),
            kind: room.kind,
            head: room.head,
            member_count: room.member_count,
            slow_mode_s: room.slow_mode_s,
            locked: room.locked,
            created_at: room.created_at,
            online_count: None,
            online: None,
            standing: None,
            joined: None,
            members: None,
            access_code: None,
        }
    }

    /// What a member sees of it.
    #[must_use]
    pub fn of_member(standing: &Membership) -> Self {
        let own = StandingView {
            role: standing.role,
            read_seq: standing.read_seq,
            unread: standing.unread,
            mentions: standing.mentions,
            read_generation: standing.read_generation,
            notify: standing.notify,
            muted_until: standing.muted_until,
        };
        Self {
            standing: Some(own),
            members: (!standing.people.is_empty()).then(|| standing.people.clone()),
            ..Self::shared(&standing.room)
        }
    }
}

/// A user as clients see one.
#[derive(Clone, Debug, Serialize)]
pub struct UserView {
    /// The user's number.
    pub id: UserId,
    /// The name they sign in with.
    pub username: String,
    /// The name others see.
    pub display_name: String,
    /// Which picture they have, if they have one.
    pub avatar: Option<AvatarVersion>,
    /// `online` while at least one connection lives.
    pub status: &'static str,
    /// When the last connection closed; `None` if they hide it.
    pub last_seen: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// What they say of themselves; only where one account is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether others are kept from seeing `last_seen`; only for oneself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_last_seen: Option<bool>,
}

impl UserView {
    /// The user as others see them, who is online or not.
    #[must_use]
    pub fn new(user: &User, online: bool) -> Self {
        Self {
            id: user.id,
            username: user.username.clone(),
            display_name: user.display_name.clone(),
            avatar: user.avatar,
            status: if online { "online" } else { "offline" },
            last_seen: (!user.hides_last_seen).then_some(user.last_seen),
            created_at: user.created_at,
            about: None,
            hide_last_seen: None,
        }
    }

    /// The user as they see themselves.
    #[must_use]
    pub fn own(user: &User, online: bool) -> Self {
        Self {
            last_seen: Some(user.last_seen),
            hide_last_seen: Some(user.hides_last_seen),
            ..Self::new(user, online)
        }
    }

    /// The same with what they say of themselves.
    #[must_use]
    pub fn saying(self, about: String) -> Self {
        let about = Some(about);
        Self { about, ..self }
    }
}
