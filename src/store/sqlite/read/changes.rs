//! Changes of a room since a `rev`.

use crate::{
    domain::{LeaveReason, Rev, RoomId, UserId},
    store::{
        Changes, Lag, PageLimit, StoreError,
        sqlite::{
            Sqlite,
            read::{
                pages::{PageRead, seen},
                rows::head_of,
            },
        },
    },
};

impl Sqlite {
    pub(in crate::store) async fn changed_since(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        limit: PageLimit,
    ) -> Result<Option<Changes>, StoreError> {
        // One message more tells whether others exist.
        let max_messages = limit.messages;
        let limit = PageLimit {
            messages: limit.messages.saturating_add(1),
            ..limit
        };
        let seen = seen!(self, room, reader, after.0, limit, "m.rev > ?3", "m.rev")?;
        let Some(seen) = seen else {
            return Ok(None);
        };
        let PageRead {
            head,
            mut items,
            mut cut,
        } = seen;
        let wanted = usize::try_from(max_messages).unwrap_or(usize::MAX);
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

    pub(in crate::store) async fn lag(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        count: i64,
    ) -> Result<Option<Lag>, StoreError> {
        let row = sqlx::query!(
            "select r.last_seq, r.last_rev,
                    exists (select 1 from messages m where m.room_id = r.id and m.rev > ?3
                            order by m.rev limit 1 offset +?4) as \"beyond!: bool\"
             from memberships me join rooms r on r.id = me.room_id
             where me.room_id = ?1 and me.user_id = ?2",
            room.0,
            reader.0,
            after.0,
            count
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| Lag {
            head: head_of(row.last_seq, row.last_rev),
            exceeds_limit: row.beyond,
        }))
    }

    pub(in crate::store) async fn removal(
        &self,
        room: RoomId,
        user: UserId,
        after: Rev,
    ) -> Result<LeaveReason, StoreError> {
        let exists = sqlx::query_scalar!(
            "select 1 as \"one!: i64\" from rooms where id = ?1 and deleted_at is null",
            room.0
        )
        .fetch_optional(&self.readers)
        .await?;
        if exists.is_none() {
            return Ok(LeaveReason::Deleted);
        }
        // The last event is the right one: a user who left can do nothing in the room.
        let event = sqlx::query_scalar!(
            "select m.event ->> '$.type' as \"type!: String\"
             from messages m join rooms r on r.id = m.room_id join users u on u.id = ?2
             where m.room_id = ?1 and m.kind = 'system' and m.rev > ?3 and m.seq > ?3 - r.last_rev + r.last_seq
               and ((m.event ->> '$.type' = 'left' and m.author_id = u.id)
                    or (m.event ->> '$.type' in ('kicked', 'banned') and m.event ->> '$.username' = u.username))
             order by m.seq desc limit 1",
            room.0,
            user.0,
            after.0
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(match event.as_deref() {
            Some("left") => LeaveReason::Left,
            Some("banned") => LeaveReason::Banned,
            _ => LeaveReason::Kicked,
        })
    }
}
