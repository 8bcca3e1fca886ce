//! Read receipts in SQLite.

use sqlx::SqliteConnection;

use super::Sqlite;
use crate::{
    domain::{Change, Notify, ReadGeneration, ReceiptStep, RoomId, Seq, UserId},
    store::{Receipt, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn mark_read(
        &self,
        room: RoomId,
        user: UserId,
        step: ReceiptStep,
    ) -> Result<Option<Receipt>, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let Some(before) = receipt(&mut tx.conn, room, user).await? else {
                        return Ok(None);
                    };
                    let last_seq =
                        sqlx::query_scalar!("select last_seq from rooms where id = ?1", room.0)
                            .fetch_one(&mut tx.conn)
                            .await?;
                    let wanted = |seq: Seq| Seq(seq.0.clamp(0, last_seq));
                    let (wanted, generation) = match step {
                        ReceiptStep::Forced(seq) => (wanted(seq), before.generation.0 + 1),
                        ReceiptStep::Forward(seq, known) => {
                            let outdated = known.is_some_and(|known| known < before.generation);
                            if outdated || wanted(seq) <= before.read_seq {
                                return Ok(Some(before));
                            }
                            (wanted(seq), before.generation.0)
                        }
                    };
                    sqlx::query!(
                        "update memberships set read_seq = ?3, read_generation = ?4, read_text_count = coalesce(
                             (select text_count from messages where room_id = ?1 and seq = ?3), 0)
                         where room_id = ?1 and user_id = ?2",
                        room.0,
                        user.0,
                        wanted.0,
                        generation
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let Some(after) = receipt(&mut tx.conn, room, user).await? else {
                        return Ok(None);
                    };
                    tx.changes.push(Change::Read {
                        user,
                        room,
                        read_seq: after.read_seq,
                        unread: after.unread,
                        mentions: after.mentions,
                        generation: after.generation,
                    });
                    Ok(Some(Receipt {
                        moved: true,
                        ..after
                    }))
                })
            })
            .await
    }

    pub(in crate::store) async fn set_notify(
        &self,
        room: RoomId,
        user: UserId,
        level: Notify,
    ) -> Result<bool, StoreError> {
        self.writer
            .write_uncached(move |tx| {
                Box::pin(async move {
                    let level = level.as_str();
                    let set = sqlx::query!(
                        "update memberships set notify = ?3 where room_id = ?1 and user_id = ?2",
                        room.0,
                        user.0,
                        level
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    let is_member = set.rows_affected() > 0;
                    if is_member {
                        tx.changes.push(Change::StandingChanged { room, user });
                    }
                    Ok(is_member)
                })
            })
            .await
    }
}

async fn receipt(
    conn: &mut SqliteConnection,
    room: RoomId,
    user: UserId,
) -> Result<Option<Receipt>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select m.read_seq, m.read_generation, r.text_count - m.read_text_count as "unread!: i64", r.kind,
                  (select count(*) from mentions x
                   where x.user_id = m.user_id and x.room_id = m.room_id and x.seq > m.read_seq)
                + (select count(*) from room_mentions x
                   where x.room_id = m.room_id and x.seq > m.read_seq and x.author_id <> m.user_id
                         and not exists (select 1 from blocks b
                                         where b.blocker_id = m.user_id and b.blocked_id = x.author_id))
                  as "mentions!: i64"
           from memberships m join rooms r on r.id = m.room_id
           where m.room_id = ?1 and m.user_id = ?2"#,
        room.0,
        user.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Receipt {
        read_seq: Seq(row.read_seq),
        unread: row.unread,
        mentions: if row.kind == "direct" {
            row.unread
        } else {
            row.mentions
        },
        generation: ReadGeneration(row.read_generation),
        moved: false,
    }))
}
