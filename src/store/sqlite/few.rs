//! A few messages in one row, as JSON that SQLite makes: one turn of its thread for all of them.

use serde::Deserialize;

use super::rows::ExtrasJson;
use crate::domain::{
    Author, Extras, Message, MessageKind, Rev, RoomId, Seq, SystemEvent, Timestamp, UserId,
};

/// A reader's look at a room with a few messages of it, as one row.
pub(super) struct FewRow {
    pub(super) last_seq: i64,
    pub(super) last_rev: i64,
    /// A JSON array of [`FewJson`].
    pub(super) items: String,
}

/// The columns of a message and its author, in the order in which the queries put them.
#[derive(Deserialize)]
struct FewJson(
    RoomId,
    Seq,
    Rev,
    MessageKind,
    UserId,
    String,
    String,
    String,
    Option<SystemEvent>,
    Option<Seq>,
    Option<String>,
    i64,
    Option<i64>,
    Option<i64>,
    Option<ExtrasJson>,
);

impl FewRow {
    /// The messages, each with the bytes of its body and of what stands around it.
    pub(super) fn messages(&self) -> Result<Vec<(Message, usize)>, sqlx::Error> {
        let rows: Vec<FewJson> = serde_json::from_str(&self.items)
            .map_err(|error| sqlx::Error::Decode(format!("messages: {error}").into()))?;
        let messages = rows.into_iter().map(|row| {
            let extras = row.14.map(|extras| Box::new(Extras::from(extras)));
            let size = row.7.len() + extras.as_deref().map_or(0, Extras::weight);
            let message = Message {
                room_id: row.0,
                seq: row.1,
                rev: row.2,
                kind: row.3,
                author: Author {
                    id: row.4,
                    username: row.5,
                    display_name: row.6,
                },
                body: row.7,
                event: row.8,
                reply_to: row.9,
                key: row.10,
                created_at: Timestamp(row.11),
                edited_at: row.12.map(Timestamp),
                deleted_at: row.13.map(Timestamp),
                extras,
            };
            (message, size)
        });
        Ok(messages.collect())
    }
}
