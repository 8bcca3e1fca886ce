//! Direct rooms and blocks in SQLite.

use sqlx::SqliteConnection;

use super::{Sqlite, members, write::request::WriterState};
use crate::{
    domain::{AvatarVersion, Change, Role, RoomId, RoomLimit, Timestamp, UserId, UserSummary},
    store::{DirectRoomOutcome, StoreError},
};

/// Maximum number of users that one user can block.
const BLOCKS: i64 = 1000;

impl Sqlite {
    pub(in crate::store) async fn direct_room(
        &self,
        by: UserId,
        people: Vec<UserId>,
        now: Timestamp,
    ) -> Result<DirectRoomOutcome, StoreError> {
        let max_rooms = self.rooms_per_user;
        self.writer
            .write(move |tx| Box::pin(find_or_make(tx, by, people, max_rooms, now)))
            .await
    }

    pub(in crate::store) async fn set_block(
        &self,
        by: UserId,
        user: UserId,
        on: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !on {
                        sqlx::query!(
                            "delete from blocks where blocker_id = ?1 and blocked_id = ?2",
                            by.0,
                            user.0
                        )
                        .execute(&mut tx.conn)
                        .await?;
                        return Ok(true);
                    }
                    let set = sqlx::query!(
                        "insert into blocks (blocker_id, blocked_id, blocked_at)
                         select ?1, u.id, ?3 from users u
                         where u.id = ?2 and (select count(*) from blocks where blocker_id = ?1) < ?4
                           and exists (
                               select 1 from memberships theirs join rooms r on r.id = theirs.room_id
                               where theirs.user_id = ?2 and (r.kind = 'public' or exists (
                                   select 1 from memberships mine
                                   where mine.room_id = theirs.room_id and mine.user_id = ?1)))
                         on conflict (blocker_id, blocked_id) do update set blocked_at = blocked_at",
                        by.0,
                        user.0,
                        now.0,
                        BLOCKS
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(set.rows_affected() > 0)
                })
            })
            .await
    }

    pub(in crate::store) async fn blocks(
        &self,
        by: UserId,
    ) -> Result<Vec<UserSummary>, StoreError> {
        let rows = sqlx::query!(
            r#"select u.id as "id!", u.username, u.display_name, u.avatar
               from blocks b join users u on u.id = b.blocked_id
               where b.blocker_id = ?1 order by u.id"#,
            by.0
        )
        .fetch_all(&self.readers)
        .await?;
        let blocked = rows.into_iter().map(|row| UserSummary {
            id: UserId(row.id),
            username: row.username,
            display_name: row.display_name,
            avatar: row.avatar.map(AvatarVersion),
        });
        Ok(blocked.collect())
    }

    pub(in crate::store) async fn user_named(
        &self,
        reader: UserId,
        username_key: &str,
        limit: &RoomLimit,
    ) -> Result<Option<UserId>, StoreError> {
        let id = sqlx::query_scalar!(
            r#"select id as "id!: i64" from users where username_key = ?1"#,
            username_key
        )
        .fetch_optional(&self.readers)
        .await?;
        match id.map(UserId) {
            Some(user) if user == reader || self.may_see(reader, user, limit).await? => {
                Ok(Some(user))
            }
            _ => Ok(None),
        }
    }
}

async fn find_or_make(
    tx: &mut WriterState,
    by: UserId,
    people: Vec<UserId>,
    max_rooms: i64,
    now: Timestamp,
) -> Result<DirectRoomOutcome, sqlx::Error> {
    let ids: Vec<String> = people.iter().map(ToString::to_string).collect();
    let ids = ids.join(",");
    let known = sqlx::query_scalar!(
        r#"select room_id as "id!: i64" from direct_rooms where members = ?1"#,
        ids
    )
    .fetch_optional(&mut tx.conn)
    .await?;
    if let Some(room) = known {
        let room = RoomId(room);
        return Ok(DirectRoomOutcome::Room { room, new: false });
    }
    for user in people.iter().copied().filter(|user| *user != by) {
        if let Some(refusal) = refusal(&mut tx.conn, by, user).await? {
            return Ok(refusal);
        }
    }
    let made = sqlx::query_scalar!(
        r#"select count(*) as "count!: i64" from direct_rooms where made_by = ?1"#,
        by.0
    );
    if made.fetch_one(&mut tx.conn).await? >= max_rooms {
        return Ok(DirectRoomOutcome::TooManyRooms);
    }
    let room = sqlx::query_scalar!(
        r#"insert into rooms (name, kind, created_at) values ('', 'direct', ?1) returning id as "id!: i64""#,
        now.0
    )
    .fetch_one(&mut tx.conn)
    .await?;
    sqlx::query!(
        "insert into direct_rooms (room_id, members, made_by) values (?1, ?2, ?3)",
        room,
        ids,
        by.0
    )
    .execute(&mut tx.conn)
    .await?;
    let room = RoomId(room);
    for user in &people {
        members::add(&mut tx.conn, room, *user, Role::Member, now).await?;
    }
    tx.changes.push(Change::DirectMade { room, people });
    Ok(DirectRoomOutcome::Room { room, new: true })
}

/// Returns why `user` cannot be added to a direct room.
async fn refusal(
    conn: &mut SqliteConnection,
    by: UserId,
    user: UserId,
) -> Result<Option<DirectRoomOutcome>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select exists (
                      select 1 from memberships theirs join rooms r on r.id = theirs.room_id
                      where theirs.user_id = ?2 and (r.kind = 'public' or exists (
                          select 1 from memberships mine
                          where mine.room_id = theirs.room_id and mine.user_id = ?1))
                  ) and exists (select 1 from users where id = ?2 and deleted_at is null) as "seen!: bool",
                  exists (select 1 from blocks where blocker_id = ?2 and blocked_id = ?1) as "blocked!: bool""#,
        by.0,
        user.0
    )
    .fetch_one(conn)
    .await?;
    Ok(if !row.seen {
        Some(DirectRoomOutcome::NoSuchUser(user))
    } else if row.blocked {
        Some(DirectRoomOutcome::Blocked(user))
    } else {
        None
    })
}
