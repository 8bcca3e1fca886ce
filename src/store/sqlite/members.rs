//! Members of rooms in SQLite.

use sqlx::SqliteConnection;

use super::{
    Sqlite,
    append::system::append_system,
    bans::is_banned,
    read::rows::{UserRow, to_role},
    write::request::WriterState,
};
use crate::{
    domain::{
        Change, LeaveReason, Permission, Role, RoomId, Roster, RosterEntry, SystemEvent, Timestamp,
        User, UserId, UserSummary,
    },
    store::{JoinOutcome, LeaveOutcome, RoomActionOutcome, StoreError},
};

/// Adds a member, in the caller's transaction. An existing membership is no error. For a banned user the room does not
/// exist, by any way in.
pub(super) async fn join(
    tx: &mut WriterState,
    room: RoomId,
    user: UserSummary,
    max_rooms: i64,
    now: Timestamp,
) -> Result<JoinOutcome, sqlx::Error> {
    if role(&mut tx.conn, room, user.id).await?.is_some() {
        return Ok(JoinOutcome::In(room));
    }
    if is_banned(&mut tx.conn, room, user.id).await? {
        return Ok(JoinOutcome::NoSuchRoom);
    }
    if rooms_of(&mut tx.conn, user.id).await? >= max_rooms {
        return Ok(JoinOutcome::TooManyRooms);
    }
    add(&mut tx.conn, room, user.id, Role::Member, now).await?;
    let id = user.id;
    let message = append_system(&mut tx.conn, room, user, SystemEvent::Joined, now).await?;
    // Messages from before the join are not unread.
    sqlx::query!(
        "update memberships set read_seq = r.last_seq, read_text_count = r.text_count
         from (select last_seq, text_count from rooms where id = ?1) r
         where memberships.room_id = ?1 and memberships.user_id = ?2",
        room.0,
        id.0
    )
    .execute(&mut tx.conn)
    .await?;
    tx.changes.push(Change::Joined { user: id, message });
    Ok(JoinOutcome::In(room))
}

/// Adds the membership. Fails if the account was deleted meanwhile.
pub(super) async fn add(
    conn: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let role = role.as_str();
    let added = sqlx::query!(
        "insert into memberships (room_id, user_id, role, joined_at)
         select ?1, id, ?3, ?4 from users where id = ?2 and deleted_at is null",
        room.0,
        user.0,
        role,
        now.0
    )
    .execute(&mut *conn)
    .await?;
    if added.rows_affected() == 0 {
        return Err(sqlx::Error::RowNotFound);
    }
    sqlx::query!(
        "update rooms set member_count = member_count + 1 where id = ?1",
        room.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the number of rooms that a user has joined. Direct rooms do not count, because others open them.
pub(super) async fn rooms_of(
    conn: &mut SqliteConnection,
    user: UserId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!: i64" from memberships m join rooms r on r.id = m.room_id
           where m.user_id = ?1 and r.kind <> 'direct'"#,
        user.0
    )
    .fetch_one(conn)
    .await
}

/// Returns whether `user` is in the room and has the permission, now.
pub(super) async fn ruled(
    conn: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
    permission: Permission,
) -> Result<RoomActionOutcome<()>, sqlx::Error> {
    Ok(match role(conn, room, user).await? {
        None => RoomActionOutcome::NotMember,
        Some(role) if role.may(permission) => RoomActionOutcome::Done(()),
        Some(_) => RoomActionOutcome::Forbidden(permission),
    })
}

/// Returns the role of a user in a room; `None` if they are not in it.
pub(super) async fn role(
    conn: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
) -> Result<Option<Role>, sqlx::Error> {
    let role = sqlx::query_scalar!(
        "select role from memberships where room_id = ?1 and user_id = ?2",
        room.0,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    role.map(|role| to_role(&role)).transpose()
}

/// Returns whether the set of members is fixed.
async fn is_direct(conn: &mut SqliteConnection, room: RoomId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select kind = 'direct' as "direct!: bool" from rooms where id = ?1"#,
        room.0
    )
    .fetch_one(conn)
    .await
}

/// Returns whether `user` is the only owner.
pub(super) async fn is_last_owner(
    conn: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from memberships where room_id = ?1 and user_id = ?2 and role = 'owner')
              and not exists (select 1 from memberships where room_id = ?1 and user_id <> ?2 and role = 'owner')
           as "last!: bool""#,
        room.0,
        user.0
    )
    .fetch_one(conn)
    .await
}

/// Removes a member, in the caller's transaction. The caller has checked the permission.
pub(super) async fn remove(
    tx: &mut WriterState,
    room: RoomId,
    user: UserId,
    reason: LeaveReason,
    by: UserSummary,
    event: SystemEvent,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from memberships where room_id = ?1 and user_id = ?2",
        room.0,
        user.0
    )
    .execute(&mut tx.conn)
    .await?;
    sqlx::query!(
        "update rooms set member_count = member_count - 1 where id = ?1",
        room.0
    )
    .execute(&mut tx.conn)
    .await?;
    let message = append_system(&mut tx.conn, room, by, event, now).await?;
    tx.changes.push(Change::Left {
        user,
        reason,
        message,
    });
    Ok(())
}

impl Sqlite {
    pub(in crate::store) async fn roster(
        &self,
        room: RoomId,
        after: UserId,
        limit: i64,
    ) -> Result<Roster, StoreError> {
        let one_more = limit.saturating_add(1);
        let rows = sqlx::query!(
            r#"select u.id as "id!", u.username, u.display_name, u.avatar, u.last_seen,
                      u.hide_last_seen as "hide_last_seen: bool", u.created_at, m.role, m.joined_at
               from memberships m join users u on u.id = m.user_id
               where m.room_id = ?1 and m.user_id > ?2 order by m.user_id limit +?3"#,
            room.0,
            after.0,
            one_more
        )
        .fetch_all(&self.readers)
        .await?;
        let entries = rows.into_iter().map(|row| {
            Ok(RosterEntry {
                role: to_role(&row.role)?,
                joined_at: Timestamp(row.joined_at),
                user: User::from(UserRow {
                    id: row.id,
                    username: row.username,
                    display_name: row.display_name,
                    avatar: row.avatar,
                    last_seen: row.last_seen,
                    hide_last_seen: row.hide_last_seen,
                    created_at: row.created_at,
                }),
            })
        });
        let mut items = entries.collect::<Result<Vec<_>, sqlx::Error>>()?;
        let page_size = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_after = items.len() > page_size;
        items.truncate(page_size);
        Ok(Roster { items, has_after })
    }

    pub(in crate::store) async fn join_public(
        &self,
        user: UserSummary,
        room: RoomId,
        now: Timestamp,
    ) -> Result<JoinOutcome, StoreError> {
        let max_rooms = self.rooms_per_user;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let open = sqlx::query_scalar!(
                        r#"select exists (select 1 from rooms
                             where id = ?1 and deleted_at is null and (kind = 'public' or exists (
                                 select 1 from memberships where room_id = ?1 and user_id = ?2))
                           ) as "open!: bool""#,
                        room.0,
                        user.id.0
                    )
                    .fetch_one(&mut tx.conn)
                    .await?;
                    if open {
                        join(tx, room, user, max_rooms, now).await
                    } else {
                        Ok(JoinOutcome::NoSuchRoom)
                    }
                })
            })
            .await
    }

    pub(in crate::store) async fn leave(
        &self,
        room: RoomId,
        user: UserSummary,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if role(&mut tx.conn, room, user.id).await?.is_none() {
                        return Ok(LeaveOutcome::NotMember);
                    }
                    if is_direct(&mut tx.conn, room).await? {
                        return Ok(LeaveOutcome::Forbidden);
                    }
                    if is_last_owner(&mut tx.conn, room, user.id).await? {
                        return Ok(LeaveOutcome::LastOwner);
                    }
                    remove(
                        tx,
                        room,
                        user.id,
                        LeaveReason::Left,
                        user,
                        SystemEvent::Left,
                        now,
                    )
                    .await?;
                    Ok(LeaveOutcome::Done)
                })
            })
            .await
    }
}
