//! JSON views of domain objects, shared by HTTP and sockets.

use serde::{Serialize, Serializer};

use crate::domain::{
    Attachment, AvatarVersion, FileId, Head, Membership, Message, MessageKind, Notify, Quote,
    Reaction, ReadGeneration, Rev, Role, Room, RoomId, RoomKind, Seq, SystemEvent, Timestamp, User,
    UserId, UserSummary,
};

/// A message as clients see it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MessageView<'m> {
    /// Id of the room.
    room_id: RoomId,
    /// Number of the message in its room.
    seq: Seq,
    /// Number of the last change.
    rev: Rev,
    /// Written by a member, or a report of an event.
    kind: MessageKind,
    /// Author.
    #[schema(value_type = UserSummary)]
    author: &'m UserSummary,
    /// Text of the message.
    body: &'m str,
    /// The event of a system message, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SystemEvent>)]
    event: Option<&'m SystemEvent>,
    /// Ids of the mentioned members.
    #[schema(value_type = Vec<UserId>)]
    mentions: &'m [UserId],
    /// Whether the text mentions the whole room. Present only if so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mentions_room: bool,
    /// Number of the message that this one replies to; null if none.
    #[schema(required = true)]
    reply_to: Option<Seq>,
    /// The message that this one replies to, as it is now. Present only in replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Quote>)]
    quote: Option<&'m Quote>,
    /// Files, in the order of the sender.
    #[serde(serialize_with = "files")]
    #[schema(value_type = Vec<FileView>)]
    files: &'m [Attachment],
    /// Ids of users by emoji.
    #[serde(serialize_with = "reactions")]
    #[schema(value_type = std::collections::HashMap<String, Vec<UserId>>)]
    reactions: &'m [Reaction],
    /// Time of pinning. Present only if pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_at: Option<Timestamp>,
    /// Idempotency key of the author. Present only if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'m str>,
    /// Time of creation.
    created_at: Timestamp,
    /// Time of the last edit; null if never edited.
    #[schema(required = true)]
    edited_at: Option<Timestamp>,
    /// Time of deletion; null if not deleted.
    #[schema(required = true)]
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

/// Serializes reactions as an object from emoji to user ids, in the order of the reactions.
fn reactions<S: Serializer>(items: &&[Reaction], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(items.iter().map(|one| (&one.emoji, &one.users)))
}

/// A file as clients see it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FileView<'f> {
    /// Id.
    id: FileId,
    /// File name.
    name: &'f str,
    /// Media type.
    mime: &'f str,
    /// Size in bytes.
    size: u64,
    /// Width in pixels; null for other files than images.
    #[schema(required = true)]
    width: Option<u32>,
    /// Height in pixels; null for other files than images.
    #[schema(required = true)]
    height: Option<u32>,
    /// Address of the thumbnail; null if there is none.
    #[schema(required = true)]
    thumbnail: Option<String>,
    /// Address of the file.
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

/// Serializes the files of a message.
fn files<S: Serializer>(items: &&[Attachment], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(FileView::from))
}

/// Serializes messages as their views; for `#[serde(serialize_with)]`.
///
/// # Errors
/// Only errors of the serializer.
pub fn messages<S: Serializer>(items: &[Message], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(MessageView::from))
}

/// A room as clients see it: properties that all members share, then those of one member.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RoomView {
    /// Id of the room.
    pub id: RoomId,
    /// Name of the room.
    pub name: String,
    /// Topic of the room; may be empty.
    pub topic: String,
    /// Kind, which decides how people find and join the room.
    pub kind: RoomKind,
    /// Newest numbers.
    pub head: Head,
    /// Number of members.
    pub member_count: i64,
    /// Seconds between two messages of a plain member; 0 disables slow mode.
    pub slow_mode_s: i64,
    /// Whether only moderators and owners may post.
    pub locked: bool,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Number of members who are online.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online_count: Option<usize>,
    /// Members who are online: all, or a subset in a large room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<Vec<UserId>>,
    /// Properties of the reader's membership. Absent if the view is shared by all members.
    #[serde(flatten)]
    pub standing: Option<StandingView>,
    /// Whether the reader is a member. Present only in the list of public rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<bool>,
    /// Members of the room. Present only for direct rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<UserSummary>>,
    /// Access code. Present only for members who may manage invites.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_code: Option<String>,
}

/// Properties of a room that belong to one member.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct StandingView {
    /// Role of the member.
    pub role: Role,
    /// Newest message that the member has read.
    pub read_seq: Seq,
    /// Number of text messages after it.
    pub unread: i64,
    /// Number of those that mention the member or reply to them; in a direct room, all of them.
    pub mentions: i64,
    /// Number of forced moves of the receipt.
    pub read_generation: ReadGeneration,
    /// Messages that notify the member.
    pub notify: Notify,
    /// End of the member's mute.
    #[schema(required = true)]
    pub muted_until: Option<Timestamp>,
}

impl RoomView {
    /// Creates the view that all members share.
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

    /// Creates the view of one member.
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

/// A user as clients see them.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct UserView {
    /// Id of the user.
    pub id: UserId,
    /// Name to sign in with.
    pub username: String,
    /// Name that other users see.
    pub display_name: String,
    /// Version of the avatar; null without one.
    #[schema(required = true)]
    pub avatar: Option<AvatarVersion>,
    /// `online` if the user has a connection, else `offline`.
    pub status: &'static str,
    /// Time when the last connection closed; null if the user hides it.
    #[schema(required = true)]
    pub last_seen: Option<Timestamp>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Description that users write about themselves. Present only where a single account is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether other users cannot see `last_seen`. Present only for the user's own account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_last_seen: Option<bool>,
}

impl UserView {
    /// Creates the view of a user for others.
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

    /// Creates the view of a user for that user.
    #[must_use]
    pub fn own(user: &User, online: bool) -> Self {
        Self {
            last_seen: Some(user.last_seen),
            hide_last_seen: Some(user.hides_last_seen),
            ..Self::new(user, online)
        }
    }

    /// Adds the description that users write about themselves.
    #[must_use]
    pub fn saying(self, about: String) -> Self {
        let about = Some(about);
        Self { about, ..self }
    }
}
