//! Accounts, for admins, in SQLite.

use std::path::Path;

use super::{
    Sqlite,
    admins::{is_admin, is_last_admin},
    audit::{audit, audit_on},
    offline::in_one_transaction,
    read::rows::UserRow,
    sessions::end_all,
};
use crate::{
    domain::{
        Account, Action, Actor, AvatarVersion, Digest, SessionId, Timestamp, User, UserId,
        UserSummary, audit::NewAuditEntry,
    },
    store::{AdminOutcome, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn accounts(
        &self,
        part: Option<String>,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Account>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id!", username, display_name, avatar, last_seen, hide_last_seen as "hide_last_seen: bool",
                      created_at, admin as "admin: bool", disabled_at is not null as "disabled!: bool",
                      deleted_at is not null as "deleted!: bool"
               from users
               where id > ?1 and (?2 is null or instr(lower(username), lower(?2)) > 0
                                  or instr(lower(display_name), lower(?2)) > 0)
               order by id limit +?3"#,
            after.0,
            part,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let accounts = rows.into_iter().map(|row| Account {
            admin: row.admin,
            disabled: row.disabled,
            deleted: row.deleted,
            user: User::from(UserRow {
                id: row.id,
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar,
                last_seen: row.last_seen,
                hide_last_seen: row.hide_last_seen,
                created_at: row.created_at,
            }),
        });
        Ok(accounts.collect())
    }

    pub(in crate::store) async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        by: Actor,
        now: Timestamp,
    ) -> Result<(AdminOutcome, Vec<SessionId>), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !is_admin(&mut tx.conn, by.id()).await? {
                        return Ok((AdminOutcome::Forbidden, Vec::new()));
                    }
                    if disabled && is_last_admin(&mut tx.conn, user).await? {
                        return Ok((AdminOutcome::LastAdmin, Vec::new()));
                    }
                    let was = sqlx::query_scalar!(
                        r#"select disabled_at is not null as "disabled!: bool" from users
                           where id = ?1 and deleted_at is null"#,
                        user.0
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    let Some(was) = was else {
                        return Ok((AdminOutcome::NoSuchUser, Vec::new()));
                    };
                    if was == disabled {
                        return Ok((AdminOutcome::Done, Vec::new()));
                    }
                    let since = disabled.then_some(now.0);
                    sqlx::query!(
                        "update users set disabled_at = ?2 where id = ?1",
                        user.0,
                        since
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let (action, ended) = if disabled {
                        (Action::Disable, end_all(tx, user, now).await?)
                    } else {
                        (Action::Enable, Vec::new())
                    };
                    audit(tx, NewAuditEntry::new(action, &by).to(user), now).await?;
                    Ok((AdminOutcome::Done, ended))
                })
            })
            .await
    }

    pub(in crate::store) async fn open_reset(
        &self,
        user: UserId,
        digest: Digest,
        expires_at: Timestamp,
        by: Actor,
        now: Timestamp,
    ) -> Result<AdminOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !is_admin(&mut tx.conn, by.id()).await? {
                        return Ok(AdminOutcome::Forbidden);
                    }
                    let digest = digest.as_bytes();
                    let opened = sqlx::query!(
                        "insert into password_resets (user_id, digest, expires_at)
                         select id, ?2, ?3 from users where id = ?1 and deleted_at is null
                         on conflict (user_id) do update
                         set digest = excluded.digest, expires_at = excluded.expires_at",
                        user.0,
                        digest,
                        expires_at.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if opened.rows_affected() == 0 {
                        return Ok(AdminOutcome::NoSuchUser);
                    }
                    audit(tx, NewAuditEntry::new(Action::Reset, &by).to(user), now).await?;
                    Ok(AdminOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn reset_stands(
        &self,
        digest: Digest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let digest = digest.as_bytes();
        let stands = sqlx::query_scalar!(
            r#"select exists (select 1 from password_resets where digest = ?1 and expires_at > ?2)
               as "stands!: bool""#,
            digest,
            now.0
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(stands)
    }

    pub(in crate::store) async fn reset_password(
        &self,
        digest: Digest,
        password_hash: String,
        now: Timestamp,
    ) -> Result<Option<(UserId, Vec<SessionId>)>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let digest = digest.as_bytes();
                    let user = sqlx::query_scalar!(
                        r#"delete from password_resets where digest = ?1 and expires_at > ?2
                           returning user_id as "user_id!: i64""#,
                        digest,
                        now.0
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    let Some(user) = user.map(UserId) else {
                        return Ok(None);
                    };
                    sqlx::query!(
                        "update users set password_hash = ?2 where id = ?1 and deleted_at is null",
                        user.0,
                        password_hash
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let ended = end_all(tx, user, now).await?;
                    Ok(Some((user, ended)))
                })
            })
            .await
    }
}

/// Makes a user admin without a store. Returns `false` if the name is unknown.
pub(in crate::store) async fn make_admin(
    path: &Path,
    username_key: String,
    now: Timestamp,
) -> Result<bool, StoreError> {
    in_one_transaction(path, move |conn| {
        Box::pin(async move {
            let row = sqlx::query!(
                r#"select id as "id!", username, display_name, avatar, admin as "admin: bool"
                   from users where username_key = ?1 and deleted_at is null"#,
                username_key
            )
            .fetch_optional(&mut *conn)
            .await?;
            let Some(row) = row else { return Ok(false) };
            if row.admin {
                return Ok(true);
            }
            sqlx::query!("update users set admin = 1 where id = ?1", row.id)
                .execute(&mut *conn)
                .await?;
            // The command line has no account, so the entry names the new admin as the actor.
            let author = UserSummary {
                id: UserId(row.id),
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar.map(AvatarVersion),
            };
            let by = Actor {
                author,
                address: None,
            };
            let deed = NewAuditEntry::new(Action::AdminGrant, &by).to(by.id());
            audit_on(conn, deed.detail("command_line"), now).await?;
            Ok(true)
        })
    })
    .await
}
