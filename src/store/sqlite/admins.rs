//! Server admins in SQLite.

use sqlx::SqliteConnection;

use super::{Sqlite, audit::audit};
use crate::{
    domain::{Action, Actor, Timestamp, UserId, audit::NewAuditEntry},
    store::{AdminOutcome, StoreError},
};

/// Returns whether `user` is an admin, in the caller's transaction.
pub(super) async fn is_admin(
    conn: &mut SqliteConnection,
    user: UserId,
) -> Result<bool, sqlx::Error> {
    let admin = sqlx::query_scalar!(
        r#"select admin as "admin!: bool" from users where id = ?1"#,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(admin.unwrap_or(false))
}

/// Returns whether `user` is the only admin with an enabled account.
pub(super) async fn is_last_admin(
    conn: &mut SqliteConnection,
    user: UserId,
) -> Result<bool, sqlx::Error> {
    let others = sqlx::query_scalar!(
        r#"select exists (select 1 from users where admin = 1 and disabled_at is null and id <> ?1) as "others!: bool""#,
        user.0
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(!others && is_admin(conn, user).await?)
}

impl Sqlite {
    pub(in crate::store) async fn is_admin(&self, user: UserId) -> Result<bool, StoreError> {
        let mut conn = self.readers.acquire().await?;
        Ok(is_admin(&mut conn, user).await?)
    }

    pub(in crate::store) async fn set_admin(
        &self,
        user: UserId,
        admin: bool,
        by: Actor,
        now: Timestamp,
    ) -> Result<AdminOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !is_admin(&mut tx.conn, by.id()).await? {
                        return Ok(AdminOutcome::Forbidden);
                    }
                    if !admin && is_last_admin(&mut tx.conn, user).await? {
                        return Ok(AdminOutcome::LastAdmin);
                    }
                    let changed = sqlx::query!(
                        "update users set admin = ?2 where id = ?1 and admin <> ?2 and deleted_at is null",
                        user.0,
                        admin
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if changed.rows_affected() > 0 {
                        let action = if admin {
                            Action::AdminGrant
                        } else {
                            Action::AdminRevoke
                        };
                        audit(tx, NewAuditEntry::new(action, &by).to(user), now).await?;
                        return Ok(AdminOutcome::Done);
                    }
                    let known = sqlx::query_scalar!(
                        r#"select exists (select 1 from users where id = ?1 and deleted_at is null) as "known!: bool""#,
                        user.0
                    )
                    .fetch_one(&mut tx.conn)
                    .await?;
                    Ok(if known {
                        AdminOutcome::Done
                    } else {
                        AdminOutcome::NoSuchUser
                    })
                })
            })
            .await
    }
}
