//! Invites in SQLite.

use std::fmt::Write;

use ring::digest::{SHA256, digest};
use sqlx::SqliteConnection;

use super::{Sqlite, members, read::rows::RoomRow, write::request::WriterState};
use crate::{
    domain::{
        AccessCode, CreatedInvite, Invite, InviteId, Permission, Room, RoomId, RoomKind, Timestamp,
        UserId, UserSummary,
    },
    store::{
        JoinOutcome, MAX_INVITES, NewInvite, RevokeInviteOutcome, RoomActionOutcome, StoreError,
    },
};

/// An invite, found by its code.
pub(super) struct InviteRow {
    id: i64,
    room: RoomId,
    /// Whether it is valid.
    pub(super) admits: bool,
}

/// Returns the stored digest of a code. Codes are 80 random bits, so that a fast hash is enough.
fn kept(code: &AccessCode) -> String {
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, code.canonical().as_bytes()).as_ref() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Returns the invite with a code, valid or not.
pub(super) async fn find(
    conn: &mut SqliteConnection,
    code: &AccessCode,
    now: Timestamp,
) -> Result<Option<InviteRow>, sqlx::Error> {
    let (shown, kept) = (code.canonical(), kept(code));
    let found = sqlx::query!(
        r#"select i.id as "id!: i64", i.room_id,
                  (i.expires_at is null or i.expires_at > ?3)
                  and (i.max_uses is null or i.uses < i.max_uses) as "admits!: bool"
           from invites i join rooms r on r.id = i.room_id
           where r.deleted_at is null and r.kind <> 'direct'
             and (i.code = ?1 and i.standing = 1 or i.code = ?2 and i.standing = 0)"#,
        shown,
        kept,
        now.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| InviteRow {
        id: row.id,
        room: RoomId(row.room_id),
        admits: row.admits,
    }))
}

/// Adds a member by an invite, in the caller's transaction. An existing member spends no use, even of an invite that
/// is no longer valid: the answer to the first join may have been lost.
pub(super) async fn enter(
    tx: &mut WriterState,
    invite: &InviteRow,
    user: UserSummary,
    max_rooms: i64,
    now: Timestamp,
) -> Result<JoinOutcome, sqlx::Error> {
    let (room, id) = (invite.room, user.id);
    let was_in = members::role(&mut tx.conn, room, id).await?.is_some();
    if !was_in && !invite.admits {
        return Ok(JoinOutcome::NoSuchRoom);
    }
    let joined = members::join(tx, room, user, max_rooms, now).await?;
    if !was_in && matches!(joined, JoinOutcome::In(_)) {
        // The single writer runs nothing between the read of the invite and this. If a use too many were spent all the
        // same, the check of the table would fail and undo the join.
        sqlx::query!(
            "update invites set uses = uses + 1,
                 expires_at = case when uses + 1 >= max_uses then ?2 else expires_at end
             where id = ?1",
            invite.id,
            now.0
        )
        .execute(&mut tx.conn)
        .await?;
    }
    Ok(joined)
}

/// Returns whether the room may have one more invite. Invites that are no longer valid count, so that the number of
/// rows is limited, and are deleted if there are too many.
async fn has_space(
    conn: &mut SqliteConnection,
    room: RoomId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    for _ in 0..2 {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!: i64" from invites where room_id = ?1 and standing = 0"#,
            room.0
        )
        .fetch_one(&mut *conn)
        .await?;
        if count < MAX_INVITES {
            return Ok(true);
        }
        sqlx::query!(
            "delete from invites where room_id = ?1 and expires_at <= ?2",
            room.0,
            now.0
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(false)
}

/// Returns whether `by` may invite to the room, now.
async fn may_invite(
    conn: &mut SqliteConnection,
    room: RoomId,
    by: UserId,
) -> Result<RoomActionOutcome<()>, sqlx::Error> {
    let ruled = members::ruled(&mut *conn, room, by, Permission::Invite).await?;
    if !matches!(ruled, RoomActionOutcome::Done(())) {
        return Ok(ruled);
    }
    let kind = sqlx::query_scalar!("select kind from rooms where id = ?1", room.0)
        .fetch_one(conn)
        .await?;
    // The members of a direct room are fixed, whatever their roles.
    Ok(if kind == RoomKind::Direct.as_str() {
        RoomActionOutcome::Forbidden(Permission::Invite)
    } else {
        ruled
    })
}

impl Sqlite {
    pub(in crate::store) async fn join_by_code(
        &self,
        user: UserSummary,
        code: AccessCode,
        now: Timestamp,
    ) -> Result<JoinOutcome, StoreError> {
        let max_rooms = self.rooms_per_user;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    match find(&mut tx.conn, &code, now).await? {
                        Some(invite) => enter(tx, &invite, user, max_rooms, now).await,
                        None => Ok(JoinOutcome::NoSuchRoom),
                    }
                })
            })
            .await
    }

    pub(in crate::store) async fn create_invite(
        &self,
        new: NewInvite,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<Option<CreatedInvite>>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let NewInvite { room, by, code, terms } = new;
                    match may_invite(&mut tx.conn, room, by).await? {
                        RoomActionOutcome::Done(()) => {}
                        RoomActionOutcome::NotMember => return Ok(RoomActionOutcome::NotMember),
                        RoomActionOutcome::Forbidden(permission) => return Ok(RoomActionOutcome::Forbidden(permission)),
                    }
                    if !has_space(&mut tx.conn, room, now).await? {
                        return Ok(RoomActionOutcome::Done(None));
                    }
                    let expires_at = terms.lasts.map(|lasts| now.plus(lasts));
                    let (kept, expires) = (kept(&code), expires_at.map(|at| at.0));
                    let id = sqlx::query_scalar!(
                        r#"insert into invites (room_id, code, created_by, created_at, standing, expires_at, max_uses)
                           values (?1, ?2, ?3, ?4, 0, ?5, ?6) returning id as "id!: i64""#,
                        room.0,
                        kept,
                        by.0,
                        now.0,
                        expires,
                        terms.max_uses
                    )
                    .fetch_one(&mut tx.conn)
                    .await?;
                    let invite = Invite {
                        id: InviteId(id),
                        created_by: by,
                        created_at: now,
                        expires_at,
                        max_uses: terms.max_uses,
                        uses: 0,
                        standing: false,
                    };
                    Ok(RoomActionOutcome::Done(Some(CreatedInvite { invite, code })))
                })
            })
            .await
    }

    pub(in crate::store) async fn invites(
        &self,
        room: RoomId,
        now: Timestamp,
    ) -> Result<Vec<Invite>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id!: i64", created_by, created_at, expires_at, max_uses, uses,
                      standing as "standing!: bool"
               from invites where room_id = ?1 and (expires_at is null or expires_at > ?2) order by id"#,
            room.0,
            now.0
        )
        .fetch_all(&self.readers)
        .await?;
        let invites = rows.into_iter().map(|row| Invite {
            id: InviteId(row.id),
            created_by: UserId(row.created_by),
            created_at: Timestamp(row.created_at),
            expires_at: row.expires_at.map(Timestamp),
            max_uses: row.max_uses,
            uses: row.uses,
            standing: row.standing,
        });
        Ok(invites.collect())
    }

    pub(in crate::store) async fn revoke_invite(
        &self,
        room: RoomId,
        by: UserId,
        invite: InviteId,
    ) -> Result<RoomActionOutcome<RevokeInviteOutcome>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    match members::ruled(&mut tx.conn, room, by, Permission::Invite).await? {
                        RoomActionOutcome::Done(()) => {}
                        RoomActionOutcome::NotMember => return Ok(RoomActionOutcome::NotMember),
                        RoomActionOutcome::Forbidden(permission) => return Ok(RoomActionOutcome::Forbidden(permission)),
                    }
                    let standing = sqlx::query_scalar!(
                        r#"select standing as "standing!: bool" from invites where id = ?1 and room_id = ?2"#,
                        invite.0,
                        room.0
                    )
                    .fetch_optional(&mut tx.conn)
                    .await?;
                    match standing {
                        None => return Ok(RoomActionOutcome::Done(RevokeInviteOutcome::NoSuchInvite)),
                        Some(true) => return Ok(RoomActionOutcome::Done(RevokeInviteOutcome::Standing)),
                        Some(false) => {}
                    }
                    sqlx::query!("delete from invites where id = ?1", invite.0)
                        .execute(&mut tx.conn)
                        .await?;
                    Ok(RoomActionOutcome::Done(RevokeInviteOutcome::Done))
                })
            })
            .await
    }

    pub(in crate::store) async fn invited_to(
        &self,
        code: AccessCode,
        now: Timestamp,
    ) -> Result<Option<Room>, StoreError> {
        let mut reader = self.readers.acquire().await?;
        let found = find(&mut reader, &code, now).await?;
        let Some(InviteRow {
            room, admits: true, ..
        }) = found
        else {
            return Ok(None);
        };
        let row = sqlx::query_as!(
            RoomRow,
            r#"select id, name, topic, kind, last_seq, last_rev, member_count, slow_mode_s,
                      locked as "locked: bool", created_at
               from rooms where id = ?1 and deleted_at is null"#,
            room.0
        )
        .fetch_optional(&mut *reader)
        .await?;
        Ok(row.map(Room::try_from).transpose()?)
    }

    pub(in crate::store) async fn forget_invites(
        &self,
        over_by: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query!("delete from invites where expires_at <= ?1", over_by.0)
                        .execute(&mut tx.conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
