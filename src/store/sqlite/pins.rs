//! Pinned messages in SQLite.

use super::{
    Sqlite,
    append::mentions,
    conversation::{changed, done, set_flag, target},
    read::current_message::current_message,
    write::request::WriterState,
};
use crate::{
    domain::{ChangeKind, Permission, RoomKind},
    store::{AlterOutcome, Alteration, PINS, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn pin(
        &self,
        which: Alteration,
        on: bool,
    ) -> Result<AlterOutcome, StoreError> {
        self.writer
            .write_in_room(which.room, move |tx| Box::pin(pin(tx, which, on)))
            .await
    }
}

async fn pin(
    tx: &mut WriterState,
    which: Alteration,
    on: bool,
) -> Result<AlterOutcome, sqlx::Error> {
    let target = match target(&mut tx.conn, which).await? {
        Ok(target) => target,
        Err(refusal) => return Ok(refusal),
    };
    if target.kind != RoomKind::Direct && !target.role.may(Permission::Pin) {
        return Ok(AlterOutcome::Forbidden(Permission::Pin));
    }
    if target.blocked && on {
        return Ok(AlterOutcome::Blocked);
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
        return Ok(AlterOutcome::Full);
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
