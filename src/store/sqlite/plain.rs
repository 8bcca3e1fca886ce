//! Messages with nothing around them, as most are: some of them with each turn of the database's thread.
//!
//! They are bound one by one. To take them out of a JSON text, as is done with what is rarer, costs more
//! than all the rest of storing them.

use sqlx::{Executor, SqliteConnection};

use super::keys::Slice;
use crate::domain::Message;

/// Messages that a statement has places for.
const PLACES: usize = 16;

/// A message, and the count of text messages at it.
type Counted = (Message, i64);

/// Inserts as many messages as there are, up to its places, and does before and behind it what is asked:
/// `begin` a transaction; `end` it with where the rooms of its last so many messages stand then, and how far
/// their authors have read, for who sends has read up to what they sent, unless one of them has a key that went
/// with an earlier message: that fails for a null where none may be.
///
/// A batch that fails is taken back as a whole: SQLite need not be able to take back one statement of it, which
/// is what `or fail` says. New rows have the ids behind the highest one.
macro_rules! insert {
    ($conn:expr, $messages:expr, begin, end $count:expr) => {
        insert!(@end $conn, $messages, "begin immediate;", $count)
    };
    ($conn:expr, $messages:expr, end $count:expr) => {
        insert!(@end $conn, $messages, "", $count)
    };
    ($conn:expr, $messages:expr) => {
        insert!(@places $conn, $messages, "", "")
    };
    (@end $conn:expr, $messages:expr, $before:literal, $count:expr) => {
        insert!(
            @places $conn,
            $messages,
            $before,
            "update or fail rooms set last_seq = j.seq, last_rev = j.rev, text_count = j.text_count
             from (select room_id, max(seq) as seq, max(rev) as rev, max(text_count) as text_count
                   from messages not indexed where id > last_insert_rowid() - ? group by room_id) j
             where rooms.id = j.room_id;
             update or fail memberships set read_seq = j.seq, read_text_count = j.text_count
             from (select room_id, author_id, max(seq) as seq, max(text_count) as text_count
                   from messages not indexed where id > last_insert_rowid() - ? group by room_id, author_id) j
             where memberships.room_id = j.room_id and memberships.user_id = j.author_id
                   and memberships.read_seq < j.seq;
             insert or fail into keys_kept (message_id)
             select null from messages m not indexed cross join message_keys k
                  on k.room_id = m.room_id and k.author_id = m.author_id and k.key = m.key
             where m.id > last_insert_rowid() - ? limit 1;
             commit",
            $count,
            $count,
            $count
        )
    };
    (@places $($rest:tt)*) => {
        insert!(
            @query [0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15],
            "(?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?),
                  (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?),
                  (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?),
                  (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?),
                  (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?),
                  (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            $($rest)*
        )
    };
    (@query [$($place:literal)+], $rows:literal, $conn:expr, $messages:expr, $before:literal, $after:literal
     $(, $also:expr)*) => {{
        let messages: &[Counted] = $messages;
        sqlx::query!(
            $before
                + "insert or fail into messages (room_id, seq, rev, kind, author_id, body, reply_to, key, text_count,
                                                 created_at)
                   select column1, column2, column3, 'text', column4, column5, column6, column7, column8, column9
                   from (values "
                + $rows
                + ") where column1 is not null;"
                + $after,
            $(
                messages.get($place).map(|(m, _)| m.room_id.0),
                messages.get($place).map(|(m, _)| m.seq.0),
                messages.get($place).map(|(m, _)| m.rev.0),
                messages.get($place).map(|(m, _)| m.author.id.0),
                messages.get($place).map(|(m, _)| m.body.as_str()),
                messages.get($place).and_then(|(m, _)| m.reply_to).map(|seq| seq.0),
                messages.get($place).and_then(|(m, _)| m.key.as_deref()),
                messages.get($place).map(|(_, text_count)| *text_count),
                messages.get($place).map(|(m, _)| m.created_at.0),
            )+
            $($also),*
        )
        .execute($conn)
        .await
        .map(|_| ())
    }};
}

/// Writes these messages in a transaction of their own, and all that comes with them; and some keys of earlier ones.
pub(super) async fn write(
    conn: &mut SqliteConnection,
    messages: &[Counted],
    keys: Option<Slice>,
) -> Result<(), sqlx::Error> {
    if let ([message], None) = (messages, &keys) {
        return write_one(conn, message).await;
    }
    let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
    let mut some = messages.chunks(PLACES);
    let Some(last) = some.next_back() else {
        return Ok(());
    };
    if last.len() == messages.len() && keys.is_none() {
        return insert!(conn, last, begin, end count);
    }
    conn.execute("begin immediate").await?;
    if let Some(keys) = keys {
        keys.write(&mut *conn).await?;
    }
    for some in some {
        insert!(&mut *conn, some)?;
    }
    insert!(conn, last, end count)
}

/// The same for one alone: what a few have in common need not be gathered.
async fn write_one(
    conn: &mut SqliteConnection,
    (message, text_count): &Counted,
) -> Result<(), sqlx::Error> {
    let (room, author) = (message.room_id.0, message.author.id.0);
    let (seq, rev) = (message.seq.0, message.rev.0);
    let reply_to = message.reply_to.map(|seq| seq.0);
    sqlx::query!(
        "begin immediate;
         insert or fail into messages (room_id, seq, rev, kind, author_id, body, reply_to, key, text_count, created_at)
         values (?, ?, ?, 'text', ?, ?, ?, ?, ?, ?);
         update or fail rooms set last_seq = ?, last_rev = ?, text_count = ? where id = ?;
         update or fail memberships set read_seq = ?, read_text_count = ?
         where room_id = ? and user_id = ? and read_seq < ?;
         insert or fail into keys_kept (message_id)
         select null from message_keys where room_id = ? and author_id = ? and key = ?;
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
        seq,
        rev,
        text_count,
        room,
        seq,
        text_count,
        room,
        author,
        seq,
        room,
        author,
        message.key
    )
    .execute(conn)
    .await?;
    Ok(())
}
