//! Messages and receipts in SQLite.

use super::{
    Sqlite,
    rows::{MessageRow, to_messages},
};
use crate::{
    domain::{Change, Head, Message, MessagePage, Rev, RoomId, Seq, UserId, Window},
    store::{Append, Changes, PendingAppend, Receipt, StoreError},
};

impl Sqlite {
    pub(in crate::store) fn append(&self, append: Append) -> Result<PendingAppend, StoreError> {
        self.writer.append(append)
    }

    pub(in crate::store) async fn page(
        &self,
        room: RoomId,
        window: Window,
        limit: i64,
    ) -> Result<MessagePage, StoreError> {
        let items = match window {
            Window::Newest => self.before(room, Seq(i64::MAX), limit).await?,
            Window::Before(seq) => self.before(room, seq, limit).await?,
            Window::After(seq) => self.after(room, seq, limit).await?,
            Window::Around(seq) => {
                let mut items = self.before(room, seq, limit / 2).await?;
                let rest = limit - i64::try_from(items.len()).unwrap_or(limit);
                items.extend(self.after(room, Seq(seq.0.saturating_sub(1)), rest).await?);
                items
            }
        };
        // Read after the messages, so that a message that comes in between counts as one to come.
        let head = self.head(room).await?;
        // Numbers have no gaps, so the ends of the page tell what lies beyond them.
        let (first, last) = match (items.first(), items.last()) {
            (Some(first), Some(last)) => (first.seq, last.seq),
            _ => match window {
                Window::Newest => (Seq(1), head.seq),
                Window::Before(seq) | Window::Around(seq) => (seq, Seq(seq.0.saturating_sub(1))),
                Window::After(seq) => (Seq(seq.0.saturating_add(1)), seq),
            },
        };
        let has_before = first.0 > 1 && head.seq.0 >= 1;
        let has_after = last < head.seq;
        Ok(MessagePage {
            items,
            head,
            has_before,
            has_after,
        })
    }

    pub(in crate::store) async fn message(
        &self,
        room: RoomId,
        seq: Seq,
    ) -> Result<Option<Message>, StoreError> {
        let items = self.after(room, Seq(seq.0.saturating_sub(1)), 1).await?;
        Ok(items.into_iter().find(|message| message.seq == seq))
    }

    pub(in crate::store) async fn changed_since(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        limit: i64,
    ) -> Result<Option<Changes>, StoreError> {
        // Both statements must see the same moment: hence a transaction.
        let mut tx = self.readers.begin().await?;
        let head = sqlx::query!(
            "select r.last_seq, r.last_rev from memberships m join rooms r on r.id = m.room_id
             where m.room_id = ?1 and m.user_id = ?2",
            room.0,
            reader.0
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(head) = head else { return Ok(None) };
        let head = Head {
            seq: Seq(head.last_seq),
            rev: Rev(head.last_rev),
        };
        if after >= head.rev {
            return Ok(Some(Changes {
                items: Vec::new(),
                head,
                has_after: false,
            }));
        }
        let one_more = limit.saturating_add(1);
        let rows = sqlx::query_as!(
            MessageRow,
            "select m.room_id, m.seq, m.rev, m.kind, m.author_id, u.username, u.display_name, m.body,
                    m.event, m.reply_to, m.key, m.created_at, m.edited_at, m.deleted_at
             from messages m join users u on u.id = m.author_id
             where m.room_id = ?1 and m.rev > ?2 order by m.rev limit ?3",
            room.0,
            after.0,
            one_more
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut items = to_messages(rows)?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_after = items.len() > most;
        items.truncate(most);
        Ok(Some(Changes {
            items,
            head,
            has_after,
        }))
    }

    pub(in crate::store) async fn mark_read(
        &self,
        room: RoomId,
        user: UserId,
        seq: Seq,
        force: bool,
    ) -> Result<Option<Receipt>, StoreError> {
        self.writer
            .call(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query!(
                        "select m.read_seq, m.read_text_count, r.last_seq, r.text_count
                         from memberships m join rooms r on r.id = m.room_id
                         where m.room_id = ?1 and m.user_id = ?2",
                        room.0,
                        user.0
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    let Some(row) = row else { return Ok(None) };
                    let wanted = seq.0.clamp(0, row.last_seq);
                    if wanted == row.read_seq || (wanted < row.read_seq && !force) {
                        let unread = row.text_count - row.read_text_count;
                        return Ok(Some(Receipt {
                            read_seq: Seq(row.read_seq),
                            unread,
                            moved: false,
                        }));
                    }
                    let read_text_count = sqlx::query_scalar!(
                        "select text_count from messages where room_id = ?1 and seq = ?2",
                        room.0,
                        wanted
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?
                    .unwrap_or_default();
                    sqlx::query!(
                        "update memberships set read_seq = ?3, read_text_count = ?4
                         where room_id = ?1 and user_id = ?2",
                        room.0,
                        user.0,
                        wanted,
                        read_text_count
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let unread = row.text_count - read_text_count;
                    tx.changes.push(Change::Read {
                        user,
                        room,
                        read_seq: Seq(wanted),
                        unread,
                    });
                    Ok(Some(Receipt {
                        read_seq: Seq(wanted),
                        unread,
                        moved: true,
                    }))
                })
            })
            .await
    }

    async fn head(&self, room: RoomId) -> Result<Head, StoreError> {
        let row = sqlx::query!("select last_seq, last_rev from rooms where id = ?1", room.0)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row
            .map(|row| Head {
                seq: Seq(row.last_seq),
                rev: Rev(row.last_rev),
            })
            .unwrap_or_default())
    }

    async fn before(&self, room: RoomId, seq: Seq, limit: i64) -> Result<Vec<Message>, StoreError> {
        let rows = sqlx::query_as!(
            MessageRow,
            "select m.room_id, m.seq, m.rev, m.kind, m.author_id, u.username, u.display_name, m.body,
                    m.event, m.reply_to, m.key, m.created_at, m.edited_at, m.deleted_at
             from messages m join users u on u.id = m.author_id
             where m.room_id = ?1 and m.seq < ?2 order by m.seq desc limit ?3",
            room.0,
            seq.0,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let mut items = to_messages(rows)?;
        items.reverse();
        Ok(items)
    }

    async fn after(&self, room: RoomId, seq: Seq, limit: i64) -> Result<Vec<Message>, StoreError> {
        let rows = sqlx::query_as!(
            MessageRow,
            "select m.room_id, m.seq, m.rev, m.kind, m.author_id, u.username, u.display_name, m.body,
                    m.event, m.reply_to, m.key, m.created_at, m.edited_at, m.deleted_at
             from messages m join users u on u.id = m.author_id
             where m.room_id = ?1 and m.seq > ?2 order by m.seq limit ?3",
            room.0,
            seq.0,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        to_messages(rows)
    }
}
