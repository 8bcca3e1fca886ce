//! Pages of a room's history, by `seq` (keyset pagination).
//!
//! A limit is written `+?4`: for a bare `?4`, SQLite plans by the value and prepares the statement again for each
//! execution, which costs more than many reads.

use futures_util::{TryStreamExt, stream::BoxStream};

use crate::{
    domain::{Head, Message, RoomId, Seq, UserId},
    store::{
        PageLimit, StoreError,
        sqlite::{
            Sqlite,
            read::{
                json_rows::FewRow,
                rows::{SeenRow, head_of},
            },
        },
    },
};

/// Maximum number of messages that are read as one row, because each row is a round trip to the connection's thread.
/// Larger pages are read row by row, so that not all rows are in memory at once.
pub(in crate::store) const FEW: i64 = 64;

/// Messages that were read, and the state of the room.
pub(in crate::store) struct PageRead {
    pub(in crate::store) head: Head,
    pub(in crate::store) items: Vec<Message>,
    /// Whether the byte limit ended the read.
    pub(in crate::store) cut: bool,
}

/// Reads messages of a room for one of its members: at most the limit of those that meet the condition, in the given
/// order. In the condition, `?3` is the number. `None` if the reader is not in the room.
macro_rules! seen {
    ($sqlite:expr, $room:expr, $reader:expr, $number:expr, $limit:expr, $which:tt, $order:tt) => {{
        let (room, reader, number, limit) = ($room.0, $reader.0, $number, $limit);
        if limit.messages <= $crate::store::sqlite::read::pages::FEW {
            let row = sqlx::query_as!(
                $crate::store::sqlite::read::json_rows::FewRow,
                "select r.last_seq, r.last_rev,
                        (select json_group_array(json_array(
                                    m.room_id, m.seq, m.rev, m.kind, u.id, u.username, u.display_name, u.avatar, m.body,
                                    json(m.event), m.reply_to, m.key, m.created_at, m.edited_at, m.deleted_at,
                                    json(m.extras)))
                         from (select * from messages_seen m where m.room_id = r.id and "
                    + $which
                    + " order by "
                    + $order
                    + " limit +?4) m
                         cross join users u on u.id = m.author_id) as \"items!: String\"
                 from memberships me join rooms r on r.id = me.room_id
                 where me.room_id = ?1 and me.user_id = ?2",
                room,
                reader,
                number,
                limit.messages
            )
            .fetch_optional(&$sqlite.readers)
            .await?;
            $crate::store::sqlite::read::pages::few(row, limit)
        } else {
            let rows = sqlx::query_as!(
                $crate::store::sqlite::read::rows::SeenRow,
                "select r.last_seq, r.last_rev,
                        m.room_id as \"room_id?\", m.seq as \"seq?\", m.rev as \"rev?\", m.kind as \"kind?\",
                        m.author_id as \"author_id?\", u.username as \"username?\",
                        u.display_name as \"display_name?\", u.avatar, m.body as \"body?\", m.event, m.reply_to, m.key,
                        m.created_at as \"created_at?\", m.edited_at, m.deleted_at,
                        m.extras as \"extras?: String\"
                 from memberships me
                 join rooms r on r.id = me.room_id
                 left join messages_seen m on m.room_id = r.id and "
                    + $which
                    + " left join users u on u.id = m.author_id
                 where me.room_id = ?1 and me.user_id = ?2
                 order by "
                    + $order
                    + " limit +?4",
                room,
                reader,
                number,
                limit.messages
            )
            .fetch(&$sqlite.readers);
            $crate::store::sqlite::read::pages::collect(rows, limit).await
        }
    }};
}
pub(in crate::store) use seen;

impl Sqlite {
    pub(in crate::store) async fn before(
        &self,
        room: RoomId,
        reader: UserId,
        seq: Seq,
        limit: PageLimit,
    ) -> Result<Option<PageRead>, StoreError> {
        let seen = seen!(self, room, reader, seq.0, limit, "m.seq < ?3", "m.seq desc")?;
        Ok(seen.map(|mut seen| {
            seen.items.reverse();
            seen
        }))
    }

    pub(in crate::store) async fn after(
        &self,
        room: RoomId,
        reader: UserId,
        seq: Seq,
        limit: PageLimit,
    ) -> Result<Option<PageRead>, StoreError> {
        seen!(self, room, reader, seq.0, limit, "m.seq > ?3", "m.seq")
    }

    /// Returns half of the page before `seq` and half from it on. The second half uses what the first leaves free.
    pub(in crate::store) async fn around(
        &self,
        room: RoomId,
        reader: UserId,
        seq: Seq,
        limit: PageLimit,
    ) -> Result<Option<PageRead>, StoreError> {
        let half = PageLimit {
            messages: limit.messages / 2,
            bytes: limit.bytes / 2,
        };
        let before = match half.messages {
            0 => Vec::new(),
            _ => match self.before(room, reader, seq, half).await? {
                Some(seen) => seen.items,
                None => return Ok(None),
            },
        };
        let rest = PageLimit {
            messages: limit.messages - i64::try_from(before.len()).unwrap_or(limit.messages),
            bytes: half.bytes,
        };
        let from = Seq(seq.0.saturating_sub(1));
        let Some(mut seen) = self.after(room, reader, from, rest).await? else {
            return Ok(None);
        };
        seen.items.splice(0..0, before);
        Ok(Some(seen))
    }
}

/// Takes messages from one row, in their order, up to the one that exceeds the byte limit.
pub(in crate::store) fn few(
    row: Option<FewRow>,
    limit: PageLimit,
) -> Result<Option<PageRead>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let mut items = row.messages()?;
    let mut left = limit.bytes;
    let end = items.iter().position(|(_, size)| {
        let is_last = *size >= left;
        left = left.saturating_sub(*size);
        is_last
    });
    if let Some(end) = end {
        items.truncate(end + 1);
    }
    Ok(Some(PageRead {
        head: head_of(row.last_seq, row.last_rev),
        items: items.into_iter().map(|(message, _)| message).collect(),
        cut: end.is_some(),
    }))
}

/// Takes rows up to the message that exceeds the byte limit. No row means no membership; a row without a message means
/// a room without matching messages.
pub(in crate::store) async fn collect(
    mut rows: BoxStream<'_, Result<SeenRow, sqlx::Error>>,
    limit: PageLimit,
) -> Result<Option<PageRead>, StoreError> {
    let mut seen = None;
    let mut left = limit.bytes;
    while let Some(row) = rows.try_next().await? {
        let PageRead { items, cut, .. } = seen.get_or_insert_with(|| PageRead {
            head: head_of(row.last_seq, row.last_rev),
            items: Vec::new(),
            cut: false,
        });
        // Relations count, too: files, reactions, quotes.
        let around = row.extras_len();
        let Some(message) = row.message()? else { break };
        let size = message.body.len() + around;
        items.push(message);
        if size >= left {
            *cut = true;
            break;
        }
        left -= size;
    }
    Ok(seen)
}
