//! Statements that insert messages. Each string of statements is one round trip to the connection's thread.
//!
//! A failure rolls back the whole transaction or savepoint. So SQLite need not be able to undo a single statement:
//! hence `or fail`.

use sqlx::SqliteConnection;

use crate::{
    domain::Message,
    store::sqlite::{append::mentions, json::json},
};

/// A message, and the room's count of text messages including it.
pub(in crate::store) type CountedMessage = (Message, i64);

/// Inserts messages from a JSON array, and updates the counters of their rooms and the receipts of their authors. New
/// rows have consecutive ids, so the last ids are those of this insert.
macro_rules! insert {
    ($conn:expr, $messages:expr, $before:literal, $after:literal) => {{
        let rows = rows($messages)?;
        let count = i64::try_from($messages.len()).unwrap_or(i64::MAX);
        sqlx::query!(
            $before
                + "insert or fail into messages (room_id, seq, rev, kind, author_id, body, reply_to, key, text_count,
                                                 created_at, flags, mentions)
                   select value ->> 0, value ->> 1, value ->> 2, 'text', value ->> 3, value ->> 4, value ->> 5,
                          value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10
                   from jsonb_each(?);
                   update or fail rooms set last_seq = j.seq, last_rev = j.rev, text_count = j.text_count
                   from (select room_id, max(seq) as seq, max(rev) as rev, max(text_count) as text_count
                         from messages not indexed where id > last_insert_rowid() - ? group by room_id) j
                   where rooms.id = j.room_id;
                   update or fail memberships set read_seq = j.seq, read_text_count = j.text_count
                   from (select room_id, author_id, max(seq) as seq, max(text_count) as text_count
                         from messages not indexed where id > last_insert_rowid() - ? group by room_id, author_id) j
                   where memberships.room_id = j.room_id and memberships.user_id = j.author_id
                         and memberships.read_seq < j.seq"
                + $after,
            rows,
            count,
            count
        )
        .execute($conn)
        .await?;
        Ok(())
    }};
}

/// Inserts messages in the caller's transaction.
pub(in crate::store) async fn insert(
    conn: &mut SqliteConnection,
    messages: &[CountedMessage],
) -> Result<(), sqlx::Error> {
    insert!(conn, messages, "", "")
}

/// Inserts messages in a transaction of their own.
pub(in crate::store) async fn insert_alone(
    conn: &mut SqliteConnection,
    messages: &[CountedMessage],
) -> Result<(), sqlx::Error> {
    if let [message] = messages {
        return insert_one(conn, message).await;
    }
    insert!(conn, messages, "begin immediate;", "; commit")
}

/// Inserts one message in a transaction of its own. Binding its columns is cheaper than JSON, which a sender who waits
/// for each ack notices.
async fn insert_one(
    conn: &mut SqliteConnection,
    (message, text_count): &CountedMessage,
) -> Result<(), sqlx::Error> {
    let (room, author) = (message.room_id.0, message.author.id.0);
    let (seq, rev) = (message.seq.0, message.rev.0);
    let reply_to = message.reply_to.map(|seq| seq.0);
    let (flags, mentions) = (mentions::flags(message), mentions::named(message));
    sqlx::query!(
        "begin immediate;
         insert or fail into messages (room_id, seq, rev, kind, author_id, body, reply_to, key, text_count, created_at,
                                       flags, mentions)
         values (?, ?, ?, 'text', ?, ?, ?, ?, ?, ?, ?, ?);
         update or fail rooms set last_seq = ?, last_rev = ?, text_count = ? where id = ?;
         update or fail memberships set read_seq = ?, read_text_count = ?
         where room_id = ? and user_id = ? and read_seq < ?;
         commit",
        room,
        seq,
        rev,
        author,
        message.body,
        reply_to,
        message.key,
        text_count,
        message.created_at.0,
        flags,
        mentions,
        seq,
        rev,
        text_count,
        room,
        seq,
        text_count,
        room,
        author,
        seq
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the messages as a JSON array of arrays, in the order of the columns.
fn rows(messages: &[CountedMessage]) -> Result<String, sqlx::Error> {
    let rows = messages.iter().map(|(message, text_count)| {
        (
            message.room_id,
            message.seq,
            message.rev,
            message.author.id,
            &message.body,
            message.reply_to,
            &message.key,
            text_count,
            message.created_at.0,
            mentions::flags(message),
            mentions::named(message),
        )
    });
    json(&rows.collect::<Vec<_>>())
}
