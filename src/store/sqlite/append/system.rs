//! System messages, which report events of a room.

use sqlx::SqliteConnection;

use crate::domain::{Message, MessageKind, Rev, RoomId, Seq, SystemEvent, Timestamp, UserSummary};

/// Writes a system message.
pub(in crate::store) async fn append_system(
    conn: &mut SqliteConnection,
    room: RoomId,
    author: UserSummary,
    event: SystemEvent,
    now: Timestamp,
) -> Result<Message, sqlx::Error> {
    let numbers = sqlx::query!(
        "update rooms set last_seq = last_seq + 1, last_rev = last_rev + 1 where id = ?1
         returning last_seq, last_rev, text_count",
        room.0
    )
    .fetch_one(&mut *conn)
    .await?;
    let body = event.sentence(&author.username);
    let json = serde_json::to_string(&event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!(
        "insert into messages (room_id, seq, rev, kind, author_id, body, event, text_count, created_at)
         values (?1, ?2, ?3, 'system', ?4, ?5, ?6, ?7, ?8)",
        room.0,
        numbers.last_seq,
        numbers.last_rev,
        author.id.0,
        body,
        json,
        numbers.text_count,
        now.0
    )
    .execute(&mut *conn)
    .await?;
    Ok(Message {
        room_id: room,
        seq: Seq(numbers.last_seq),
        rev: Rev(numbers.last_rev),
        kind: MessageKind::System,
        author,
        body,
        event: Some(event),
        reply_to: None,
        key: None,
        created_at: now,
        edited_at: None,
        deleted_at: None,
        extras: None,
    })
}
