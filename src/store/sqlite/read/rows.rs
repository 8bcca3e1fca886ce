//! Conversion of rows to domain types.

use serde::Deserialize;

use crate::domain::{
    Attachment, AvatarVersion, FileId, Head, Membership, Message, MessageKind, MessageRelations,
    Notify, Quote, Reaction, ReadGeneration, Rev, Role, Room, RoomId, RoomKind, RoomLimit, Seq,
    SystemEvent, Timestamp, User, UserId, UserSummary,
};

/// Returns the rooms of a limit as a JSON array, or `None` if there is no limit.
pub(in crate::store) fn limit_json(limit: &RoomLimit) -> Result<Option<String>, sqlx::Error> {
    let rooms = limit.rooms().map(serde_json::to_string);
    let rooms = rooms.transpose();
    rooms.map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Reports a stored value that the program never writes.
pub(in crate::store) fn corrupt(what: &str, value: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} {value:?} is not one of ours").into())
}

/// Columns of a message and its author, by the names in the queries.
pub(in crate::store) struct MessageRow {
    pub(in crate::store) room_id: i64,
    pub(in crate::store) seq: i64,
    pub(in crate::store) rev: i64,
    pub(in crate::store) kind: String,
    pub(in crate::store) author_id: i64,
    pub(in crate::store) username: String,
    pub(in crate::store) display_name: String,
    pub(in crate::store) avatar: Option<i64>,
    pub(in crate::store) body: String,
    pub(in crate::store) event: Option<String>,
    pub(in crate::store) reply_to: Option<i64>,
    pub(in crate::store) key: Option<String>,
    pub(in crate::store) created_at: i64,
    pub(in crate::store) edited_at: Option<i64>,
    pub(in crate::store) deleted_at: Option<i64>,
    pub(in crate::store) extras: Option<String>,
}

/// Relations of a message, as the view `messages_seen` returns them.
#[derive(Deserialize)]
pub(in crate::store) struct MessageRelationsJson {
    mentions: Option<Vec<UserId>>,
    names_room: bool,
    pinned_at: Option<i64>,
    reactions: Option<Vec<(String, Vec<UserId>)>>,
    quote: Option<QuoteJson>,
    files: Option<Vec<FileJson>>,
}

#[derive(Deserialize)]
struct FileJson {
    id: FileId,
    name: String,
    mime: String,
    size: u64,
    width: Option<u32>,
    height: Option<u32>,
    thumbnail: bool,
}

impl From<FileJson> for Attachment {
    fn from(json: FileJson) -> Self {
        Self {
            id: json.id,
            name: json.name,
            mime: json.mime,
            size: json.size,
            pixels: json.width.zip(json.height),
            thumbnail: json.thumbnail,
        }
    }
}

#[derive(Deserialize)]
struct QuoteJson {
    seq: Seq,
    body: String,
    deleted: bool,
    author: AuthorJson,
}

#[derive(Deserialize)]
struct AuthorJson {
    id: UserId,
    username: String,
    display_name: String,
    avatar: Option<i64>,
}

impl From<AuthorJson> for UserSummary {
    fn from(json: AuthorJson) -> Self {
        Self {
            id: json.id,
            username: json.username,
            display_name: json.display_name,
            avatar: json.avatar.map(AvatarVersion),
        }
    }
}

impl From<MessageRelationsJson> for MessageRelations {
    fn from(json: MessageRelationsJson) -> Self {
        let reactions = json.reactions.unwrap_or_default().into_iter();
        Self {
            mentions: json.mentions.unwrap_or_default(),
            names_room: json.names_room,
            quote: json.quote.map(|quote| Quote {
                seq: quote.seq,
                author: quote.author.into(),
                body: quote.body,
                deleted: quote.deleted,
            }),
            reactions: reactions
                .map(|(emoji, users)| Reaction { emoji, users })
                .collect(),
            pinned_at: json.pinned_at.map(Timestamp),
            files: json
                .files
                .into_iter()
                .flatten()
                .map(Attachment::from)
                .collect(),
        }
    }
}

impl TryFrom<MessageRow> for Message {
    type Error = sqlx::Error;

    fn try_from(row: MessageRow) -> Result<Self, sqlx::Error> {
        let kind = to_kind(&row.kind)?;
        let event: Option<SystemEvent> = match &row.event {
            Some(json) => {
                Some(serde_json::from_str(json).map_err(|_| corrupt("system event", json))?)
            }
            None => None,
        };
        let body = body_of(event.as_ref(), &row.username, row.body);
        let extras = match &row.extras {
            Some(json) => Some(
                serde_json::from_str::<MessageRelationsJson>(json)
                    .map_err(|_| corrupt("extras", json))?,
            ),
            None => None,
        };
        Ok(Self {
            room_id: RoomId(row.room_id),
            seq: Seq(row.seq),
            rev: Rev(row.rev),
            kind,
            author: UserSummary {
                id: UserId(row.author_id),
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar.map(AvatarVersion),
            },
            body,
            event,
            reply_to: row.reply_to.map(Seq),
            key: row.key,
            created_at: Timestamp(row.created_at),
            edited_at: row.edited_at.map(Timestamp),
            deleted_at: row.deleted_at.map(Timestamp),
            extras: extras.map(|extras| Box::new(extras.into())),
        })
    }
}

/// Returns the text of a message. System messages use the current name of their author; deleted accounts have none.
pub(in crate::store) fn body_of(
    event: Option<&SystemEvent>,
    username: &str,
    stored: String,
) -> String {
    event.map_or(stored, |event| event.sentence(username))
}

/// State of a room for a reader, and one message if there is one.
pub(in crate::store) struct SeenRow {
    pub(in crate::store) last_seq: i64,
    pub(in crate::store) last_rev: i64,
    pub(in crate::store) room_id: Option<i64>,
    pub(in crate::store) seq: Option<i64>,
    pub(in crate::store) rev: Option<i64>,
    pub(in crate::store) kind: Option<String>,
    pub(in crate::store) author_id: Option<i64>,
    pub(in crate::store) username: Option<String>,
    pub(in crate::store) display_name: Option<String>,
    pub(in crate::store) avatar: Option<i64>,
    pub(in crate::store) body: Option<String>,
    pub(in crate::store) event: Option<String>,
    pub(in crate::store) reply_to: Option<i64>,
    pub(in crate::store) key: Option<String>,
    pub(in crate::store) created_at: Option<i64>,
    pub(in crate::store) edited_at: Option<i64>,
    pub(in crate::store) deleted_at: Option<i64>,
    pub(in crate::store) extras: Option<String>,
}

impl SeenRow {
    /// Returns the size in bytes of the stored relations.
    pub(in crate::store) fn extras_len(&self) -> usize {
        self.extras.as_ref().map_or(0, String::len)
    }

    pub(in crate::store) fn message(self) -> Result<Option<Message>, sqlx::Error> {
        let whole = || {
            Some(MessageRow {
                room_id: self.room_id?,
                seq: self.seq?,
                rev: self.rev?,
                kind: self.kind?,
                author_id: self.author_id?,
                username: self.username?,
                display_name: self.display_name?,
                avatar: self.avatar,
                body: self.body?,
                event: self.event,
                reply_to: self.reply_to,
                key: self.key,
                created_at: self.created_at?,
                edited_at: self.edited_at,
                deleted_at: self.deleted_at,
                extras: self.extras,
            })
        };
        whole().map(Message::try_from).transpose()
    }
}

pub(in crate::store) fn head_of(last_seq: i64, last_rev: i64) -> Head {
    Head {
        seq: Seq(last_seq),
        rev: Rev(last_rev),
    }
}

/// Columns of a user.
pub(in crate::store) struct UserRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) username: String,
    pub(in crate::store) display_name: String,
    pub(in crate::store) avatar: Option<i64>,
    pub(in crate::store) last_seen: i64,
    pub(in crate::store) hide_last_seen: bool,
    pub(in crate::store) created_at: i64,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId(row.id),
            username: row.username,
            display_name: row.display_name,
            avatar: row.avatar.map(AvatarVersion),
            last_seen: Timestamp(row.last_seen),
            hides_last_seen: row.hide_last_seen,
            created_at: Timestamp(row.created_at),
        }
    }
}

/// Columns of a room.
pub(in crate::store) struct RoomRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) name: String,
    pub(in crate::store) topic: String,
    pub(in crate::store) kind: String,
    pub(in crate::store) last_seq: i64,
    pub(in crate::store) last_rev: i64,
    pub(in crate::store) member_count: i64,
    pub(in crate::store) slow_mode_s: i64,
    pub(in crate::store) locked: bool,
    pub(in crate::store) created_at: i64,
}

impl TryFrom<RoomRow> for Room {
    type Error = sqlx::Error;

    fn try_from(row: RoomRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: RoomId(row.id),
            name: row.name,
            topic: row.topic,
            kind: RoomKind::parse(&row.kind).ok_or_else(|| corrupt("room kind", &row.kind))?,
            head: Head {
                seq: Seq(row.last_seq),
                rev: Rev(row.last_rev),
            },
            member_count: row.member_count,
            slow_mode_s: row.slow_mode_s,
            locked: row.locked,
            created_at: Timestamp(row.created_at),
        })
    }
}

/// Columns of a room and of one membership.
pub(in crate::store) struct StandingRow {
    pub(in crate::store) id: i64,
    pub(in crate::store) name: String,
    pub(in crate::store) topic: String,
    pub(in crate::store) kind: String,
    pub(in crate::store) last_seq: i64,
    pub(in crate::store) last_rev: i64,
    pub(in crate::store) member_count: i64,
    pub(in crate::store) slow_mode_s: i64,
    pub(in crate::store) locked: bool,
    pub(in crate::store) created_at: i64,
    pub(in crate::store) role: String,
    pub(in crate::store) read_seq: i64,
    pub(in crate::store) read_generation: i64,
    pub(in crate::store) unread: i64,
    pub(in crate::store) mentions: i64,
    pub(in crate::store) notify: String,
    pub(in crate::store) people: Option<String>,
    pub(in crate::store) user_id: i64,
    pub(in crate::store) muted_until: Option<i64>,
}

impl TryFrom<StandingRow> for Membership {
    type Error = sqlx::Error;

    fn try_from(row: StandingRow) -> Result<Self, sqlx::Error> {
        let people: Vec<AuthorJson> = match &row.people {
            Some(json) => serde_json::from_str(json).map_err(|_| corrupt("people", json))?,
            None => Vec::new(),
        };
        // A direct room is named after the other members.
        let others = people.iter().filter(|one| one.id.0 != row.user_id);
        let others: Vec<&str> = others.map(|one| one.display_name.as_str()).collect();
        let name = if row.people.is_some() {
            others.join(", ")
        } else {
            row.name
        };
        Ok(Self {
            people: people.into_iter().map(UserSummary::from).collect(),
            role: to_role(&row.role)?,
            read_seq: Seq(row.read_seq),
            read_generation: ReadGeneration(row.read_generation),
            // Every message of a direct room counts as a mention.
            mentions: if row.kind == "direct" {
                row.unread
            } else {
                row.mentions
            },
            notify: Notify::parse(&row.notify)
                .ok_or_else(|| corrupt("notification level", &row.notify))?,
            unread: row.unread,
            // An expired mute counts as none.
            muted_until: row
                .muted_until
                .map(Timestamp)
                .filter(|until| *until > Timestamp::now()),
            room: Room::try_from(RoomRow {
                id: row.id,
                name,
                topic: row.topic,
                kind: row.kind,
                last_seq: row.last_seq,
                last_rev: row.last_rev,
                member_count: row.member_count,
                slow_mode_s: row.slow_mode_s,
                locked: row.locked,
                created_at: row.created_at,
            })?,
        })
    }
}

pub(in crate::store) fn to_kind(text: &str) -> Result<MessageKind, sqlx::Error> {
    match text {
        "text" => Ok(MessageKind::Text),
        "system" => Ok(MessageKind::System),
        other => Err(corrupt("message kind", other)),
    }
}

pub(in crate::store) fn to_role(text: &str) -> Result<Role, sqlx::Error> {
    Role::parse(text).ok_or_else(|| corrupt("role", text))
}
