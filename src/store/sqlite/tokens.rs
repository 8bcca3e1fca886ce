//! Personal tokens in SQLite: sessions with a name and a scope.

use sqlx::SqliteConnection;

use super::{
    Sqlite,
    admins::is_admin,
    read::rows::{corrupt, limit_json},
};
use crate::{
    domain::{
        Change, Digest, PersonalToken, RoomId, RoomLimit, SessionId, Timestamp, TokenHolder,
        TokenName, TokenScope, UserId,
    },
    store::{CreateTokenOutcome, NewToken, StoreError},
};

/// Time of expiry of a token that does not expire.
const NEVER: i64 = i64::MAX;

impl Sqlite {
    pub(in crate::store) async fn create_token(
        &self,
        new: NewToken,
        max_tokens: i64,
        now: Timestamp,
    ) -> Result<CreateTokenOutcome, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let by = new.by.0;
                    let lives = sqlx::query_scalar!(
                        r#"select exists (select 1 from sessions where id = ?1 and ended_at is null) as "lives!: bool""#,
                        by
                    )
                    .fetch_one(&mut tx.conn)
                    .await?;
                    if !lives {
                        return Ok(CreateTokenOutcome::Ended);
                    }
                    let count = sqlx::query_scalar!(
                        r#"select count(*) as "count!: i64" from tokens t join sessions s on s.id = t.session_id
                           where s.user_id = ?1 and s.ended_at is null and s.expires_at > ?2"#,
                        new.user.0,
                        now.0
                    )
                    .fetch_one(&mut tx.conn)
                    .await?;
                    if count >= max_tokens {
                        return Ok(CreateTokenOutcome::TooMany);
                    }
                    if new.scope == TokenScope::Admin && !is_admin(&mut tx.conn, new.user).await? {
                        return Ok(CreateTokenOutcome::NotAdmin);
                    }
                    if let Some(room) = room_without(&mut tx.conn, new.user, &new.rooms).await? {
                        return Ok(CreateTokenOutcome::NoSuchRoom(room));
                    }
                    let token = insert(&mut tx.conn, new, now).await?;
                    Ok(CreateTokenOutcome::Done(token))
                })
            })
            .await
    }

    pub(in crate::store) async fn tokens(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<PersonalToken>, StoreError> {
        let rows = sqlx::query!(
            r#"select s.id as "id!", t.name, t.scope, t.rooms, s.created_at, t.last_used_at, s.expires_at
               from sessions s join tokens t on t.session_id = s.id
               where s.user_id = ?1 and s.ended_at is null and s.expires_at > ?2
               order by s.id desc"#,
            user.0,
            now.0
        )
        .fetch_all(&self.readers)
        .await?;
        let tokens = rows.into_iter().map(|row| {
            Ok(PersonalToken {
                id: SessionId(row.id),
                name: TokenName::parse(&row.name).map_err(|_| corrupt("name", &row.name))?,
                scope: to_scope(&row.scope)?,
                rooms: to_limit(row.rooms.as_deref())?,
                created_at: Timestamp(row.created_at),
                last_used_at: row.last_used_at.map(Timestamp),
                expires_at: to_expiry(row.expires_at),
            })
        });
        Ok(tokens.collect::<Result<_, sqlx::Error>>()?)
    }

    pub(in crate::store) async fn end_token(
        &self,
        user: UserId,
        token: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let ended = sqlx::query!(
                        "update sessions set ended_at = ?3
                         where id = ?2 and user_id = ?1 and ended_at is null
                               and exists (select 1 from tokens where session_id = ?2)",
                        user.0,
                        token.0,
                        now.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let ended = ended.rows_affected() > 0;
                    if ended {
                        let session = token;
                        tx.changes.push(Change::SessionEnded { user, session });
                    }
                    Ok(ended)
                })
            })
            .await
    }

    pub(in crate::store) async fn token_holder(
        &self,
        digest: Digest,
    ) -> Result<Option<TokenHolder>, StoreError> {
        let digest = digest.as_bytes();
        let row = sqlx::query!(
            r#"select s.id as "id!", s.user_id, t.scope, t.rooms, s.expires_at
               from tokens t join sessions s on s.id = t.session_id
               where t.digest = ?1 and s.ended_at is null"#,
            digest
        )
        .fetch_optional(&self.readers)
        .await?;
        let holder = row.map(|row| {
            Ok(TokenHolder {
                user: UserId(row.user_id),
                session: SessionId(row.id),
                scope: to_scope(&row.scope)?,
                rooms: to_limit(row.rooms.as_deref())?,
                expires_at: to_expiry(row.expires_at),
            })
        });
        Ok(holder.transpose().map_err(|error: sqlx::Error| error)?)
    }

    pub(in crate::store) async fn note_token_use(
        &self,
        token: SessionId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    sqlx::query!(
                        "update tokens set last_used_at = ?2 where session_id = ?1",
                        token.0,
                        at.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Returns a room of the list that the user is not in.
async fn room_without(
    conn: &mut SqliteConnection,
    user: UserId,
    rooms: &RoomLimit,
) -> Result<Option<RoomId>, sqlx::Error> {
    let rooms = limit_json(rooms)?;
    let room = sqlx::query_scalar!(
        r#"select cast(j.value as integer) as "id!: i64" from json_each(?1) j
           where not exists (select 1 from memberships m where m.room_id = j.value and m.user_id = ?2)
           order by j.value limit 1"#,
        rooms,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(room.map(RoomId))
}

/// Reads a stored list of rooms. A list that cannot be read is an error, never no limit.
fn to_limit(rooms: Option<&str>) -> Result<RoomLimit, sqlx::Error> {
    match rooms {
        None => Ok(RoomLimit::default()),
        Some(json) => serde_json::from_str::<Vec<RoomId>>(json)
            .ok()
            .and_then(|rooms| RoomLimit::parse(TokenScope::Read, Some(rooms)).ok())
            .ok_or_else(|| corrupt("rooms", json)),
    }
}

fn to_scope(text: &str) -> Result<TokenScope, sqlx::Error> {
    TokenScope::parse(text).ok_or_else(|| corrupt("scope", text))
}

fn to_expiry(at: i64) -> Option<Timestamp> {
    (at != NEVER).then_some(Timestamp(at))
}

/// Inserts a token with the session that it uses.
async fn insert(
    conn: &mut SqliteConnection,
    new: NewToken,
    now: Timestamp,
) -> Result<PersonalToken, sqlx::Error> {
    let expires_at = new.expires_at.map_or(NEVER, |at| at.0);
    let rooms = limit_json(&new.rooms)?;
    let id = sqlx::query_scalar!(
        r#"insert into sessions
                               (user_id, generation, created_at, last_used_at, expires_at, user_agent, address)
                           values (?1, 0, ?2, ?2, ?3, ?4, ?5) returning id as "id!: i64""#,
        new.user.0,
        now.0,
        expires_at,
        new.origin.user_agent,
        new.origin.address
    )
    .fetch_one(&mut *conn)
    .await?;
    let (name, scope, digest) = (new.name.as_str(), new.scope.as_str(), new.digest.as_bytes());
    sqlx::query!(
        "insert into tokens (session_id, name, scope, digest, rooms) values (?1, ?2, ?3, ?4, ?5)",
        id,
        name,
        scope,
        digest,
        rooms
    )
    .execute(conn)
    .await?;
    Ok(PersonalToken {
        id: SessionId(id),
        name: new.name,
        scope: new.scope,
        rooms: new.rooms,
        created_at: now,
        last_used_at: None,
        expires_at: new.expires_at,
    })
}
