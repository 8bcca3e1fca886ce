//! Sessions in SQLite.

use std::time::Duration;

use super::{Sqlite, write::request::WriterState};
use crate::{
    domain::{Change, Session, SessionId, SessionOrigin, Timestamp, UserId},
    store::{Rotation, StoreError},
};

/// Maximum number of sessions of one user. A further one ends the one that was used longest ago.
const MAX_SESSIONS: i64 = 100;

/// Creates a session, in the caller's transaction.
pub(super) async fn open(
    tx: &mut WriterState,
    user: UserId,
    origin: &SessionOrigin,
    ttl: Duration,
    now: Timestamp,
) -> Result<SessionId, sqlx::Error> {
    let expires_at = now.plus(ttl).0;
    let id = sqlx::query_scalar!(
        r#"insert into sessions (user_id, generation, created_at, last_used_at, expires_at, user_agent, address)
           values (?1, 0, ?2, ?2, ?3, ?4, ?5) returning id as "id!: i64""#,
        user.0,
        now.0,
        expires_at,
        origin.user_agent,
        origin.address
    )
    .fetch_one(&mut tx.conn)
    .await?;
    let ended = sqlx::query_scalar!(
        r#"update sessions set ended_at = ?2 where id in (
               select id from sessions where user_id = ?1 and ended_at is null
                 and not exists (select 1 from tokens t where t.session_id = sessions.id)
               order by last_used_at desc, id desc limit -1 offset ?3)
           returning id as "id!: i64""#,
        user.0,
        now.0,
        MAX_SESSIONS
    )
    .fetch_all(&mut tx.conn)
    .await?;
    let ended = ended.into_iter().map(SessionId);
    tx.changes
        .extend(ended.map(|session| Change::SessionEnded { user, session }));
    Ok(SessionId(id))
}

/// Ends every session and personal token of a user, in the caller's transaction.
pub(super) async fn end_all(
    tx: &mut WriterState,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<SessionId>, sqlx::Error> {
    let ended = sqlx::query_scalar!(
        r#"update sessions set ended_at = ?2 where user_id = ?1 and ended_at is null returning id as "id!: i64""#,
        user.0,
        now.0
    )
    .fetch_all(&mut tx.conn)
    .await?;
    let ended: Vec<_> = ended.into_iter().map(SessionId).collect();
    let changes = ended.iter().map(|session| Change::SessionEnded {
        user,
        session: *session,
    });
    tx.changes.extend(changes);
    Ok(ended)
}

impl Sqlite {
    pub(in crate::store) async fn open_session(
        &self,
        user: UserId,
        password_hash: String,
        origin: SessionOrigin,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Option<SessionId>, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let stands = sqlx::query_scalar!(
                        r#"select exists (select 1 from users where id = ?1 and password_hash = ?2
                                          and disabled_at is null)
                           as "stands!: bool""#,
                        user.0,
                        password_hash
                    )
                    .fetch_one(&mut tx.conn)
                    .await?;
                    if !stands {
                        return Ok(None);
                    }
                    open(tx, user, &origin, ttl, now).await.map(Some)
                })
            })
            .await
    }

    pub(in crate::store) async fn rotate_session(
        &self,
        user: UserId,
        session: SessionId,
        generation: i64,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        let expires_at = now.plus(ttl).0;
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let current = sqlx::query_scalar!(
                        "select generation from sessions where id = ?1 and ended_at is null and expires_at > ?2",
                        session.0,
                        now.0
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    let Some(current) = current else { return Ok(Rotation::Ended) };
                    if current != generation {
                        sqlx::query!("update sessions set ended_at = ?2 where id = ?1", session.0, now.0)
                            .execute(&mut tx.conn)
                            .await?;
                        tx.changes.push(Change::SessionEnded { user, session });
                        return Ok(Rotation::Reused);
                    }
                    let next = current + 1;
                    sqlx::query!(
                        "update sessions set generation = ?2, last_used_at = ?3, expires_at = ?4 where id = ?1",
                        session.0,
                        next,
                        now.0,
                        expires_at
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(Rotation::Rotated(next))
                })
            })
            .await
    }

    pub(in crate::store) async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let ended = sqlx::query!(
                        "update sessions set ended_at = ?3 where id = ?2 and user_id = ?1 and ended_at is null",
                        user.0,
                        session.0,
                        now.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let ended = ended.rows_affected() > 0;
                    if ended {
                        tx.changes.push(Change::SessionEnded { user, session });
                    }
                    Ok(ended)
                })
            })
            .await
    }

    pub(in crate::store) async fn sessions(
        &self,
        user: UserId,
    ) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query!(
            "select id, created_at, last_used_at, user_agent, address from sessions
             where user_id = ?1 and ended_at is null
                   and not exists (select 1 from tokens where session_id = sessions.id)
             order by id desc limit 1000",
            user.0
        )
        .fetch_all(&self.readers)
        .await?;
        let sessions = rows.into_iter().map(|row| Session {
            id: SessionId(row.id),
            created_at: Timestamp(row.created_at),
            last_used_at: Timestamp(row.last_used_at),
            origin: SessionOrigin {
                user_agent: row.user_agent,
                address: row.address,
            },
        });
        Ok(sessions.collect())
    }

    pub(in crate::store) async fn sessions_ended_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query_scalar!(
            "select id from sessions where ended_at is not null and ended_at >= ?1",
            since.0
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(SessionId).collect())
    }

    pub(in crate::store) async fn expire_sessions(
        &self,
        now: Timestamp,
        slice: i64,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query!(
                        r#"update sessions set ended_at = ?1 where id in
                           (select id from sessions where expires_at <= ?1 and ended_at is null limit +?2)
                           returning id as "id!: i64", user_id as "user_id!: i64""#,
                        now.0,
                        slice
                    )
                    .fetch_all(&mut tx.conn)
                    .await?;
                    let more = is_whole(rows.len(), slice);
                    let ended = rows.into_iter().map(|row| Change::SessionEnded {
                        user: UserId(row.user_id),
                        session: SessionId(row.id),
                    });
                    tx.changes.extend(ended);
                    Ok(more)
                })
            })
            .await
    }

    pub(in crate::store) async fn forget_sessions(
        &self,
        before: Timestamp,
        slice: i64,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let gone = sqlx::query!(
                        "delete from sessions where id in
                         (select id from sessions where ended_at is not null and ended_at < ?1 limit +?2)",
                        before.0,
                        slice
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(is_whole(gone.rows_affected(), slice))
                })
            })
            .await
    }
}

/// Returns whether a whole slice was deleted, after which more may be left.
fn is_whole(rows: impl TryInto<i64>, slice: i64) -> bool {
    rows.try_into().is_ok_and(|rows| rows >= slice)
}
