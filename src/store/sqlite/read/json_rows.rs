//! A few messages in one row, as JSON that SQLite makes: one turn of its thread for all of them.
//!
//! Their order is that of the subquery with the limit. SQLite never puts the right side of a `cross join` before
//! its left, so that who wrote them is looked up for one after the other.

use serde::Deserialize;

use crate::{
    domain::{
        AvatarVersion, Message, MessageKind, MessageRelations, Rev, RoomId, Seq, SystemEvent,
        Timestamp, UserId, UserSummary,
    },
    store::sqlite::read::rows::{MessageRelationsJson, body_of},
};

/// A reader's look at a room with a few messages of it, as one row.
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
    /// The messages, each with the bytes of its body and of what stands around it.
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
