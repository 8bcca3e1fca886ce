//! Rooms in SQLite.

use sqlx::SqliteConnection;

use super::{
    Sqlite,
    append::system::append_system,
    audit::audit,
    members,
    read::rows::{RoomRow, limit_json},
    restraints::{self, restrict},
    write::request::WriterState,
};
use crate::{
    domain::{
        AccessCode, Action, Actor, Change, CreatedRoom, Permission, Role, Room, RoomId, RoomLimit,
        SystemEvent, Timestamp, UserId, audit::NewAuditEntry,
    },
    store::{NewRoom, RoomActionOutcome, RoomEdit, StoreError},
};

async fn room(conn: &mut SqliteConnection, room: RoomId) -> Result<Option<Room>, sqlx::Error> {
    let row = sqlx::query_as!(
        RoomRow,
        r#"select id, name, topic, kind, last_seq, last_rev, member_count, slow_mode_s,
                  locked as "locked: bool", created_at
           from rooms where id = ?1 and deleted_at is null"#,
        room.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(Room::try_from).transpose()
}

async fn set_access_code(
    conn: &mut SqliteConnection,
    room: RoomId,
    by: UserId,
    code: &AccessCode,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let code = code.canonical();
    sqlx::query!(
        "delete from invites where room_id = ?1 and standing = 1",
        room.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into invites (room_id, code, created_by, created_at, standing) values (?1, ?2, ?3, ?4, 1)",
        room.0,
        code,
        by.0,
        now.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a room, in the caller's transaction. The caller has checked the permission. Its messages are deleted later
/// in slices.
pub(super) async fn delete_room(
    tx: &mut WriterState,
    room: RoomId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update rooms set deleted_at = ?2, member_count = 0 where id = ?1 and deleted_at is null",
        room.0,
        now.0
    )
    .execute(&mut tx.conn)
    .await?;
    sqlx::query!("delete from memberships where room_id = ?1", room.0)
        .execute(&mut tx.conn)
        .await?;
    sqlx::query!("delete from invites where room_id = ?1", room.0)
        .execute(&mut tx.conn)
        .await?;
    tx.changes.push(Change::RoomDeleted(room));
    Ok(())
}

impl Sqlite {
    pub(in crate::store) async fn create_room(
        &self,
        new: NewRoom,
        now: Timestamp,
    ) -> Result<Option<CreatedRoom>, StoreError> {
        let max_rooms = self.rooms_per_user;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let owner = new.owner.id;
                    if members::rooms_of(&mut tx.conn, owner).await? >= max_rooms {
                        return Ok(None);
                    }
                    let (name, topic, kind) =
                        (new.name.as_str(), new.topic.as_str(), new.kind.as_str());
                    let id = sqlx::query_scalar!(
                        r#"insert into rooms (name, topic, kind, created_at) values (?1, ?2, ?3, ?4)
                           returning id as "id!: i64""#,
                        name,
                        topic,
                        kind,
                        now.0
                    )
                    .fetch_one(&mut tx.conn)
                    .await?;
                    let id = RoomId(id);
                    members::add(&mut tx.conn, id, owner, Role::Owner, now).await?;
                    set_access_code(&mut tx.conn, id, owner, &new.code, now).await?;
                    let message =
                        append_system(&mut tx.conn, id, new.owner, SystemEvent::Created, now)
                            .await?;
                    tx.changes.push(Change::RoomCreated {
                        user: owner,
                        message,
                    });
                    let made = room(&mut tx.conn, id).await?;
                    Ok(made.map(|room| CreatedRoom {
                        room,
                        access_code: new.code,
                    }))
                })
            })
            .await
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one transaction with one step for each setting"
    )]
    pub(in crate::store) async fn edit_room(
        &self,
        id: RoomId,
        by: Actor,
        edit: RoomEdit,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<Room>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let renames = edit.name.as_ref().map(|_| Permission::Rename);
                    let retopics = edit.topic.as_ref().map(|_| Permission::SetTopic);
                    let restricts = edit.slow_mode.is_some() || edit.locked.is_some();
                    let restricts = restricts.then_some(Permission::Restrict);
                    for permission in renames.into_iter().chain(retopics).chain(restricts) {
                        match members::ruled(&mut tx.conn, id, by.id(), permission).await? {
                            RoomActionOutcome::Done(()) => {}
                            RoomActionOutcome::NotMember => {
                                return Ok(RoomActionOutcome::NotMember);
                            }
                            RoomActionOutcome::Forbidden(permission) => {
                                return Ok(RoomActionOutcome::Forbidden(permission));
                            }
                        }
                    }
                    // All members read the topic, so members who may not post may not set it.
                    let voice = restraints::of(&mut tx.conn, id, by.id()).await?;
                    if edit.topic.is_some()
                        && voice.is_some_and(|voice| voice.on_changing(now).is_some())
                    {
                        return Ok(RoomActionOutcome::Forbidden(Permission::SetTopic));
                    }
                    let Some(before) = room(&mut tx.conn, id).await? else {
                        return Ok(RoomActionOutcome::NotMember);
                    };
                    let mut events = restrict(tx, &before, &edit, &by, now).await?;
                    if let Some(name) = edit.name.map(crate::domain::RoomName::into_string)
                        && name != before.name
                    {
                        sqlx::query!("update rooms set name = ?2 where id = ?1", id.0, name)
                            .execute(&mut tx.conn)
                            .await?;
                        events.push(SystemEvent::Renamed { name });
                    }
                    if let Some(topic) = edit.topic.map(crate::domain::Topic::into_string)
                        && topic != before.topic
                    {
                        sqlx::query!("update rooms set topic = ?2 where id = ?1", id.0, topic)
                            .execute(&mut tx.conn)
                            .await?;
                        events.push(SystemEvent::Topic { topic });
                    }
                    if events.is_empty() {
                        return Ok(RoomActionOutcome::Done(before));
                    }
                    for event in events {
                        let message =
                            append_system(&mut tx.conn, id, by.author.clone(), event, now).await?;
                        tx.changes.push(Change::Message(message));
                    }
                    let Some(after) = room(&mut tx.conn, id).await? else {
                        return Ok(RoomActionOutcome::NotMember);
                    };
                    tx.changes.push(Change::RoomChanged(after.clone()));
                    Ok(RoomActionOutcome::Done(after))
                })
            })
            .await
    }

    pub(in crate::store) async fn delete_room(
        &self,
        room: RoomId,
        by: Actor,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<()>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let ruled =
                        members::ruled(&mut tx.conn, room, by.id(), Permission::DeleteRoom).await?;
                    if !matches!(ruled, RoomActionOutcome::Done(())) {
                        return Ok(ruled);
                    }
                    delete_room(tx, room, now).await?;
                    audit(
                        tx,
                        NewAuditEntry::new(Action::RoomDelete, &by).in_room(room),
                        now,
                    )
                    .await?;
                    Ok(ruled)
                })
            })
            .await
    }

    pub(in crate::store) async fn purge_deleted_rooms(
        &self,
        slice: i64,
    ) -> Result<bool, StoreError> {
        let doomed = sqlx::query_scalar!(
            r#"select id as "id!: i64" from rooms where deleted_at is not null order by deleted_at limit 1"#
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(room) = doomed else { return Ok(false) };
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    // Files first: without their message they would count as unused uploads.
                    let files = sqlx::query!(
                        "update files set state = 'gone', message_id = null
                         where id in (select id from files where room_id = ?1 and state <> 'gone' limit +?2)",
                        room,
                        slice
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if files.rows_affected() > 0 {
                        return Ok(true);
                    }
                    let gone = sqlx::query!(
                        "delete from messages where id in (select id from messages where room_id = ?1 limit +?2)",
                        room,
                        slice
                    )
                    .execute(&mut tx.conn)
                    .await?;
                    if gone.rows_affected() > 0 {
                        return Ok(true);
                    }
                    sqlx::query!("delete from rooms where id = ?1", room).execute(&mut tx.conn).await?;
                    Ok(true)
                })
            })
            .await
    }

    pub(in crate::store) async fn public_rooms(
        &self,
        user: UserId,
        limit_to: &RoomLimit,
        after: RoomId,
        limit: i64,
    ) -> Result<Vec<(Room, bool)>, StoreError> {
        let limit_to = limit_json(limit_to)?;
        let rows = sqlx::query!(
            r#"select r.id as "id!", r.name, r.topic, r.kind, r.last_seq, r.last_rev, r.member_count,
                      r.slow_mode_s, r.locked as "locked: bool", r.created_at,
                      exists (select 1 from memberships m where m.room_id = r.id and m.user_id = ?1) as "joined!: bool"
               from rooms r where r.kind = 'public' and r.deleted_at is null and r.id > ?2
                    and not exists (select 1 from bans b where b.room_id = r.id and b.user_id = ?1)
                    and (?4 is null or r.id in (select value from json_each(?4)))
               order by r.id limit +?3"#,
            user.0,
            after.0,
            limit,
            limit_to
        )
        .fetch_all(&self.readers)
        .await?;
        let rooms = rows.into_iter().map(|row| {
            let room = Room::try_from(RoomRow {
                id: row.id,
                name: row.name,
                topic: row.topic,
                kind: row.kind,
                last_seq: row.last_seq,
                last_rev: row.last_rev,
                member_count: row.member_count,
                slow_mode_s: row.slow_mode_s,
                locked: row.locked,
                created_at: row.created_at,
            })?;
            Ok((room, row.joined))
        });
        Ok(rooms.collect::<Result<_, sqlx::Error>>()?)
    }

    pub(in crate::store) async fn access_code(
        &self,
        room: RoomId,
    ) -> Result<Option<AccessCode>, StoreError> {
        let code = sqlx::query_scalar!(
            "select code from invites where room_id = ?1 and standing = 1",
            room.0
        )
        .fetch_optional(&self.readers)
        .await?;
        Ok(code.as_deref().and_then(AccessCode::parse))
    }

    pub(in crate::store) async fn replace_access_code(
        &self,
        room: RoomId,
        by: Actor,
        code: AccessCode,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<()>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let ruled =
                        members::ruled(&mut tx.conn, room, by.id(), Permission::Invite).await?;
                    if matches!(ruled, RoomActionOutcome::Done(())) {
                        set_access_code(&mut tx.conn, room, by.id(), &code, now).await?;
                        audit(
                            tx,
                            NewAuditEntry::new(Action::AccessCode, &by).in_room(room),
                            now,
                        )
                        .await?;
                    }
                    Ok(ruled)
                })
            })
            .await
    }
}
