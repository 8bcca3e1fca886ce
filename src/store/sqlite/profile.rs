//! Profiles in SQLite.

use std::collections::HashSet;

use sqlx::SqliteConnection;

use super::Sqlite;
use crate::{
    domain::{Avatar, AvatarVersion, Timestamp, UserId, Username},
    store::{ProfileEdit, ProfileOutcome, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn edit_profile(
        &self,
        user: UserId,
        edit: ProfileEdit,
        max_names: i64,
        now: Timestamp,
    ) -> Result<ProfileOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(username) = edit.username {
                        let outcome = rename(&mut tx.conn, user, &username, max_names, now).await?;
                        if outcome != ProfileOutcome::Done {
                            return Ok(outcome);
                        }
                    }
                    let display_name = edit.display_name.map(crate::domain::DisplayName::into_string);
                    let about = edit.about.map(crate::domain::About::into_string);
                    sqlx::query!(
                        "update users set display_name = coalesce(?2, display_name), about = coalesce(?3, about),
                                hide_last_seen = coalesce(?4, hide_last_seen)
                         where id = ?1 and deleted_at is null",
                        user.0,
                        display_name,
                        about,
                        edit.hide_last_seen
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(ProfileOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn about(&self, user: UserId) -> Result<Option<String>, StoreError> {
        let about = sqlx::query_scalar!("select about from users where id = ?1", user.0)
            .fetch_optional(&self.readers)
            .await?;
        Ok(about)
    }

    pub(in crate::store) async fn hidden_among(
        &self,
        users: Vec<UserId>,
    ) -> Result<HashSet<UserId>, StoreError> {
        let ids =
            serde_json::to_string(&users).map_err(|error| StoreError::Failed(error.to_string()))?;
        let hidden = sqlx::query_scalar!(
            r#"select u.id as "id!: i64" from json_each(?1) j join users u on u.id = j.value
               where u.hide_last_seen = 1"#,
            ids
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(hidden.into_iter().map(UserId).collect())
    }

    pub(in crate::store) async fn set_avatar(
        &self,
        user: UserId,
        avatar: Option<(Avatar, AvatarVersion)>,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let version = avatar.as_ref().map(|(_, version)| version.0);
                    sqlx::query!("update users set avatar = ?2 where id = ?1", user.0, version)
                        .execute(&mut tx.conn)
                        .await?;
                    match avatar {
                        Some((Avatar { kind, bytes }, _)) => {
                            sqlx::query!(
                                "insert into avatars (user_id, kind, bytes) values (?1, ?2, ?3)
                                 on conflict (user_id) do update set kind = excluded.kind, bytes = excluded.bytes",
                                user.0,
                                kind,
                                bytes
                            )
                            .execute(&mut tx.conn)
                            .await?
                        }
                        None => {
                            sqlx::query!("delete from avatars where user_id = ?1", user.0)
                                .execute(&mut tx.conn)
                                .await?
                        }
                    };
                    Ok(())
                })
            })
            .await
    }

    pub(in crate::store) async fn avatar(
        &self,
        user: UserId,
    ) -> Result<Option<(Avatar, AvatarVersion)>, StoreError> {
        let row = sqlx::query!(
            r#"select a.kind, a.bytes, u.avatar as "version!: i64"
               from avatars a join users u on u.id = a.user_id where a.user_id = ?1"#,
            user.0
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| {
            let avatar = Avatar {
                kind: row.kind,
                bytes: row.bytes,
            };
            (avatar, AvatarVersion(row.version))
        }))
    }
}

/// Changes the username or its spelling. The former name stays reserved for its owner.
async fn rename(
    conn: &mut SqliteConnection,
    user: UserId,
    to: &Username,
    max_names: i64,
    now: Timestamp,
) -> Result<ProfileOutcome, sqlx::Error> {
    let (name, key) = (to.as_str(), to.folded());
    let taken = sqlx::query_scalar!(
        r#"select exists (select 1 from users where username_key = ?1 and id <> ?2)
               or exists (select 1 from former_usernames where username_key = ?1 and user_id <> ?2)
           as "taken!: bool""#,
        key,
        user.0
    )
    .fetch_one(&mut *conn)
    .await?;
    if taken {
        return Ok(ProfileOutcome::UsernameTaken);
    }
    let kept = sqlx::query_scalar!(
        r#"select (select count(*) from former_usernames where user_id = ?2 and username_key <> ?1)
                + (select count(*) from users where id = ?2 and username_key <> ?1) as "count!: i64""#,
        key,
        user.0
    )
    .fetch_one(&mut *conn)
    .await?;
    if kept > max_names {
        return Ok(ProfileOutcome::TooManyNames);
    }
    sqlx::query!(
        "delete from former_usernames where username_key = ?1 and user_id = ?2",
        key,
        user.0
    )
    .execute(&mut *conn)
    .await?;
    release_username(conn, user, &key, now).await?;
    sqlx::query!(
        "update users set username = ?2, username_key = ?3 where id = ?1 and deleted_at is null",
        user.0,
        name,
        key
    )
    .execute(conn)
    .await?;
    Ok(ProfileOutcome::Done)
}

/// Reserves the current name of the user, unless the next one differs only in spelling.
pub(super) async fn release_username(
    conn: &mut SqliteConnection,
    user: UserId,
    next: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into former_usernames (username_key, user_id, given_up_at)
         select username_key, id, ?3 from users where id = ?1 and username_key <> ?2
         on conflict do nothing",
        user.0,
        next,
        now.0
    )
    .execute(conn)
    .await?;
    Ok(())
}
