//! Deletion of accounts in SQLite.

use sqlx::SqliteConnection;

use super::{
    Sqlite, admins, conversation, members, profile::release_username, read::rows::corrupt, rooms,
    sessions::end_all, write::request::WriterState,
};
use crate::{
    domain::{
        LeaveReason, OwnFile, OwnMessage, RoomId, Seq, SystemEvent, Timestamp, UserId, UserSummary,
        user::DELETED,
    },
    store::{Alteration, DeleteAccountOutcome, OwnMessages, StoreError},
};

/// Number of messages examined in one step, of any author. They are read in the order of rows, which costs some pages
/// and no search.
const BATCH_ROWS: i64 = 4000;

/// A room that the deleted user leaves.
struct AbandonedRoom {
    id: RoomId,
    name: String,
    /// Whether the room has no other owner.
    is_last_owner: bool,
    is_alone: bool,
}

impl Sqlite {
    pub(in crate::store) async fn delete_account(
        &self,
        user: UserId,
        password_hash: String,
        erase: bool,
        now: Timestamp,
    ) -> Result<DeleteAccountOutcome, StoreError> {
        self.writer
            .write(move |tx| Box::pin(delete(tx, user, password_hash, erase, now)))
            .await
    }

    pub(in crate::store) async fn erase_messages(
        &self,
        slice: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let due = sqlx::query!("select user_id, after_id from erasures order by user_id limit 1")
            .fetch_optional(&self.readers)
            .await?;
        let Some(due) = due else { return Ok(false) };
        let (user, after) = (UserId(due.user_id), due.after_id);
        let end = self.end_of_batch(after).await?;
        let found = match end {
            Some(end) => self.messages_between(user, after, end, slice).await?,
            None => Vec::new(),
        };
        let is_whole = i64::try_from(found.len()).is_ok_and(|found| found >= slice);
        let next = if is_whole {
            found.last().map(|(id, ..)| *id)
        } else {
            end
        };
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for (id, room, seq) in found {
                        let which = Alteration {
                            room,
                            seq,
                            by: user,
                            address: None,
                            at: now,
                        };
                        if message_exists(&mut tx.conn, id).await? {
                            conversation::delete_message(tx, which, id).await?;
                        }
                    }
                    match next {
                        Some(next) => {
                            sqlx::query!(
                                "update erasures set after_id = ?2 where user_id = ?1",
                                user.0,
                                next
                            )
                            .execute(&mut tx.conn)
                            .await?
                        }
                        None => {
                            sqlx::query!("delete from erasures where user_id = ?1", user.0)
                                .execute(&mut tx.conn)
                                .await?
                        }
                    };
                    Ok(true)
                })
            })
            .await
    }

    pub(in crate::store) async fn own_messages(
        &self,
        user: UserId,
        after: i64,
        limit: i64,
    ) -> Result<OwnMessages, StoreError> {
        let Some(end) = self.end_of_batch(after).await? else {
            let items = Vec::new();
            return Ok(OwnMessages { items, next: None });
        };
        let rows = sqlx::query!(
            r#"select m.id as "id!", m.room_id, m.seq, m.body, m.reply_to, m.created_at, m.edited_at,
                      iif(m.flags & 4, (
                          select json_group_array(json_object(
                              'id', f.id, 'name', f.name, 'mime', f.mime, 'size', f.size))
                          from (select * from files where message_id = m.id and state = 'here'
                                order by place) f), null) as "files?: String"
               from messages m join rooms r on r.id = m.room_id
               where m.id > ?2 and m.id <= ?3 and m.author_id = ?1 and m.kind = 'text'
                     and m.deleted_at is null and r.deleted_at is null
               order by m.id limit +?4"#,
            user.0,
            after,
            end,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let is_whole = i64::try_from(rows.len()).is_ok_and(|found| found >= limit);
        let last = rows.last().map(|row| row.id).filter(|_| is_whole);
        let items = rows.into_iter().map(|row| {
            let files: Vec<OwnFile> = match &row.files {
                Some(json) => serde_json::from_str(json).map_err(|_| corrupt("files", json))?,
                None => Vec::new(),
            };
            Ok(OwnMessage {
                room_id: RoomId(row.room_id),
                seq: Seq(row.seq),
                body: row.body,
                reply_to: row.reply_to.map(Seq),
                created_at: Timestamp(row.created_at),
                edited_at: row.edited_at.map(Timestamp),
                files,
            })
        });
        Ok(OwnMessages {
            items: items.collect::<Result<_, sqlx::Error>>()?,
            next: Some(last.unwrap_or(end)),
        })
    }

    /// Returns the end of the next stretch of messages; `None` if there are none.
    async fn end_of_batch(&self, after: i64) -> Result<Option<i64>, StoreError> {
        let end = sqlx::query_scalar!(
            r#"select max(id) as "end: i64" from (select id from messages where id > ?1 order by id limit +?2)"#,
            after,
            BATCH_ROWS
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(end)
    }

    async fn messages_between(
        &self,
        user: UserId,
        after: i64,
        end: i64,
        limit: i64,
    ) -> Result<Vec<(i64, RoomId, Seq)>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id!", room_id, seq from messages
               where id > ?2 and id <= ?3 and author_id = ?1 and kind = 'text' and deleted_at is null
               order by id limit +?4"#,
            user.0,
            after,
            end,
            limit
        )
        .fetch_all(&self.readers)
        .await?;
        let found = rows.into_iter();
        Ok(found
            .map(|row| (row.id, RoomId(row.room_id), Seq(row.seq)))
            .collect())
    }
}

/// Returns whether the message still exists: its room or a moderator may have deleted it.
async fn message_exists(conn: &mut SqliteConnection, id: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from messages where id = ?1 and deleted_at is null) as "there!: bool""#,
        id
    )
    .fetch_one(conn)
    .await
}

async fn delete(
    tx: &mut WriterState,
    user: UserId,
    password_hash: String,
    erase: bool,
    now: Timestamp,
) -> Result<DeleteAccountOutcome, sqlx::Error> {
    let row = sqlx::query!(
        r#"select password_hash = ?2 as "stands!: bool",
                  exists (select 1 from users where id <> ?1 and deleted_at is null) as "others!: bool"
           from users where id = ?1 and deleted_at is null"#,
        user.0,
        password_hash
    )
    .fetch_optional(&mut tx.conn)
    .await?;
    let Some(row) = row.filter(|row| row.stands) else {
        return Ok(DeleteAccountOutcome::WrongPassword);
    };
    // Without other accounts, no admin is needed: the next account becomes the first one.
    if row.others && admins::is_last_admin(&mut tx.conn, user).await? {
        return Ok(DeleteAccountOutcome::LastAdmin);
    }
    let abandoned_rooms = abandoned_rooms(&mut tx.conn, user).await?;
    let orphans = abandoned_rooms
        .iter()
        .filter(|room| room.is_last_owner && !room.is_alone);
    let orphans: Vec<_> = orphans.map(|room| room.name.clone()).collect();
    if !orphans.is_empty() {
        return Ok(DeleteAccountOutcome::LastOwner(orphans));
    }
    let ended = end_all(tx, user, now).await?;
    let who = anonymize(&mut tx.conn, user, now).await?;
    for room in abandoned_rooms {
        if room.is_alone {
            rooms::delete_room(tx, room.id, now).await?;
        } else {
            let (reason, event) = (LeaveReason::Left, SystemEvent::Left);
            members::remove(tx, room.id, user, reason, who.clone(), event, now).await?;
        }
    }
    if erase {
        sqlx::query!("insert into erasures (user_id) values (?1)", user.0)
            .execute(&mut tx.conn)
            .await?;
    }
    Ok(DeleteAccountOutcome::Done { ended, left: who })
}

/// Returns the rooms that the user leaves. Direct rooms stay.
async fn abandoned_rooms(
    conn: &mut SqliteConnection,
    user: UserId,
) -> Result<Vec<AbandonedRoom>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select r.id as "id!", r.name, r.member_count = 1 as "alone!: bool",
                  me.role = 'owner' and not exists (
                      select 1 from memberships o
                      where o.room_id = r.id and o.user_id <> ?1 and o.role = 'owner') as "last!: bool"
           from memberships me join rooms r on r.id = me.room_id
           where me.user_id = ?1 and r.kind <> 'direct' order by r.id"#,
        user.0
    )
    .fetch_all(conn)
    .await?;
    let rooms = rows.into_iter().map(|row| AbandonedRoom {
        id: RoomId(row.id),
        name: row.name,
        is_last_owner: row.last,
        is_alone: row.alone,
    });
    Ok(rooms.collect())
}

/// Removes all personal data from the account. Its id stays for its messages.
async fn anonymize(
    conn: &mut SqliteConnection,
    user: UserId,
    now: Timestamp,
) -> Result<UserSummary, sqlx::Error> {
    let username = format!("deleted-{user}");
    // Usernames contain no space, so this key conflicts with none.
    let key = format!("deleted {user}");
    release_username(conn, user, &key, now).await?;
    sqlx::query!(
        "update users set username = ?2, username_key = ?3, display_name = ?4, password_hash = '', about = '', avatar = null,
                hide_last_seen = 1, admin = 0, disabled_at = null, deleted_at = ?5
         where id = ?1",
        user.0,
        username,
        key,
        DELETED,
        now.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from avatars where user_id = ?1", user.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from password_resets where user_id = ?1", user.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from command_keys where user_id = ?1", user.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "delete from blocks where blocker_id = ?1 or blocked_id = ?1",
        user.0
    )
    .execute(conn)
    .await?;
    Ok(UserSummary {
        id: user,
        username,
        display_name: DELETED.to_owned(),
        avatar: None,
    })
}
