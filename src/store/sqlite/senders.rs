//! Who wants to write: whether they are in their room, and what keeps them from writing there.

use std::collections::{HashMap, HashSet};

use sqlx::SqliteConnection;

use super::{
    append::{Place, json},
    job::AppendJob,
    rows::to_role,
};
use crate::domain::{Author, Restraints, RoomId, Timestamp, UserId};

/// A member who sends, and what of the room bears on what they may say.
pub(super) struct Sender {
    pub(super) author: Author,
    pub(super) restraints: Restraints,
    members: i64,
    pub(super) last_seq: i64,
    /// Whether the one other person of a direct room does not want to hear of them.
    pub(super) blocked: bool,
}

impl Sender {
    pub(super) fn may_name_room(&self) -> bool {
        self.restraints.role.may_name_room(self.members)
    }
}

/// Who of the senders is in their room.
pub(super) async fn senders(
    conn: &mut SqliteConnection,
    jobs: &[&mut AppendJob],
) -> Result<HashMap<Place, Sender>, sqlx::Error> {
    let places: HashSet<Place> = jobs
        .iter()
        .map(|job| (job.append.room, job.append.author))
        .collect();
    let places = json(&places)?;
    let rows = sqlx::query!(
        r#"select m.room_id as "room_id!", m.user_id as "user_id!", m.role as "role!",
                  u.username as "username!", u.display_name as "display_name!",
                  r.last_seq as "last_seq!", r.member_count as "member_count!",
                  r.slow_mode_s as "slow_mode_s!", r.locked as "locked!: bool",
                  s.muted_until as "muted_until?", s.said_at as "said_at?",
                  r.kind = 'direct' and r.member_count = 2 and exists (
                      select 1 from blocks b join memberships o on o.user_id = b.blocker_id
                      where b.blocked_id = m.user_id and o.room_id = m.room_id) as "blocked!: bool"
           from json_each(?1) j
           join memberships m on m.room_id = j.value ->> 0 and m.user_id = j.value ->> 1
           join users u on u.id = m.user_id
           join rooms r on r.id = m.room_id
           left join restraints s on s.room_id = m.room_id and s.user_id = m.user_id"#,
        places
    )
    .fetch_all(conn)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let user = UserId(row.user_id);
        let author = Author {
            id: user,
            username: row.username,
            display_name: row.display_name,
        };
        let sender = Sender {
            author,
            restraints: Restraints {
                role: to_role(&row.role)?,
                muted_until: Timestamp(row.muted_until.unwrap_or_default()),
                said_at: Timestamp(row.said_at.unwrap_or_default()),
                slow_mode_s: row.slow_mode_s,
                locked: row.locked,
            },
            members: row.member_count,
            last_seq: row.last_seq,
            blocked: row.blocked,
        };
        Ok(((RoomId(row.room_id), user), sender))
    });
    rows.collect()
}
