//! Idempotency keys of the commands `edit`, `delete` and `react` in SQLite.
//!
//! A key is stored in the transaction of its command, so that either both are on disk or neither is. Keys of
//! messages are elsewhere: a message keeps its key for good.

use futures_util::future::BoxFuture;
use ring::digest::{SHA256, digest};

use super::{
    Sqlite, json::json, read::current_message::current_message, write::request::WriterState,
};
use crate::{
    domain::{Body, Emoji, Key, Rev, Seq, Timestamp},
    store::{AlterOutcome, Alteration, COMMAND_KEYS, COMMAND_KEYS_KEPT, StoreError},
};

/// A command that has an idempotency key.
pub(super) struct KeyedCommand {
    kind: &'static str,
    key: Key,
    /// SHA-256 of the command, apart from the room and the key.
    digest: Vec<u8>,
}

impl KeyedCommand {
    pub(super) fn edit(
        key: Option<Key>,
        seq: Seq,
        body: &Body,
    ) -> Result<Option<Self>, StoreError> {
        Self::new("edit", key, &(seq, body.as_str()))
    }

    pub(super) fn delete(key: Option<Key>, seq: Seq) -> Result<Option<Self>, StoreError> {
        Self::new("delete", key, &(seq,))
    }

    pub(super) fn react(
        key: Option<Key>,
        seq: Seq,
        emoji: Emoji,
        on: bool,
    ) -> Result<Option<Self>, StoreError> {
        Self::new("react", key, &(seq, emoji.as_str(), on))
    }

    fn new(
        kind: &'static str,
        key: Option<Key>,
        content: &impl serde::Serialize,
    ) -> Result<Option<Self>, StoreError> {
        let Some(key) = key else {
            return Ok(None);
        };
        let content = json(content)?;
        let digest = digest(&SHA256, content.as_bytes()).as_ref().to_vec();
        Ok(Some(Self { kind, key, digest }))
    }
}

/// Runs `change` unless the key of `command` is known: then answers what the first command did.
///
/// Checks membership before the key, so that non-members learn nothing. A refused command leaves its key
/// unused.
pub(super) async fn once<F>(
    tx: &mut WriterState,
    which: Alteration,
    command: Option<KeyedCommand>,
    change: F,
) -> Result<AlterOutcome, sqlx::Error>
where
    F: for<'c> FnOnce(&'c mut WriterState) -> BoxFuture<'c, Result<AlterOutcome, sqlx::Error>>
        + Send,
{
    let Some(command) = command else {
        return change(tx).await;
    };
    if let Some(known) = find(tx, which, &command).await? {
        return Ok(known);
    }
    let outcome = change(tx).await?;
    if let AlterOutcome::Done(message) = &outcome {
        remember(tx, which, &command, message.rev.0).await?;
    }
    Ok(outcome)
}

/// Returns the answer of a known key, or the refusal of a non-member. Returns `None` if the command must run.
async fn find(
    tx: &mut WriterState,
    which: Alteration,
    command: &KeyedCommand,
) -> Result<Option<AlterOutcome>, sqlx::Error> {
    let key = command.key.as_str();
    let expired_at = which.at.minus(COMMAND_KEYS_KEPT);
    let row = sqlx::query!(
        r#"select k.digest as "digest?", k.rev as "rev?"
           from memberships me
           left join command_keys k on k.user_id = me.user_id and k.room_id = me.room_id and k.kind = ?3
                and k.key = ?4 and k.created_at > ?5
           where me.room_id = ?1 and me.user_id = ?2"#,
        which.room.0,
        which.by.0,
        command.kind,
        key,
        expired_at.0
    )
    .fetch_optional(&mut tx.conn)
    .await?;
    let Some(row) = row else {
        return Ok(Some(AlterOutcome::NotMember));
    };
    let (Some(digest), Some(rev)) = (row.digest, row.rev) else {
        return Ok(None);
    };
    if digest != command.digest {
        return Ok(Some(AlterOutcome::KeyConflict));
    }
    // The digest covers the number of the message.
    let message = Box::new(current_message(tx, which).await?);
    let rev = Rev(rev);
    Ok(Some(AlterOutcome::Repeated { message, rev }))
}

async fn remember(
    tx: &mut WriterState,
    which: Alteration,
    command: &KeyedCommand,
    rev: i64,
) -> Result<(), sqlx::Error> {
    let key = command.key.as_str();
    // An expired key may still be there.
    sqlx::query!(
        "insert or replace into command_keys (user_id, room_id, kind, key, digest, seq, rev, created_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        which.by.0,
        which.room.0,
        command.kind,
        key,
        command.digest,
        which.seq.0,
        rev,
        which.at.0
    )
    .execute(&mut tx.conn)
    .await?;
    sqlx::query!(
        "delete from command_keys where id in
         (select id from command_keys where user_id = ?1 order by id desc limit -1 offset +?2)",
        which.by.0,
        COMMAND_KEYS
    )
    .execute(&mut tx.conn)
    .await?;
    Ok(())
}

impl Sqlite {
    pub(in crate::store) async fn forget_command_keys(
        &self,
        now: Timestamp,
        slice: i64,
    ) -> Result<bool, StoreError> {
        let expired_at = now.minus(COMMAND_KEYS_KEPT);
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let gone = sqlx::query!(
                        "delete from command_keys where id in
                         (select id from command_keys where created_at <= ?1 limit +?2)",
                        expired_at.0,
                        slice
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let gone = i64::try_from(gone.rows_affected()).unwrap_or(slice);
                    Ok(gone >= slice)
                })
            })
            .await
    }
}
