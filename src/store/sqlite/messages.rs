//! Messages and receipts in SQLite.
//!
//! Every read of messages is one statement that goes through the reader's membership: who is not in
//! the room gets no row at all, and what the rows say of the room is of the same moment as they.

use super::{
    Sqlite,
    pages::{Seen, seen},
    rows::head_of,
    tails,
};
use crate::{
    domain::{Message, MessagePage, Removal, Rev, RoomId, Seq, SystemEvent, UserId, Window},
    store::{Append, Changes, Distance, Most, PINS, PendingAppend, Rendered, StoreError},
};

impl Sqlite {
    pub(in crate::store) fn append(&self, append: Append) -> Result<PendingAppend, StoreError> {
        self.writer.append(append)
    }

    pub(in crate::store) async fn page(
        &self,
        room: RoomId,
        reader: UserId,
        window: Window,
        most: Most,
    ) -> Result<Option<MessagePage>, StoreError> {
        let seen = match window {
            Window::Newest => self.before(room, reader, Seq(i64::MAX), most).await?,
            Window::Before(seq) => self.before(room, reader, seq, most).await?,
            Window::After(seq) => self.after(room, reader, seq, most).await?,
            Window::Around(seq) => self.around(room, reader, seq, most).await?,
        };
        let Some(Seen { head, items, .. }) = seen else {
            return Ok(None);
        };
        // Numbers have no gaps, so the ends of the page tell what lies beyond them.
        let (first, last) = match (items.first(), items.last()) {
            (Some(first), Some(last)) => (first.seq, last.seq),
            _ => match window {
                Window::Newest => (Seq(1), head.seq),
                Window::Before(seq) | Window::Around(seq) => (seq, Seq(seq.0.saturating_sub(1))),
                Window::After(seq) => (Seq(seq.0.saturating_add(1)), seq),
            },
        };
        Ok(Some(MessagePage {
            items,
            head,
            has_before: first.0 > 1 && head.seq.0 >= 1,
            has_after: last < head.seq,
        }))
    }

    pub(in crate::store) async fn newest(
        &self,
        room: RoomId,
        reader: UserId,
        write_out: fn(&MessagePage) -> Rendered,
    ) -> Result<Option<Rendered>, StoreError> {
        let missed = match self.recent.get(room, reader) {
            Ok(page) => return Ok(Some(page)),
            Err(missed) => missed,
        };
        let page = self.page(room, reader, Window::Newest, Most::PAGE).await?;
        Ok(page
            .as_ref()
            .map(|page| self.recent.keep(room, reader, write_out(page), missed)))
    }

    pub(in crate::store) async fn changed_since(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        most: Most,
    ) -> Result<Option<Changes>, StoreError> {
        if !(tails::LEAST_MESSAGES..=tails::LENGTH.messages).contains(&most.messages) {
            return self.read_changes(room, reader, after, most).await;
        }
        let missed = match self.recent.changes(room, reader, after, most) {
            Ok(changes) => return Ok(Some(changes)),
            Err(missed) => missed,
        };
        // What is read is as much as others may want to hear as well.
        let changes = self
            .read_changes(room, reader, after, tails::LENGTH)
            .await?;
        Ok(changes.map(|changes| {
            self.recent
                .keep_changes(room, reader, after, &changes, missed);
            tails::cut(changes, most)
        }))
    }

    async fn read_changes(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        most: Most,
    ) -> Result<Option<Changes>, StoreError> {
        // One more than wanted tells whether there are more.
        let most_messages = most.messages;
        let most = Most {
            messages: most.messages.saturating_add(1),
            ..most
        };
        let seen = seen!(self, room, reader, after.0, most, "m.rev > ?3", "m.rev")?;
        let Some(seen) = seen else {
            return Ok(None);
        };
        let Seen {
            head,
            mut items,
            mut cut,
        } = seen;
        let wanted = usize::try_from(most_messages).unwrap_or(usize::MAX);
        if items.len() > wanted {
            items.truncate(wanted);
            cut = true;
        }
        Ok(Some(Changes {
            has_after: cut && items.last().is_some_and(|last| last.rev < head.rev),
            items,
            head,
        }))
    }

    pub(in crate::store) async fn distance(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        count: i64,
    ) -> Result<Option<Distance>, StoreError> {
        let look = self.recent.look(room);
        let row = sqlx::query!(
            "select r.last_seq, r.last_rev,
                    exists(select 1 from messages m where m.room_id = r.id and m.rev > ?3
                           order by m.rev limit 1 offset ?4) as \"beyond!: bool\"
             from memberships me join rooms r on r.id = me.room_id
             where me.room_id = ?1 and me.user_id = ?2",
            room.0,
            reader.0,
            after.0,
            count
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| {
            self.recent.admit(room, reader, look);
            Distance {
                head: head_of(row.last_seq, row.last_rev),
                beyond: row.beyond,
            }
        }))
    }

    pub(in crate::store) async fn removal(
        &self,
        room: RoomId,
        user: UserId,
        after: Rev,
    ) -> Result<Removal, StoreError> {
        let exists = sqlx::query_scalar!(
            "select 1 as \"one!: i64\" from rooms where id = ?1 and deleted_at is null",
            room.0
        )
        .fetch_optional(&self.readers)
        .await?;
        if exists.is_none() {
            return Ok(Removal::Deleted);
        }
        let events = sqlx::query_scalar!(
            "select m.event as \"event!\" from messages m join users u on u.id = ?2
             where m.room_id = ?1 and m.rev > ?3 and m.kind = 'system' and m.event is not null
               and (m.author_id = u.id or json_extract(m.event, '$.username') = u.username)
             order by m.rev desc limit 20",
            room.0,
            user.0,
            after.0
        )
        .fetch_all(&self.readers)
        .await?;
        let mut removals = events
            .iter()
            .filter_map(|event| match serde_json::from_str(event) {
                Ok(SystemEvent::Left) => Some(Removal::Left),
                Ok(SystemEvent::Kicked { .. }) => Some(Removal::Kicked),
                Ok(SystemEvent::Banned { .. }) => Some(Removal::Banned),
                _ => None,
            });
        Ok(removals.next().unwrap_or(Removal::Kicked))
    }

    pub(in crate::store) async fn pins(
        &self,
        room: RoomId,
        reader: UserId,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        let most = Most {
            messages: PINS,
            bytes: usize::MAX,
        };
        // Whatever is pinned is so since a moment after the first.
        let seen = seen!(
            self,
            room,
            reader,
            0,
            most,
            "m.pinned_at > ?3",
            "m.pinned_at desc"
        )?;
        Ok(seen.map(|seen| seen.items))
    }
}
