//! Kicks, bans and roles in SQLite. Permissions are checked in the transaction that uses them, which also writes the
//! audit entry.

use sqlx::SqliteConnection;

use super::{
    Sqlite,
    audit::audit,
    members::{is_last_owner, remove, role},
    read::rows::limit_json,
    write::request::WriterState,
};
use crate::{
    domain::{
        Action, Actor, AvatarVersion, Ban, Change, LeaveReason, Permission, Role, RoomId,
        RoomLimit, SystemEvent, Timestamp, UserId, UserSummary, audit::NewAuditEntry,
    },
    store::{LeaveOutcome, StoreError},
};

/// Returns whether a moderator can know a user who is not in the room: from that room, or from another one within
/// `limit`. Otherwise ids could be tried to learn names.
async fn can_have_met(
    conn: &mut SqliteConnection,
    room: RoomId,
    moderator: UserId,
    user: UserId,
    limit: &RoomLimit,
) -> Result<bool, sqlx::Error> {
    let limit = limit_json(limit)?;
    sqlx::query_scalar!(
        r#"select exists (
                   select 1 from messages where room_id = ?1 and author_id = ?3 and kind = 'system'
               ) or exists (
                   select 1 from memberships theirs join rooms r on r.id = theirs.room_id
                   where theirs.user_id = ?3 and (r.kind = 'public' or exists (
                       select 1 from memberships mine
                       where mine.room_id = theirs.room_id and mine.user_id = ?2))
                       and (?4 is null or theirs.room_id in (select value from json_each(?4)))
               ) as "met!: bool""#,
        room.0,
        moderator.0,
        user.0,
        limit
    )
    .fetch_one(conn)
    .await
}

/// Removes a member and announces it in the room.
async fn remove_member(
    tx: &mut WriterState,
    room: RoomId,
    user: UserId,
    reason: LeaveReason,
    by: UserSummary,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let username = sqlx::query_scalar!("select username from users where id = ?1", user.0)
        .fetch_one(&mut tx.conn)
        .await?;
    let event = match reason {
        LeaveReason::Banned => SystemEvent::Banned { username },
        _ => SystemEvent::Kicked { username },
    };
    remove(tx, room, user, reason, by, event, now).await
}

impl Sqlite {
    pub(in crate::store) async fn kick(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let Some(theirs) = role(&mut tx.conn, room, user).await? else {
                        return Ok(LeaveOutcome::NotMember);
                    };
                    let mine = role(&mut tx.conn, room, by.id()).await?;
                    if !mine.is_some_and(|mine| mine.may_to(Permission::Kick, theirs)) {
                        return Ok(LeaveOutcome::Forbidden);
                    }
                    let deed = NewAuditEntry::new(Action::Kick, &by).in_room(room).to(user);
                    audit(tx, deed, now).await?;
                    remove_member(tx, room, user, LeaveReason::Kicked, by.author, now).await?;
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn ban(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        limit: RoomLimit,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mine = role(&mut tx.conn, room, by.id()).await?;
                    let Some(mine) = mine.filter(|mine| mine.may(Permission::Ban)) else {
                        return Ok(LeaveOutcome::Forbidden);
                    };
                    let theirs = role(&mut tx.conn, room, user).await?;
                    match theirs {
                        Some(theirs) if !mine.may_to(Permission::Ban, theirs) => {
                            return Ok(LeaveOutcome::Forbidden);
                        }
                        None if !can_have_met(&mut tx.conn, room, by.id(), user, &limit).await? => {
                            return Ok(LeaveOutcome::NotMember);
                        }
                        _ => {}
                    }
                    let by_id = by.id().0;
                    let banned = sqlx::query!(
                        "insert into bans (room_id, user_id, banned_by, created_at) values (?1, ?2, ?3, ?4)
                         on conflict do nothing",
                        room.0,
                        user.0,
                        by_id,
                        now.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if banned.rows_affected() == 0 {
                        return Ok(LeaveOutcome::Done);
                    }
                    let deed = NewAuditEntry::new(Action::Ban, &by).in_room(room).to(user);
                    audit(tx, deed, now).await?;
                    if theirs.is_some() {
                        remove_member(tx, room, user, LeaveReason::Banned, by.author, now).await?;
                    }
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn unban(
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
                    if !mine.is_some_and(|mine| mine.may(Permission::Ban)) {
                        return Ok(LeaveOutcome::Forbidden);
                    }
                    let lifted = sqlx::query!(
                        "delete from bans where room_id = ?1 and user_id = ?2",
                        room.0,
                        user.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if lifted.rows_affected() > 0 {
                        let deed = NewAuditEntry::new(Action::Unban, &by)
                            .in_room(room)
                            .to(user);
                        audit(tx, deed, now).await?;
                    }
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn bans(
        &self,
        room: RoomId,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Ban>, StoreError> {
        let rows = sqlx::query!(
            r#"select u.id as "id!", u.username, u.display_name, u.avatar, b.created_at,
                      m.id as "by_id!", m.username as by_username, m.display_name as by_display_name,
                      m.avatar as by_avatar
               from bans b join users u on u.id = b.user_id join users m on m.id = b.banned_by
               where b.room_id = ?1 and b.user_id > ?2 order by b.user_id limit +?3"#,
            room.0,
            after.0,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let bans = rows.into_iter().map(|row| Ban {
            user: UserSummary {
                id: UserId(row.id),
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar.map(AvatarVersion),
            },
            by: UserSummary {
                id: UserId(row.by_id),
                username: row.by_username,
                display_name: row.by_display_name,
                avatar: row.by_avatar.map(AvatarVersion),
            },
            created_at: Timestamp(row.created_at),
        });
        Ok(bans.collect())
    }

    pub(in crate::store) async fn set_role(
        &self,
        room: RoomId,
        user: UserId,
        to: Role,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let may = role(&mut tx.conn, room, by.id()).await?;
                    if !may.is_some_and(|role| role.may(Permission::SetRoles)) {
                        return Ok(LeaveOutcome::Forbidden);
                    }
                    match role(&mut tx.conn, room, user).await? {
                        None => return Ok(LeaveOutcome::NotMember),
                        Some(same) if same == to => return Ok(LeaveOutcome::Done),
                        Some(_) => {}
                    }
                    if to != Role::Owner && is_last_owner(&mut tx.conn, room, user).await? {
                        return Ok(LeaveOutcome::LastOwner);
                    }
                    give_role(tx, room, user, to).await?;
                    let deed = NewAuditEntry::new(Action::Role, &by).in_room(room).to(user);
                    audit(tx, deed.detail(to.as_str()), now).await?;
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn transfer(
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
                    if !mine.is_some_and(|mine| mine.may(Permission::Transfer)) {
                        return Ok(LeaveOutcome::Forbidden);
                    }
                    if role(&mut tx.conn, room, user).await?.is_none() {
                        return Ok(LeaveOutcome::NotMember);
                    }
                    // In this order, so that the new owner keeps the role if both are the same user.
                    give_role(tx, room, by.id(), Role::Moderator).await?;
                    give_role(tx, room, user, Role::Owner).await?;
                    let deed = NewAuditEntry::new(Action::Transfer, &by)
                        .in_room(room)
                        .to(user);
                    audit(tx, deed, now).await?;
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }
}

async fn give_role(
    tx: &mut WriterState,
    room: RoomId,
    user: UserId,
    role: Role,
) -> Result<(), sqlx::Error> {
    let role = role.as_str();
    sqlx::query!(
        "update memberships set role = ?3 where room_id = ?1 and user_id = ?2",
        room.0,
        user.0,
        role
    )
    .execute(&mut tx.conn)
    .await?;
    tx.changes.push(Change::StandingChanged { room, user });
    Ok(())
}
