//! Mutes, slow mode and locks in SQLite.

use sqlx::SqliteConnection;

use super::{
    Sqlite, audit::audit, members::role, read::rows::to_role, write::request::WriterState,
};
use crate::{
    domain::{
        Action, Actor, AvatarVersion, Change, Mute, MuteDuration, Permission, PostingRestrictions,
        Room, RoomId, SystemEvent, Timestamp, UserId, UserSummary, audit::NewAuditEntry,
    },
    store::{LeaveOutcome, RoomEdit, StoreError},
};

/// Returns the restrictions on a member's posting, in the caller's transaction. Changes of messages ask here; appends
/// read the same for all senders of a batch at once. `None` if the user is not in the room.
pub(super) async fn of(
    conn: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
) -> Result<Option<PostingRestrictions>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select m.role, r.slow_mode_s, r.locked as "locked!: bool",
                  s.muted_until as "muted_until?", s.said_at as "said_at?"
           from memberships m join rooms r on r.id = m.room_id
           left join restraints s on s.room_id = m.room_id and s.user_id = m.user_id
           where m.room_id = ?1 and m.user_id = ?2"#,
        room.0,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    let restraints = row.map(|row| {
        Ok(PostingRestrictions {
            role: to_role(&row.role)?,
            muted_until: Timestamp(row.muted_until.unwrap_or_default()),
            said_at: Timestamp(row.said_at.unwrap_or_default()),
            slow_mode_s: row.slow_mode_s,
            locked: row.locked,
        })
    });
    restraints.transpose()
}

/// Records when these members posted under slow mode; `said` is a list of room, user and time.
pub(super) async fn record_post(
    conn: &mut SqliteConnection,
    said: String,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into restraints (room_id, user_id, said_at)
         select value ->> 0, value ->> 1, value ->> 2 from json_each(?1) where true
         on conflict (room_id, user_id) do update set said_at = excluded.said_at",
        said
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets slow mode and lock where they are given and new, and returns the events to publish.
pub(super) async fn restrict(
    tx: &mut WriterState,
    before: &Room,
    edit: &RoomEdit,
    by: &Actor,
    now: Timestamp,
) -> Result<Vec<SystemEvent>, sqlx::Error> {
    let mut events = Vec::new();
    let room = before.id;
    if let Some(slow_mode) = edit.slow_mode
        && slow_mode.seconds() != before.slow_mode_s
    {
        let seconds = slow_mode.seconds();
        sqlx::query!(
            "update rooms set slow_mode_s = ?2 where id = ?1",
            room.0,
            seconds
        )
        .execute(&mut tx.conn)
        .await?;
        let deed = NewAuditEntry::new(Action::SlowMode, by).in_room(room);
        audit(tx, deed.detail(seconds.to_string()), now).await?;
        events.push(SystemEvent::SlowMode { seconds });
    }
    if let Some(locked) = edit.locked
        && locked != before.locked
    {
        sqlx::query!("update rooms set locked = ?2 where id = ?1", room.0, locked)
            .execute(&mut tx.conn)
            .await?;
        let (action, event) = if locked {
            (Action::Lock, SystemEvent::Locked)
        } else {
            (Action::Unlock, SystemEvent::Unlocked)
        };
        audit(tx, NewAuditEntry::new(action, by).in_room(room), now).await?;
        events.push(event);
    }
    Ok(events)
}

impl Sqlite {
    pub(in crate::store) async fn may_write(
        &self,
        room: RoomId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut reader = self.readers.acquire().await?;
        let restraints = of(&mut reader, room, user).await?;
        if restraints.is_none_or(|restraints| restraints.on_changing(now).is_some()) {
            return Ok(false);
        }
        let blocked = sqlx::query_scalar!(
            r#"select exists (
                   select 1 from rooms r
                   join memberships o on o.room_id = r.id
                   join blocks b on b.blocker_id = o.user_id and b.blocked_id = ?2
                   where r.id = ?1 and r.kind = 'direct' and r.member_count = 2) as "blocked!: bool""#,
            room.0,
            user.0
        )
        .fetch_one(&mut *reader)
        .await?;
        Ok(!blocked)
    }

    pub(in crate::store) async fn mute(
        &self,
        room: RoomId,
        user: UserId,
        span: MuteDuration,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mine = role(&mut tx.conn, room, by.id()).await?;
                    let Some(mine) = mine.filter(|mine| mine.may(Permission::Mute)) else {
                        return Ok(LeaveOutcome::Forbidden);
                    };
                    let Some(theirs) = of(&mut tx.conn, room, user).await? else {
                        return Ok(LeaveOutcome::NotMember);
                    };
                    if !mine.may_to(Permission::Mute, theirs.role) {
                        return Ok(LeaveOutcome::Forbidden);
                    }
                    let until = span.from(now).0;
                    sqlx::query!(
                        "insert into restraints (room_id, user_id, muted_until) values (?1, ?2, ?3)
                         on conflict (room_id, user_id) do update set muted_until = excluded.muted_until",
                        room.0,
                        user.0,
                        until
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let deed = NewAuditEntry::new(Action::Mute, &by).in_room(room).to(user);
                    audit(tx, deed.detail(span.seconds().to_string()), now).await?;
                    tx.changes.push(Change::StandingChanged { room, user });
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn unmute(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mine = role(&mut tx.conn, room, by.id()).await?;
                    let Some(mine) = mine.filter(|mine| mine.may(Permission::Mute)) else {
                        return Ok(LeaveOutcome::Forbidden);
                    };
                    // A mute survives leaving and rejoining.
                    let theirs = role(&mut tx.conn, room, user).await?;
                    if theirs.is_some_and(|theirs| !mine.may_to(Permission::Mute, theirs)) {
                        return Ok(LeaveOutcome::Forbidden);
                    }
                    let given_back = sqlx::query!(
                        "update restraints set muted_until = 0
                         where room_id = ?1 and user_id = ?2 and muted_until > ?3",
                        room.0,
                        user.0,
                        now.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if given_back.rows_affected() > 0 {
                        let deed = NewAuditEntry::new(Action::Unmute, &by)
                            .in_room(room)
                            .to(user);
                        audit(tx, deed, now).await?;
                        tx.changes.push(Change::StandingChanged { room, user });
                    }
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn mutes(
        &self,
        room: RoomId,
        after: UserId,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<Mute>, StoreError> {
        let rows = sqlx::query!(
            r#"select u.id as "id!", u.username, u.display_name, u.avatar, s.muted_until
               from restraints s join users u on u.id = s.user_id
               where s.room_id = ?1 and s.user_id > ?2 and s.muted_until > ?3
               order by s.user_id limit +?4"#,
            room.0,
            after.0,
            now.0,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let mutes = rows.into_iter().map(|row| Mute {
            user: UserSummary {
                id: UserId(row.id),
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar.map(AvatarVersion),
            },
            until: Timestamp(row.muted_until),
        });
        Ok(mutes.collect())
    }
}
