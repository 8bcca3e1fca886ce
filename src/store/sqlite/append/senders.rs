//! Recent senders: their memberships, their restrictions, and the counters of their rooms.

use foldhash::{HashMap, HashSet};
use sqlx::SqliteConnection;

use crate::{
    domain::{AvatarVersion, PostingRestrictions, RoomId, Timestamp, UserId, UserSummary},
    store::sqlite::{
        append::job::{AppendJob, MemberKey},
        json::json,
        read::rows::to_role,
    },
};

/// Maximum number of cached senders.
const MAX_CACHED: usize = 4096;

/// A member who sends, with everything that decides whether they may.
pub(in crate::store) struct Sender {
    pub(in crate::store) author: UserSummary,
    pub(in crate::store) restraints: PostingRestrictions,
    members: i64,
    /// Whether the other member of a direct room has blocked the sender.
    pub(in crate::store) blocked: bool,
}

impl Sender {
    pub(in crate::store) fn may_name_room(&self) -> bool {
        self.restraints.role.may_name_room(self.members)
    }
}

/// Counters of a room.
#[derive(Clone, Copy)]
pub(in crate::store) struct RoomCounters {
    pub(in crate::store) seq: i64,
    pub(in crate::store) rev: i64,
    pub(in crate::store) text_count: i64,
}

/// Cache of recent senders and their rooms.
///
/// The writer keeps it across transactions, so that frequent senders are not looked up for each message. There is no
/// other writer, so it knows when entries may be outdated: after every write that is neither a message nor
/// [uncached](crate::store::sqlite::write::writer::Writer::write_uncached), and after a rollback.
#[derive(Default)]
pub(in crate::store) struct Senders {
    members: HashMap<MemberKey, Sender>,
    rooms: HashMap<RoomId, RoomCounters>,
}

impl Senders {
    /// Returns a sender who is in the room, and the counters of the room.
    pub(in crate::store) fn get_mut(
        &mut self,
        place: &MemberKey,
    ) -> Option<(&mut Sender, &mut RoomCounters)> {
        Some((self.members.get_mut(place)?, self.rooms.get_mut(&place.0)?))
    }

    /// Empties the cache.
    pub(in crate::store) fn forget(&mut self) {
        self.members.clear();
        self.rooms.clear();
    }

    /// Looks up the senders that are not cached.
    pub(in crate::store) async fn load(
        &mut self,
        conn: &mut SqliteConnection,
        jobs: &[&mut AppendJob],
    ) -> Result<(), sqlx::Error> {
        let places = jobs.iter().map(|job| (job.append.room, job.append.author));
        let unknown = places.filter(|place| !self.members.contains_key(place));
        let unknown: HashSet<MemberKey> = unknown.collect();
        if unknown.is_empty() {
            return Ok(());
        }
        if self.members.len() + unknown.len() > MAX_CACHED {
            self.forget();
            let places = jobs.iter().map(|job| (job.append.room, job.append.author));
            let places = places.collect();
            return self.read(conn, &places).await;
        }
        self.read(conn, &unknown).await
    }

    async fn read(
        &mut self,
        conn: &mut SqliteConnection,
        places: &HashSet<MemberKey>,
    ) -> Result<(), sqlx::Error> {
        let places = json(places)?;
        let rows = sqlx::query!(
            r#"select m.room_id as "room_id!", m.user_id as "user_id!", m.role as "role!",
                  u.username as "username!", u.display_name as "display_name!", u.avatar,
                  r.last_seq as "last_seq!", r.last_rev as "last_rev!", r.text_count as "text_count!",
                  r.member_count as "member_count!", r.slow_mode_s as "slow_mode_s!", r.locked as "locked!: bool",
                  s.muted_until as "muted_until?", s.said_at as "said_at?",
                  r.kind = 'direct' and r.member_count = 2 and exists (
                      select 1 from blocks b join memberships o on o.user_id = b.blocker_id
                      where b.blocked_id = m.user_id and o.room_id = m.room_id) as "blocked!: bool"
           from json_each(?1) j
           join memberships m on m.room_id = j.value ->> 0 and m.user_id = j.value ->> 1
           join users u on u.id = m.user_id
           join rooms r on r.id = m.room_id and r.deleted_at is null
           left join restraints s on s.room_id = m.room_id and s.user_id = m.user_id"#,
            places
        )
        .fetch_all(conn)
        .await?;
        for row in rows {
            let (room, user) = (RoomId(row.room_id), UserId(row.user_id));
            let author = UserSummary {
                id: user,
                username: row.username,
                display_name: row.display_name,
                avatar: row.avatar.map(AvatarVersion),
            };
            let restraints = PostingRestrictions {
                role: to_role(&row.role)?,
                muted_until: Timestamp(row.muted_until.unwrap_or_default()),
                said_at: Timestamp(row.said_at.unwrap_or_default()),
                slow_mode_s: row.slow_mode_s,
                locked: row.locked,
            };
            let sender = Sender {
                author,
                restraints,
                members: row.member_count,
                blocked: row.blocked,
            };
            self.members.insert((room, user), sender);
            // In this transaction, a cached room may be ahead of the database.
            self.rooms.entry(room).or_insert(RoomCounters {
                seq: row.last_seq,
                rev: row.last_rev,
                text_count: row.text_count,
            });
        }
        Ok(())
    }
}
