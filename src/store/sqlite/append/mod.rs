//! Appends many messages at once with a few statements.

pub(in crate::store) mod attachments;
mod insert;
pub(in crate::store) mod job;
pub(in crate::store) mod mentions;
mod plan;
pub(in crate::store) mod senders;
pub(in crate::store) mod system;

use foldhash::{HashMap, HashSet};
use sqlx::{Executor, SqliteConnection};

use crate::{
    domain::{Message, Rev},
    store::sqlite::{
        append::{
            insert::{insert, insert_alone},
            job::{AppendJob, IdempotencyKey},
            plan::{AppendPlan, ExistingMessage, keyed},
        },
        json::json,
        read::rows::MessageRow,
        restraints::record_post,
        write::request::WriterState,
    },
};

/// Writes messages in a transaction of their own and commits it.
///
/// It does not look keys up. Returns `false`, with nothing written, if the outcome of a message depends on a known
/// key. A used key violates the unique index and fails the transaction. In both cases [`append_all`] gives the answer.
pub(in crate::store) async fn append_alone(
    tx: &mut WriterState,
    jobs: &mut [&mut AppendJob],
) -> Result<bool, sqlx::Error> {
    // There is no other writer, so that reads before the transaction stay true in it.
    let Some(plan) = AppendPlan::make(tx, jobs, None).await? else {
        return Ok(false);
    };
    if plan.is_plain() {
        if !plan.is_empty() {
            insert_alone(&mut tx.conn, plan.counted()).await?;
        }
    } else {
        tx.conn.execute("begin immediate").await?;
        write(tx, &plan).await?;
        tx.conn.execute("commit").await?;
    }
    plan.finish(tx, jobs);
    Ok(true)
}

/// Writes the valid ones of `jobs`, in their order and in the caller's transaction, and records each outcome.
pub(in crate::store) async fn append_all(
    tx: &mut WriterState,
    jobs: &mut [&mut AppendJob],
) -> Result<(), sqlx::Error> {
    let known = known_keys(tx, jobs).await?;
    if let Some(plan) = AppendPlan::make(tx, jobs, Some(&known)).await? {
        if !plan.is_empty() {
            write(tx, &plan).await?;
        }
        plan.finish(tx, jobs);
    }
    Ok(())
}

/// Returns whether a write failed because a key was used before.
pub(in crate::store) fn is_used_key(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Writes a plan.
async fn write(tx: &mut WriterState, plan: &AppendPlan) -> Result<(), sqlx::Error> {
    let conn = &mut tx.conn;
    insert(conn, plan.counted()).await?;
    mentions::note(conn, plan.messages()).await?;
    attachments::attach(conn, plan.messages()).await?;
    if !plan.slowed.is_empty() {
        let said = plan.slowed.iter();
        let said = said.map(|((room, user), at)| (room, user, at.0));
        record_post(conn, json(&said.collect::<Vec<_>>())?).await?;
    }
    Ok(())
}

/// Returns the existing messages of the keys that these jobs use.
async fn known_keys(
    tx: &mut WriterState,
    jobs: &[&mut AppendJob],
) -> Result<HashMap<IdempotencyKey, ExistingMessage>, sqlx::Error> {
    let wanted: HashSet<IdempotencyKey> =
        jobs.iter().filter_map(|job| keyed(&job.append)).collect();
    if wanted.is_empty() {
        return Ok(HashMap::default());
    }
    let wanted = json(&wanted)?;
    let conn = &mut tx.conn;
    let rows = sqlx::query!(
        r#"select m.room_id as "room_id!", m.seq as "seq!", m.rev as "rev!", m.kind as "kind!",
                  m.author_id as "author_id!", u.username, u.display_name, u.avatar, m.body as "body!", m.event,
                  m.reply_to, m.key, m.created_at as "created_at!", m.edited_at, m.deleted_at,
                  m.extras as "extras?: String",
                  (select coalesce(x.first_rev, x.rev) from messages x where x.id = m.id) as "first_rev!: i64"
           from json_each(?1) j
           cross join messages_seen m on m.room_id = j.value ->> 0 and m.author_id = j.value ->> 1
                                         and m.key = j.value ->> 2
           join users u on u.id = m.author_id"#,
        wanted
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut known = HashMap::default();
    for row in rows {
        let rev = Rev(row.first_rev);
        let message = Message::try_from(MessageRow {
            room_id: row.room_id,
            seq: row.seq,
            rev: row.rev,
            kind: row.kind,
            author_id: row.author_id,
            username: row.username,
            display_name: row.display_name,
            avatar: row.avatar,
            body: row.body,
            event: row.event,
            reply_to: row.reply_to,
            key: row.key,
            created_at: row.created_at,
            edited_at: row.edited_at,
            deleted_at: row.deleted_at,
            extras: row.extras,
        })?;
        let said = match message.edited_at {
            Some(_) => first_version(conn, &message).await?,
            None => None,
        };
        let key = message.key.clone().unwrap_or_default();
        let place = (message.room_id, message.author.id, key);
        known.insert(place, ExistingMessage { message, rev, said });
    }
    Ok(known)
}

/// Returns the first text of an edited message.
async fn first_version(
    conn: &mut SqliteConnection,
    message: &Message,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select v.body from messages m join message_versions v on v.message_id = m.id
         where m.room_id = ?1 and m.seq = ?2 order by v.version limit 1",
        message.room_id.0,
        message.seq.0
    )
    .fetch_optional(conn)
    .await
}
