//! Changes of posted messages in SQLite.
//!
//! Each change takes the room's next `rev` in its transaction and publishes the message as read back. So live clients
//! and later readers see the same.

use sqlx::SqliteConnection;

use super::{
    Sqlite,
    append::{attachments, mentions},
    audit,
    command_keys::{self, KeyedCommand},
    read::{current_message::current_message, rows::to_role},
    write::request::WriterState,
};
use crate::{
    domain::{
        Action, Body, Change, ChangeKind, Key, MentionTokens, Message, Permission,
        PostingRestriction, PostingRestrictions, Role, RoomId, RoomKind, Seq, Timestamp, UserId,
        Version, audit::NewAuditEntry,
    },
    store::{AlterOutcome, Alteration, StoreError, Versions},
};

/// Maximum number of versions in one answer, the latest ones.
const VERSIONS: i64 = 200;

/// A message to change, and the facts that decide whether the user may.
pub(super) struct Target {
    pub(super) id: i64,
    pub(super) author: UserId,
    pub(super) is_text: bool,
    has_files: bool,
    pub(super) body: String,
    pub(super) created_at: Timestamp,
    pub(super) role: Role,
    pub(super) kind: RoomKind,
    pub(super) members: i64,
    /// Restriction on the user's posting.
    pub(super) restraint: Option<PostingRestriction>,
    /// Whether the other member of a direct room has blocked the user.
    pub(super) blocked: bool,
}

impl Target {
    /// Returns why the user may not post in the room, which includes edits of older messages.
    pub(super) fn refusal(&self) -> Option<AlterOutcome> {
        if self.blocked {
            return Some(AlterOutcome::Blocked);
        }
        self.restraint.map(AlterOutcome::Restrained)
    }
}

impl Sqlite {
    pub(in crate::store) async fn edit_message(
        &self,
        which: Alteration,
        body: Body,
        named: MentionTokens,
        window_ms: Option<i64>,
        key: Option<Key>,
    ) -> Result<AlterOutcome, StoreError> {
        let command = KeyedCommand::edit(key, which.seq, &body)?;
        self.writer
            .write_in_room(which.room, move |tx| {
                Box::pin(command_keys::once(tx, which, command, move |tx| {
                    Box::pin(edit(tx, which, body, named, window_ms))
                }))
            })
            .await
    }

    pub(in crate::store) async fn delete_message(
        &self,
        which: Alteration,
        key: Option<Key>,
    ) -> Result<AlterOutcome, StoreError> {
        let command = KeyedCommand::delete(key, which.seq)?;
        self.writer
            .write_in_room(which.room, move |tx| {
                Box::pin(command_keys::once(tx, which, command, move |tx| {
                    Box::pin(delete(tx, which))
                }))
            })
            .await
    }

    pub(in crate::store) async fn versions(
        &self,
        room: RoomId,
        reader: UserId,
        seq: Seq,
        min_role: Option<Role>,
    ) -> Result<Versions, StoreError> {
        let Some(min_role) = min_role else {
            return Ok(Versions::Forbidden);
        };
        let rows = sqlx::query!(
            r#"select me.role, m.body, coalesce(m.edited_at, m.created_at) as "written_at!: i64",
                      v.version as "version?", v.body as "old_body?", v.written_at as "old_written_at?"
               from memberships me
               join messages m on m.room_id = me.room_id and m.seq = ?3
               left join message_versions v on v.message_id = m.id
               where me.room_id = ?1 and me.user_id = ?2 and m.deleted_at is null
               order by v.version desc limit +?4"#,
            room.0,
            reader.0,
            seq.0,
            VERSIONS
        )
        .fetch_all(&self.readers)
        .await?;
        let Some(first) = rows.first() else {
            return Ok(Versions::NotFound);
        };
        if to_role(&first.role)? < min_role {
            return Ok(Versions::Forbidden);
        }
        let latest = Version {
            version: first.version.unwrap_or_default() + 1,
            body: first.body.clone(),
            written_at: Timestamp(first.written_at),
        };
        let older = rows.into_iter().rev().filter_map(|row| {
            Some(Version {
                version: row.version?,
                body: row.old_body?,
                written_at: Timestamp(row.old_written_at?),
            })
        });
        Ok(Versions::Read(older.chain([latest]).collect()))
    }
}

async fn edit(
    tx: &mut WriterState,
    which: Alteration,
    body: Body,
    named: MentionTokens,
    window_ms: Option<i64>,
) -> Result<AlterOutcome, sqlx::Error> {
    let target = match target(&mut tx.conn, which).await? {
        Ok(target) => target,
        Err(refusal) => return Ok(refusal),
    };
    if target.author != which.by || !target.is_text {
        return Ok(AlterOutcome::Forbidden(Permission::EditMessages));
    }
    if let Some(refusal) = target.refusal() {
        return Ok(refusal);
    }
    if body.as_str().is_empty() && !target.has_files {
        return Ok(AlterOutcome::Blank);
    }
    if target.body == body.as_str() {
        return current_message(tx, which).await.map(done);
    }
    let age = which.at.0.saturating_sub(target.created_at.0);
    if window_ms.is_some_and(|window| age > window) {
        return Ok(AlterOutcome::TooLate);
    }
    sqlx::query!(
        "insert into message_versions (message_id, version, body, written_at)
         select m.id, (select coalesce(max(version), 0) + 1 from message_versions where message_id = m.id),
                m.body, coalesce(m.edited_at, m.created_at)
         from messages m where m.id = ?1",
        target.id
    )
    .execute(&mut tx.conn)
    .await?;

    let ids = mentions::resolve(&mut tx.conn, which.room, &named).await?;
    let names_room = named.room && target.role.may_name_room(target.members);
    let flags = i64::from(!ids.is_empty()) | if names_room { mentions::NAMES_ROOM } else { 0 };
    let keep = !(mentions::NAMES_SOMEBODY | mentions::NAMES_ROOM);
    let (body, mentioned) = (body.as_str(), mentions::as_json(&ids));
    sqlx::query!(
        "update messages set body = ?2, edited_at = ?3, mentions = ?4, flags = (flags & ?5) | ?6 where id = ?1",
        target.id,
        body,
        which.at.0,
        mentioned,
        keep,
        flags
    )
    .execute(&mut tx.conn)
    .await?;
    // Users who were mentioned before are not notified again: the count is by message.
    mentions::forget(&mut tx.conn, which.room, which.seq).await?;
    let message = changed(tx, which, target.id, ChangeKind::Text).await?;
    mentions::note(&mut tx.conn, std::iter::once(&message)).await?;
    Ok(done(message))
}

async fn delete(tx: &mut WriterState, which: Alteration) -> Result<AlterOutcome, sqlx::Error> {
    let target = match target(&mut tx.conn, which).await? {
        Ok(target) => target,
        Err(refusal) => return Ok(refusal),
    };
    let may = target.author == which.by || target.role.may(Permission::DeleteMessages);
    if !(may && target.is_text) {
        return Ok(AlterOutcome::Forbidden(Permission::DeleteMessages));
    }
    if target.author != which.by {
        let deed = NewAuditEntry {
            action: Action::DeleteMessage,
            actor: which.by,
            address: which.address,
            room: Some(which.room),
            target: Some(target.author),
            seq: Some(which.seq),
            detail: None,
        };
        audit::audit(tx, deed, which.at).await?;
    }
    delete_message(tx, which, target.id).await.map(done)
}

/// Deletes the content of a message, in the caller's transaction. The caller has checked the permission.
pub(super) async fn delete_message(
    tx: &mut WriterState,
    which: Alteration,
    id: i64,
) -> Result<Message, sqlx::Error> {
    sqlx::query!("delete from message_versions where message_id = ?1", id)
        .execute(&mut tx.conn)
        .await?;
    sqlx::query!("delete from reactions where message_id = ?1", id)
        .execute(&mut tx.conn)
        .await?;
    attachments::detach(&mut tx.conn, id).await?;
    mentions::forget(&mut tx.conn, which.room, which.seq).await?;
    sqlx::query!(
        "update messages set body = '', edited_at = null, deleted_at = ?2, mentions = null, pinned_at = null,
                flags = flags & ?3
         where id = ?1",
        id,
        which.at.0,
        mentions::IS_REPLY
    )
    .execute(&mut tx.conn)
    .await?;
    changed(tx, which, id, ChangeKind::Deletion).await
}

pub(super) fn done(message: Message) -> AlterOutcome {
    AlterOutcome::Done(Box::new(message))
}

/// Returns the message if it exists and the user is in the room.
pub(super) async fn target(
    conn: &mut SqliteConnection,
    which: Alteration,
) -> Result<Result<Target, AlterOutcome>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select me.role, r.kind as room_kind, r.member_count, r.locked as "locked: bool",
                  s.muted_until as "muted_until?",
                  r.kind = 'direct' and r.member_count = 2 and exists (
                      select 1 from blocks b join memberships o on o.user_id = b.blocker_id
                      where b.blocked_id = me.user_id and o.room_id = me.room_id) as "blocked!: bool",
                  m.id as "id?", m.author_id as "author_id?",
                  m.kind as "kind?", m.flags as "flags?", m.body as "body?", m.created_at as "created_at?"
           from memberships me
           join rooms r on r.id = me.room_id
           left join restraints s on s.room_id = me.room_id and s.user_id = me.user_id
           left join messages m on m.room_id = r.id and m.seq = ?3 and m.deleted_at is null
           where me.room_id = ?1 and me.user_id = ?2"#,
        which.room.0,
        which.by.0,
        which.seq.0
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(Err(AlterOutcome::NotMember));
    };
    let (Some(id), Some(author), Some(kind), Some(body), Some(created_at)) =
        (row.id, row.author_id, row.kind, row.body, row.created_at)
    else {
        return Ok(Err(AlterOutcome::NoSuchMessage));
    };
    let role = to_role(&row.role)?;
    let restraints = PostingRestrictions {
        role,
        muted_until: Timestamp(row.muted_until.unwrap_or_default()),
        said_at: Timestamp::default(),
        slow_mode_s: 0,
        locked: row.locked,
    };
    Ok(Ok(Target {
        restraint: restraints.on_changing(which.at),
        id,
        author: UserId(author),
        is_text: kind == "text",
        has_files: row
            .flags
            .is_some_and(|flags| flags & mentions::HAS_FILES > 0),
        blocked: row.blocked,
        body,
        created_at: Timestamp(created_at),
        role,
        kind: RoomKind::parse(&row.room_kind)
            .ok_or_else(|| super::read::rows::corrupt("room kind", &row.room_kind))?,
        members: row.member_count,
    }))
}

/// Gives the change the room's next `rev` and queues it for publication after the commit.
pub(super) async fn changed(
    tx: &mut WriterState,
    which: Alteration,
    id: i64,
    change_kind: ChangeKind,
) -> Result<Message, sqlx::Error> {
    let rev = sqlx::query_scalar!(
        "update rooms set last_rev = last_rev + 1 where id = ?1 returning last_rev",
        which.room.0
    )
    .fetch_one(&mut tx.conn)
    .await?;
    sqlx::query!(
        "update messages set rev = ?2, first_rev = coalesce(first_rev, rev) where id = ?1",
        id,
        rev
    )
    .execute(&mut tx.conn)
    .await?;
    let message = current_message(tx, which).await?;
    tx.changes.push(Change::AlterOutcome {
        message: message.clone(),
        change_kind,
    });
    Ok(message)
}

/// Sets the bit `flag` of a message to that of `value`.
pub(super) async fn set_flag(
    conn: &mut SqliteConnection,
    id: i64,
    flag: i64,
    value: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update messages set flags = (flags & ~?2) | ?3 where id = ?1",
        id,
        flag,
        value
    )
    .execute(conn)
    .await?;
    Ok(())
}
