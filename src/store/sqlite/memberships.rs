//! Memberships with their rooms, unread counts and roles, in SQLite.

use super::{Sqlite, read::rows::StandingRow};
use crate::{
    domain::{AvatarVersion, Membership, RoomId, UserId, UserSummary},
    store::{MemberRow, StoreError},
};

impl Sqlite {
    pub(in crate::store) async fn rooms_of(
        &self,
        user: UserId,
    ) -> Result<Vec<Membership>, StoreError> {
        let rows = sqlx::query_as!(
            StandingRow,
            r#"select r.id as "id!", r.name, r.topic, r.kind, r.last_seq, r.last_rev, r.member_count,
                      r.slow_mode_s, r.locked as "locked: bool", r.created_at, s.muted_until as "muted_until?",
                      case when r.kind = 'direct' then (
                          select json_group_array(json_object(
                              'id', p.id, 'username', p.username, 'display_name', p.display_name,
                              'avatar', p.avatar))
                          from memberships x join users p on p.id = x.user_id where x.room_id = r.id)
                      end as "people?: String", m.user_id as "user_id!",
                      m.role, m.read_seq, m.read_generation, m.notify, r.text_count - m.read_text_count as "unread!: i64",
                      (select count(*) from mentions x
                       where x.user_id = m.user_id and x.room_id = m.room_id and x.seq > m.read_seq)
                    + (select count(*) from room_mentions x
                       where x.room_id = m.room_id and x.seq > m.read_seq and x.author_id <> m.user_id
                         and not exists (select 1 from blocks b
                                         where b.blocker_id = m.user_id and b.blocked_id = x.author_id))
                      as "mentions!: i64"
               from memberships m join rooms r on r.id = m.room_id
               left join restraints s on s.room_id = m.room_id and s.user_id = m.user_id
               where m.user_id = ?1 order by m.room_id"#,
            user.0
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(Membership::try_from)
            .collect::<Result<_, _>>()?)
    }

    pub(in crate::store) async fn room_ids_of(
        &self,
        user: UserId,
    ) -> Result<Vec<RoomId>, StoreError> {
        let ids = sqlx::query_scalar!(
            "select room_id from memberships where user_id = ?1 order by room_id",
            user.0
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(ids.into_iter().map(RoomId).collect())
    }

    pub(in crate::store) async fn member(
        &self,
        room: RoomId,
        user: UserId,
    ) -> Result<Option<MemberRow>, StoreError> {
        let row = sqlx::query!(
            r#"select r.id as "id!", r.name, r.topic, r.kind, r.last_seq, r.last_rev, r.member_count,
                      r.slow_mode_s, r.locked as "locked: bool", r.created_at, s.muted_until as "muted_until?",
                      case when r.kind = 'direct' then (
                          select json_group_array(json_object(
                              'id', p.id, 'username', p.username, 'display_name', p.display_name,
                              'avatar', p.avatar))
                          from memberships x join users p on p.id = x.user_id where x.room_id = r.id)
                      end as "people?: String", m.user_id as "user_id!",
                      m.role, m.read_seq, m.read_generation, m.notify, r.text_count - m.read_text_count as "unread!: i64",
                      (select count(*) from mentions x
                       where x.user_id = m.user_id and x.room_id = m.room_id and x.seq > m.read_seq)
                    + (select count(*) from room_mentions x
                       where x.room_id = m.room_id and x.seq > m.read_seq and x.author_id <> m.user_id
                         and not exists (select 1 from blocks b
                                         where b.blocker_id = m.user_id and b.blocked_id = x.author_id))
                      as "mentions!: i64",
                      u.username, u.display_name, u.avatar
               from memberships m join rooms r on r.id = m.room_id join users u on u.id = m.user_id
               left join restraints s on s.room_id = m.room_id and s.user_id = m.user_id
               where m.room_id = ?1 and m.user_id = ?2"#,
            room.0,
            user.0
        )
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let standing = Membership::try_from(StandingRow {
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
            role: row.role,
            read_seq: row.read_seq,
            read_generation: row.read_generation,
            unread: row.unread,
            mentions: row.mentions,
            notify: row.notify,
            people: row.people,
            user_id: row.user_id,
            muted_until: row.muted_until,
        })?;
        let author = UserSummary {
            id: user,
            username: row.username,
            display_name: row.display_name,
            avatar: row.avatar.map(AvatarVersion),
        };
        Ok(Some(MemberRow { standing, author }))
    }
}
