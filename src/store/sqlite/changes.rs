//! What has changed in a room, by `rev`.
//!
//! No index knows every message by its `rev`. Those that have not changed since they came are in the order
//! of their `rev` where they are in that of their `seq`, and only the others need an index of their own. So the
//! changes behind a `rev` are two stretches that are put together: the messages behind that one `seq` up to which
//! everything had come by then, and the changed ones.
//!
//! Among the former may be any number that have changed again and are to be passed over, so a statement looks at
//! no more than 1024 of them, and a page may end there.

use super::{
    Sqlite,
    pages::{Seen, seen},
    rows::head_of,
    tails,
};
use crate::{
    domain::{Removal, Rev, RoomId, UserId},
    store::{Changes, Distance, Most, StoreError},
};

/// Statements about the changes of the room `?1` behind the rev `?3`, of which `?4` are wanted, for the member
/// `?2` or, if that is null, for nobody in particular. For who is no member there is nothing.
///
/// - `span`: that rev, and the one at which as many changed messages have been found as are wanted;
/// - `place`: the last `seq` that had come by each of both, by halves: a message comes with a rev that is no
///   smaller than its `seq`, and larger by no more than there have been changes. Without any, it is known at once;
/// - `reach`: between which `seq` the statement looks, and up to which rev it so finds everything;
/// - `changed`: the changes, by their rev. Of those between the places that have changed again, the latter stretch
///   knows.
macro_rules! changes {
    ($run:ident, $($with_what:expr),+) => {
        changes!(
            @$run
            [
                "with recursive span(rev) as (
                     select ?3
                     where ?2 is null or exists (select 1 from memberships where room_id = ?1 and user_id = ?2)
                     union all
                     select coalesce((select m.rev from messages m
                                      where m.room_id = ?1 and m.first_rev is not null and m.rev > ?3
                                      order by m.rev limit 1 offset +?4), 9223372036854775807)),
                 place(rev, low, high) as (
                     select s.rev, min(max(0, s.rev - r.last_rev + r.last_seq), r.last_seq), min(s.rev, r.last_seq)
                     from span s cross join rooms r on r.id = ?1
                     union all
                     select p.rev, iif(coalesce(m.first_rev, m.rev) <= p.rev, m.seq, p.low),
                            iif(coalesce(m.first_rev, m.rev) <= p.rev, p.high, m.seq - 1)
                     from place p cross join messages m on m.room_id = ?1 and m.seq = (p.low + p.high + 1) / 2
                     where p.low < p.high),
                 reach(after_seq, seq, rev) as (
                     select s.after_seq, min(s.seq, (select min(high) from place where rev > ?3)),
                            coalesce((select coalesce(m.first_rev, m.rev) - 1 from messages m
                                      where m.room_id = ?1 and m.seq > s.seq
                                      order by m.seq limit 1), 9223372036854775807)
                     from (select max(low) as after_seq, max(low) + 1024 as seq from place where rev = ?3) s
                     where s.after_seq is not null),
                 changed(id, rev) as (
                     select * from (
                         select m.id, m.rev from messages m
                         where m.room_id = ?1 and m.seq > (select after_seq from reach)
                               and m.seq <= (select seq from reach)
                               and m.first_rev is null and m.rev > ?3
                         order by m.seq limit +?4)
                     union all
                     select * from (
                         select m.id, m.rev from messages m
                         where m.room_id = ?1 and m.first_rev is not null
                               and m.rev > ?3 and m.rev <= (select rev from reach)
                         order by m.rev limit +?4)
                     order by rev limit +?4) "
            ]
            $($with_what),+
        )
    };
    // Messages for one of the room's members.
    (@seen [$with:tt] $sqlite:expr, $room:expr, $reader:expr, $after:expr, $most:expr) => {
        seen!(
            $sqlite,
            $room,
            $reader,
            $after.0,
            $most,
            [$with],
            ["changed c cross join messages_seen m on m.id = c.id"],
            ["left join changed c left join messages_seen m on m.id = c.id"],
            // The right side of a left join stays on the right, and what is limited stays in its order.
            ["limit +?4"]
        )
    };
    // Whether there are more than that.
    (@distance [$with:tt] $room:expr, $reader:expr, $after:expr, $count:expr) => {
        sqlx::query!(
            $with
                + "select r.last_seq, r.last_rev,
                          (r.last_seq - k.seq > ?4 or r.last_seq - k.seq + (
                              select count(*) from (
                                  select 1 from messages m
                                  where m.room_id = ?1 and m.first_rev is not null and m.rev > ?3 and m.seq <= k.seq
                                  order by m.rev limit +?4 + 1)) > ?4) as \"beyond!: bool\"
                   from memberships me join rooms r on r.id = me.room_id
                   cross join (select max(low) as seq from place where rev = ?3) k
                   where me.room_id = ?1 and me.user_id = ?2",
            $room.0,
            $reader.0,
            $after.0,
            $count
        )
    };
    // Up to which rev a statement finds everything, if anything came later.
    (@reach [$with:tt] $room:expr, $after:expr, $most:expr) => {
        sqlx::query_scalar!(
            $with
                + "select k.rev as \"rev!: i64\"
                   from reach k cross join rooms r on r.id = ?1
                   where k.rev < 9223372036854775807 and r.deleted_at is null and ?2 is null",
            $room,
            None::<i64>,
            $after,
            $most
        )
    };
    // What the index of searches wants to know of them; it is no member, and `?2` nobody.
    (@index [$with:tt] $room:expr, $after:expr, $most:expr) => {
        sqlx::query_as!(
            Changed,
            $with
                + "select m.id as \"id!\", m.rev as \"rev!\", m.author_id as \"author_id!\",
                          m.created_at as \"created_at!\", m.flags & 4 <> 0 as \"has_file!: bool\",
                          case when m.kind = 'text' and m.deleted_at is null then m.body end as body
                   from changed c cross join messages m on m.id = c.id cross join rooms r on r.id = m.room_id
                   where r.deleted_at is null and ?2 is null",
            $room,
            None::<i64>,
            $after,
            $most
        )
    };
}
pub(super) use changes;

impl Sqlite {
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
        if !self.recent.wants_changes(room, after, missed) {
            let changes = self.read_changes(room, reader, after, most).await?;
            if changes.is_some() {
                self.recent.admit(room, reader, missed);
            }
            return Ok(changes);
        }
        // As much as others may want to hear as well.
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
        let mut from = self.gaps.past(room, after);
        loop {
            let seen = changes!(seen, self, room, reader, from, most)?;
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
            let last = items.last().map_or(from, |last| last.rev);
            if !cut
                && last < head.rev
                && let Some(beyond) = self.beyond(room, from, head.rev, items.is_empty()).await?
            {
                if items.is_empty() {
                    from = beyond;
                    continue;
                }
                cut = true;
            }
            return Ok(Some(Changes {
                has_after: cut && last < head.rev,
                items,
                head,
            }));
        }
    }

    /// The rev behind which to look on, after a statement about the changes behind `after` that found fewer than were
    /// wanted, or nothing at all; `None` if it looked as far as the room went, whose `head` was read with it or before.
    pub(super) async fn beyond(
        &self,
        room: RoomId,
        after: Rev,
        head: Rev,
        is_gap: bool,
    ) -> Result<Option<Rev>, StoreError> {
        let reach = changes!(reach, room.0, after.0, 1)
            .fetch_optional(&self.readers)
            .await?;
        // What came since the statement is no reason to pass over anything.
        let Some(reach) = reach.map(Rev).filter(|reach| *reach < head) else {
            return Ok(None);
        };
        if reach <= after {
            let error =
                format!("room {room}: messages behind rev {after} came with no larger ones");
            return Err(StoreError::Failed(error));
        }
        if is_gap {
            self.gaps.note(room, after, reach);
        }
        Ok(Some(self.gaps.past(room, reach)))
    }

    pub(in crate::store) async fn distance(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        count: i64,
    ) -> Result<Option<Distance>, StoreError> {
        let look = self.recent.look(room);
        let row = changes!(distance, room, reader, after, count)
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
        // The last one is it: once out, nobody does anything in the room.
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
            Some("left") => Removal::Left,
            Some("banned") => Removal::Banned,
            _ => Removal::Kicked,
        })
    }
}
