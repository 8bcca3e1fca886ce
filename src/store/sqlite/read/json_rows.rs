//! Reads a few messages as one row of JSON that SQLite builds, in one round trip to the thread of the connection.
//!
//! The subquery with the limit defines the order. SQLite never moves the right side of a `cross join` before the left
//! one, so that authors are looked up message by message.

use serde::Deserialize;

use crate::{
    domain::{
        AvatarVersion, Message, MessageKind, MessageRelations, Rev, RoomId, Seq, SystemEvent,
        Timestamp, UserId, UserSummary,
    },
    store::sqlite::read::rows::{MessageRelationsJson, body_of},
};

/// State of a room and a few of its messages, in one row.
pub(in crate::store) struct FewRow {
    pub(in crate::store) last_seq: i64,
    pub(in crate::store) last_rev: i64,
    /// A JSON array of [`FewJson`].
    pub(in crate::store) items: String,
}

/// A message and its author: an array with these columns, in this order.
#[derive(Deserialize)]
struct FewJson {
    room_id: RoomId,
    seq: Seq,
    rev: Rev,
    kind: MessageKind,
    author_id: UserId,
    username: String,
    display_name: String,
    avatar: Option<i64>,
    body: String,
    event: Option<SystemEvent>,
    reply_to: Option<Seq>,
    key: Option<String>,
    created_at: i64,
    edited_at: Option<i64>,
    deleted_at: Option<i64>,
    extras: Option<MessageRelationsJson>,
}

impl FewRow {
    /// Returns the messages, each with the size in bytes of its body and relations.
    pub(in crate::store) fn messages(&self) -> Result<Vec<(Message, usize)>, sqlx::Error> {
        let rows: Vec<FewJson> = serde_json::from_str(&self.items)
            .map_err(|error| sqlx::Error::Decode(format!("messages: {error}").into()))?;
        let messages = rows.into_iter().map(|row| {
            let extras = row
                .extras
                .map(|extras| Box::new(MessageRelations::from(extras)));
            let body = body_of(row.event.as_ref(), &row.username, row.body);
            let size = body.len() + extras.as_deref().map_or(0, MessageRelations::weight);
            let message = Message {
                room_id: row.room_id,
                seq: row.seq,
                rev: row.rev,
                kind: row.kind,
                author: UserSummary {
                    id: row.author_id,
                    username: row.username,
                    display_name: row.display_name,
                    avatar: row.avatar.map(AvatarVersion),
                },
                body,
                event: row.event,
                reply_to: row.reply_to,
                key: row.key,
                created_at: Timestamp(row.created_at),
                edited_at: row.edited_at.map(Timestamp),
                deleted_at: row.deleted_at.map(Timestamp),
                extras,
            };
            (message, size)
        });
        Ok(messages.collect())
    }
}
