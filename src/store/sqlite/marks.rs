//! Reactions and pins in SQLite.

use sqlx::SqliteConnection;

use super::{
    Sqlite,
    append::mentions,
    command_keys::{self, KeyedCommand},
    conversation::{changed, done, target},
    read::current_message::current_message,
    write::request::WriterState,
};
use crate::{
    domain::{ChangeKind, Emoji, Key, Permission, RoomKind},
    store::{Alteration, Altered, PINS, REACTION_KINDS, REACTIONS, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn react(
        &self,
        which: Alteration,
        emoji: Emoji,
        on: bool,
        key: Option<Key>,
    ) -> Result<Altered, StoreError> {
        let command = KeyedCommand::react(key, which.seq, emoji, on)?;
        self.writer
            .write_in_room(which.room, move |tx| {
                Box::pin(command_keys::once(tx, which, command, move |tx| {
                    Box::pin(react(tx, which, emoji, on))
                }))
            })
            .await
    }

    pub(in crate::store) async fn pin(
        &self,
        which: Alteration,
        on: bool,
    ) -> Result<Altered, StoreError> {
        self.writer
            .write_in_room(which.room, move |tx| Box::pin(pin(tx, which, on)))
            .await
    }
}

async fn react(
    tx: &mut WriterState,
    which: Alteration,
    emoji: Emoji,
    on: bool,
) -> Result<Altered, sqlx::Error> {
    let target = match target(&mut tx.conn, which).await? {
        Ok(target) => target,
        Err(refusal) => return Ok(refusal),
    };
    // What was said can always be taken back.
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
            return Ok(Altered::Full);
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

async fn pin(tx: &mut WriterState, which: Alteration, on: bool) -> Result<Altered, sqlx::Error> {
    let target = match target(&mut tx.conn, which).await? {
        Ok(target) => target,
        Err(refusal) => return Ok(refusal),
    };
    if target.kind != RoomKind::Direct && !target.role.may(Permission::Pin) {
        return Ok(Altered::Forbidden(Permission::Pin));
    }
    if target.blocked && on {
        return Ok(Altered::Blocked);
    }
    let before = current_message(tx, which).await?;
    let pinned = before
        .extras
        .as_deref()
        .is_some_and(|extras| extras.pinned_at.is_some());
    if pinned == on {
        return Ok(done(before));
    }
    let pins = sqlx::query_scalar!(
        r#"select count(*) as "count!: i64" from messages where room_id = ?1 and pinned_at is not null"#,
        which.room.0
    )
    .fetch_one(&mut tx.conn)
    .await?;
    if on && pins >= PINS {
        return Ok(Altered::Full);
    }
    let at = on.then_some(which.at.0);
    sqlx::query!(
        "update messages set pinned_at = ?2 where id = ?1",
        target.id,
        at
    )
    .execute(&mut tx.conn)
    .await?;
    let (flag, change_kind) = if on {
        (mentions::IS_PINNED, ChangeKind::Pinned)
    } else {
        (0, ChangeKind::Other)
    };
    set_flag(&mut tx.conn, target.id, mentions::IS_PINNED, flag).await?;
    changed(tx, which, target.id, change_kind).await.map(done)
}

async fn set_flag(
    conn: &mut SqliteConnection,
    id: i64,
    which: i64,
    to: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update messages set flags = (flags & ~?2) | ?3 where id = ?1",
        id,
        which,
        to
    )
    .execute(conn)
    .await?;
    Ok(())
}
