//! Accounts in SQLite.

use sqlx::SqliteConnection;

use super::{
    Sqlite, invites,
    read::rows::{UserRow, limit_json},
    sessions,
};
use crate::{
    domain::{Change, RoomId, RoomLimit, SessionId, Timestamp, User, UserId},
    store::{Credentials, JoinOutcome, NewUser, SignUpOutcome, StoreError},
};

async fn has_users(conn: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from users where deleted_at is null) as "any!: bool""#
    )
    .fetch_one(conn)
    .await
}

impl Sqlite {
    pub(in crate::store) async fn sign_up(
        &self,
        new: NewUser,
        now: Timestamp,
    ) -> Result<SignUpOutcome, StoreError> {
        let max_rooms = self.rooms_per_user;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !new.registration.admits(new.code.is_some()) && has_users(&mut tx.conn).await? {
                        return Ok(SignUpOutcome::NotOpen);
                    }
                    let invite = match &new.code {
                        None => None,
                        Some(code) => match invites::find(&mut tx.conn, code, now).await? {
                            Some(invite) if invite.admits => Some(invite),
                            _ => return Ok(SignUpOutcome::BadCode),
                        },
                    };
                    let (name, key) = (new.username.as_str(), new.username.folded());
                    let id = sqlx::query_scalar!(
                        r#"insert into users
                               (username, username_key, display_name, password_hash, created_at, last_seen, admin)
                           select ?1, ?2, ?3, ?4, ?5, ?5,
                                  not exists (select 1 from users where deleted_at is null)
                           where not exists (select 1 from former_usernames where username_key = ?2)
                           on conflict do nothing returning id as "id!: i64""#,
                        name,
                        key,
                        new.display_name,
                        new.password_hash,
                        now.0
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    let Some(id) = id else { return Ok(SignUpOutcome::UsernameTaken) };
                    let user = User {
                        id: UserId(id),
                        username: new.username.into_string(),
                        display_name: new.display_name,
                        avatar: None,
                        last_seen: now,
                        hides_last_seen: false,
                        created_at: now,
                    };
                    let session =
                        sessions::open(tx, user.id, &new.origin, new.session_ttl, now).await?;
                    let mut joined = None;
                    if let Some(invite) = invite
                        && let JoinOutcome::In(room) =
                            invites::enter(tx, &invite, user.author(), max_rooms, now).await?
                    {
                        joined = Some(room);
                    }
                    Ok(SignUpOutcome::Done { user, session, joined })
                })
            })
            .await
    }

    pub(in crate::store) async fn has_users(&self) -> Result<bool, StoreError> {
        let mut reader = self.readers.acquire().await?;
        Ok(has_users(&mut reader).await?)
    }

    pub(in crate::store) async fn credentials(
        &self,
        username_key: &str,
    ) -> Result<Option<Credentials>, StoreError> {
        let row = sqlx::query!(
            r#"select id, username, display_name, avatar, last_seen, hide_last_seen as "hide_last_seen: bool", created_at,
                      password_hash, disabled_at is not null as "disabled!: bool"
               from users where username_key = ?1 and deleted_at is null"#,
            username_key
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| Credentials {
            user: User::from(UserRow {
                id: row.id,
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar,
                last_seen: row.last_seen,
                hide_last_seen: row.hide_last_seen,
                created_at: row.created_at,
            }),
            password_hash: row.password_hash,
            disabled: row.disabled,
        }))
    }

    pub(in crate::store) async fn credentials_of(
        &self,
        user: UserId,
    ) -> Result<Option<Credentials>, StoreError> {
        let key = sqlx::query_scalar!("select username_key from users where id = ?1", user.0)
            .fetch_optional(&self.readers)
            .await?;
        match key {
            Some(key) => self.credentials(&key).await,
            None => Ok(None),
        }
    }

    pub(in crate::store) async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        let row = sqlx::query_as!(
            UserRow,
            r#"select id, username, display_name, avatar, last_seen, hide_last_seen as "hide_last_seen: bool", created_at
               from users where id = ?1"#,
            user.0
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(User::from))
    }

    pub(in crate::store) async fn may_see(
        &self,
        reader: UserId,
        user: UserId,
        limit: &RoomLimit,
    ) -> Result<bool, StoreError> {
        let limit = limit_json(limit)?;
        let seen = sqlx::query_scalar!(
            r#"select exists (
                   select 1 from memberships theirs join rooms r on r.id = theirs.room_id
                   where theirs.user_id = ?2 and (r.kind = 'public' or exists (
                       select 1 from memberships mine
                       where mine.room_id = theirs.room_id and mine.user_id = ?1))
                       and (?3 is null or theirs.room_id in (select value from json_each(?3)))
               ) as "seen!: bool""#,
            reader.0,
            user.0,
            limit
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(seen)
    }

    pub(in crate::store) async fn shared_rooms(
        &self,
        reader: UserId,
        user: UserId,
    ) -> Result<Vec<(RoomId, String)>, StoreError> {
        let rows = sqlx::query!(
            r#"select r.id as "id!", r.name from memberships theirs
               join memberships mine on mine.room_id = theirs.room_id and mine.user_id = ?1
               join rooms r on r.id = theirs.room_id
               where theirs.user_id = ?2 and r.kind <> 'direct' order by r.id"#,
            reader.0,
            user.0
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (RoomId(row.id), row.name))
            .collect())
    }

    pub(in crate::store) async fn set_password(
        &self,
        user: UserId,
        old: String,
        password_hash: String,
        keep: SessionId,
        now: Timestamp,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let changed = sqlx::query!(
                        "update users set password_hash = ?2 where id = ?1 and password_hash = ?3",
                        user.0,
                        password_hash,
                        old
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if changed.rows_affected() == 0 {
                        return Ok(None);
                    }
                    // Links that were handed out before become invalid.
                    sqlx::query!("delete from password_resets where user_id = ?1", user.0)
                        .execute(&mut tx.conn)
                        .await?;
                    let ended = sqlx::query_scalar!(
                        r#"update sessions set ended_at = ?3
                           where user_id = ?1 and id <> ?2 and ended_at is null
                                 and not exists (select 1 from tokens where session_id = sessions.id)
                           returning id as "id!: i64""#,
                        user.0,
                        keep.0,
                        now.0
                    )
                    .fetch_all(&mut tx.conn)
                    .await?;
                    let ended: Vec<_> = ended.into_iter().map(SessionId).collect();
                    let ends = ended.iter().map(|session| Change::SessionEnded {
                        user,
                        session: *session,
                    });
                    tx.changes.extend(ends);
                    Ok(Some(ended))
                })
            })
            .await
    }

    pub(in crate::store) async fn set_last_seen(
        &self,
        seen: Vec<(UserId, Timestamp)>,
    ) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = seen.into_iter().map(|(user, at)| (user.0, at.0)).collect();
        let rows =
            serde_json::to_string(&rows).map_err(|error| StoreError::Failed(error.to_string()))?;
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    sqlx::query!(
                        "update users set last_seen = j.at
                         from (select value ->> 0 as id, max(value ->> 1) as at from json_each(?1) group by 1) j
                         where users.id = j.id and users.last_seen < j.at",
                        rows
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}
