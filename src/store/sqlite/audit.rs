//! The audit log in SQLite.

use sqlx::SqliteConnection;

use super::{Sqlite, read::rows::corrupt, write::request::WriterState};
use crate::{
    domain::{
        Action, AuditEntry, AuditFilter, RoomId, Seq, Timestamp, UserId,
        audit::{AuditedUser, NewAuditEntry},
    },
    store::StoreError,
};

/// Writes an entry in the transaction of its action, so that neither exists without the other.
pub(super) async fn audit(
    tx: &mut WriterState,
    deed: NewAuditEntry,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    audit_on(&mut tx.conn, deed, now).await
}

/// Writes an audit entry in a transaction of any connection.
pub(super) async fn audit_on(
    conn: &mut SqliteConnection,
    deed: NewAuditEntry,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let action = deed.action.as_str();
    let room = deed.room.map(|room| room.0);
    let target = deed.target.map(|user| user.0);
    let seq = deed.seq.map(|seq| seq.0);
    let address = deed.address.map(|address| address.to_string());
    sqlx::query!(
        "insert into audit (at, actor_id, action, room_id, target_user_id, seq, address, detail)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        now.0,
        deed.actor.0,
        action,
        room,
        target,
        seq,
        address,
        deed.detail
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl Sqlite {
    pub(in crate::store) async fn audit(
        &self,
        filter: AuditFilter,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let actor = filter.actor.map(|user| user.0);
        let target = filter.target.map(|user| user.0);
        let room = filter.room.map(|room| room.0);
        let action = filter.action.map(Action::as_str);
        let rows = sqlx::query!(
            r#"select a.id as "id!", a.at, a.actor_id, actor.username as "actor?: String", a.action,
                      a.room_id, a.target_user_id, target.username as "target?: String", a.seq,
                      a.address, a.detail
               from audit a
               left join users actor on actor.id = a.actor_id
               left join users target on target.id = a.target_user_id
               where a.id < ?1 and (?2 is null or a.actor_id = ?2) and (?3 is null or a.target_user_id = ?3)
                     and (?4 is null or a.room_id = ?4) and (?5 is null or a.action = ?5)
               order by a.id desc limit +?6"#,
            filter.before,
            actor,
            target,
            room,
            action,
            filter.limit
        )
        .fetch_all(&self.readers)
        .await?;
        let entries = rows.into_iter().map(|row| {
            Ok(AuditEntry {
                id: row.id,
                at: Timestamp(row.at),
                actor: AuditedUser {
                    id: UserId(row.actor_id),
                    username: row.actor,
                },
                action: Action::parse(&row.action).ok_or_else(|| corrupt("action", &row.action))?,
                room: row.room_id.map(RoomId),
                target: row.target_user_id.map(|id| AuditedUser {
                    id: UserId(id),
                    username: row.target,
                }),
                seq: row.seq.map(Seq),
                address: row.address,
                detail: row.detail,
            })
        });
        Ok(entries.collect::<Result<_, sqlx::Error>>()?)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::super::migrate::MIGRATIONS;
    use super::*;
    use crate::domain::{Actor, UserSummary};

    /// The program never tries to; triggers guard against mistakes and against manual changes.
    #[tokio::test]
    async fn audit_entry_cannot_be_changed_or_deleted() {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATIONS.run(&mut conn).await.unwrap();
        let mut tx = WriterState {
            conn,
            changes: Vec::new(),
            senders: super::super::append::senders::Senders::default(),
            health: super::super::write::health::Health::default(),
        };
        let actor = Actor {
            author: UserSummary {
                id: UserId(1),
                username: "ana".into(),
                display_name: "ana".into(),
                avatar: None,
            },
            address: None,
        };
        let deed = NewAuditEntry::new(Action::Kick, &actor).to(UserId(2));
        audit(&mut tx, deed, Timestamp(1)).await.unwrap();
        for attack in [
            "update audit set actor_id = 2",
            "delete from audit",
            "insert or replace into audit (id, at, actor_id, action) values (1, 1, 2, 'kick')",
        ] {
            let result = sqlx::query(attack).execute(&mut tx.conn).await;
            let kept: i64 = sqlx::query_scalar("select actor_id from audit where id = 1")
                .fetch_one(&mut tx.conn)
                .await
                .unwrap();
            assert_eq!(kept, 1, "{attack}: {result:?}");
            assert!(result.is_err(), "{attack}");
        }
    }
}
