//! Reactions in SQLite.

use super::{
    Sqlite,
    append::mentions,
    command_keys::{self, KeyedCommand},
    conversation::{changed, done, set_flag, target},
    read::current_message::current_message,
    write::request::WriterState,
};
use crate::{
    domain::{ChangeKind, Emoji, Key},
    store::{AlterOutcome, Alteration, REACTION_KINDS, REACTIONS, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn react(
        &self,
        which: Alteration,
        emoji: Emoji,
        on: bool,
        key: Option<Key>,
    ) -> Result<AlterOutcome, StoreError> {
        let command = KeyedCommand::react(key, which.seq, emoji, on)?;
        self.writer
            .write_in_room(which.room, move |tx| {
                Box::pin(command_keys::once(tx, which, command, move |tx| {
                    Box::pin(react(tx, which, emoji, on))
                }))
            })
            .await
    }
}

async fn react(
    tx: &mut WriterState,
    which: Alteration,
    emoji: Emoji,
    on: bool,
) -> Result<AlterOutcome, sqlx::Error> {
    let target = match target(&mut tx.conn, which).await? {
        Ok(target) => target,
        Err(refusal) => return Ok(refusal),
    };
    // A block does not prevent the removal of a reaction.
    if let Some(refusal) = target.refusal().filter(|_| on || !target.blocked) {
        return Ok(refusal);
    }
    let emoji = emoji.as_str();
    let there = sqlx::query!(
        r#"select count(*) as "all!: i64", count(distinct emoji) as "kinds!: i64",
                  coalesce(max(emoji = ?2), 0) as "known!: bool",
                  coalesce(max(emoji = ?2 and user_id = ?3), 0) as "own!: bool"
           from reactions where message_id = ?1"#,
        target.id,
        emoji,
        which.by.0
    )
    .fetch_one(&mut tx.conn)
    .await?;
    if there.own == on {
        return current_message(tx, which).await.map(done);
    }
    let left = if on {
        if there.all >= REACTIONS || (!there.known && there.kinds >= REACTION_KINDS) {
            return Ok(AlterOutcome::Full);
        }
        sqlx::query!(
            "insert into reactions (message_id, emoji, user_id, reacted_at) values (?1, ?2, ?3, ?4)",
            target.id,
            emoji,
            which.by.0,
            which.at.0
        )
        .execute(&mut tx.conn)
        .await?;
        there.all + 1
    } else {
        sqlx::query!(
            "delete from reactions where message_id = ?1 and emoji = ?2 and user_id = ?3",
            target.id,
            emoji,
            which.by.0
        )
        .execute(&mut tx.conn)
        .await?;
        there.all - 1
    };
    let flag = if left > 0 { mentions::HAS_REACTIONS } else { 0 };
    set_flag(&mut tx.conn, target.id, mentions::HAS_REACTIONS, flag).await?;
    changed(tx, which, target.id, ChangeKind::Other)
        .await
        .map(done)
}
