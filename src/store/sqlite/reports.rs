//! Reported messages in SQLite. A report refers to its message and holds no copy, so nothing remains of a deleted
//! message.

use super::{Sqlite, admins::is_admin, audit::audit, members::role, read::rows::to_kind};
use crate::{
    domain::{
        Action, Actor, AvatarVersion, Report, RoomId, Seq, Timestamp, UserId, UserSummary,
        audit::NewAuditEntry,
        report::{Reason, ReportedMessage},
    },
    store::{CloseReportOutcome, ReportOutcome, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn report(
        &self,
        room: RoomId,
        seq: Seq,
        reason: Reason,
        by: Actor,
        now: Timestamp,
    ) -> Result<ReportOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if role(&mut tx.conn, room, by.id()).await?.is_none() {
                        return Ok(ReportOutcome::NotMember);
                    }
                    let author = sqlx::query_scalar!(
                        "select author_id from messages where room_id = ?1 and seq = ?2",
                        room.0,
                        seq.0
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    let Some(author) = author else {
                        return Ok(ReportOutcome::NoSuchMessage);
                    };
                    let (user, reason) = (by.id().0, reason.into_string());
                    let reported = sqlx::query!(
                        "insert into reports (room_id, seq, reporter_id, reason, created_at)
                         values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
                        room.0,
                        seq.0,
                        user,
                        reason,
                        now.0
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if reported.rows_affected() > 0 {
                        let deed = NewAuditEntry::new(Action::Report, &by)
                            .in_room(room)
                            .about(seq);
                        audit(tx, deed.to(UserId(author)), now).await?;
                    }
                    Ok(ReportOutcome::Done)
                })
            })
            .await
    }

    pub(in crate::store) async fn reports(
        &self,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Report>, StoreError> {
        let rows = sqlx::query!(
            r#"select p.id as "id!", p.room_id, r.name as "room_name?", p.seq, p.reason, p.created_at,
                      u.id as "reporter_id!", u.username, u.display_name, u.avatar,
                      m.kind as "kind?", m.body as "body?", m.created_at as "said_at?", m.edited_at,
                      m.deleted_at, a.id as "author_id?", a.username as "author?",
                      a.display_name as "author_display_name?", a.avatar as author_avatar
               from reports p
               join users u on u.id = p.reporter_id
               left join rooms r on r.id = p.room_id
               left join messages m on m.room_id = p.room_id and m.seq = p.seq
               left join users a on a.id = m.author_id
               where p.id < ?1 order by p.id desc limit +?2"#,
            before,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let reports = rows.into_iter().map(|row| {
            let author = || {
                Some(UserSummary {
                    id: UserId(row.author_id?),
                    username: row.author?,
                    display_name: row.author_display_name?,
                    avatar: row.author_avatar.map(AvatarVersion),
                })
            };
            let message = match (row.kind, author(), row.body, row.said_at) {
                (Some(kind), Some(author), Some(body), Some(said_at)) => Some(ReportedMessage {
                    kind: to_kind(&kind)?,
                    author,
                    body,
                    created_at: Timestamp(said_at),
                    edited_at: row.edited_at.map(Timestamp),
                    deleted_at: row.deleted_at.map(Timestamp),
                }),
                _ => None,
            };
            Ok(Report {
                id: row.id,
                room: RoomId(row.room_id),
                room_name: row.room_name,
                seq: Seq(row.seq),
                reporter: UserSummary {
                    id: UserId(row.reporter_id),
                    username: row.username,
                    display_name: row.display_name,
                    avatar: row.avatar.map(AvatarVersion),
                },
                reason: row.reason,
                created_at: Timestamp(row.created_at),
                message,
            })
        });
        Ok(reports.collect::<Result<_, sqlx::Error>>()?)
    }

    pub(in crate::store) async fn close_report(
        &self,
        id: i64,
        by: Actor,
        now: Timestamp,
    ) -> Result<CloseReportOutcome, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if !is_admin(&mut tx.conn, by.id()).await? {
                        return Ok(CloseReportOutcome::Forbidden);
                    }
                    let closed = sqlx::query!(
                        "delete from reports where id = ?1 returning room_id, seq",
                        id
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    let Some(closed) = closed else {
                        return Ok(CloseReportOutcome::NoSuchReport);
                    };
                    let deed = NewAuditEntry::new(Action::ReportClose, &by);
                    let deed = deed.in_room(RoomId(closed.room_id)).about(Seq(closed.seq));
                    audit(tx, deed, now).await?;
                    Ok(CloseReportOutcome::Done)
                })
            })
            .await
    }
}
