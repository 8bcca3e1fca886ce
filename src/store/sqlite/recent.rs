//! What of rooms is read often, kept until something changes: the newest page as it goes out, and the last
//! changes.
//!
//! Only the writer changes anything, and it forgets a page after the commit that made it old and
//! before anybody is told of that commit. So nobody who was told of a change, by an ack, the answer to a
//! write or a live frame, reads what was before it.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dashmap::{DashMap, Entry};

use super::tails::Tails;
use crate::{
    domain::{Change, Rev, RoomId, UserId},
    store::{Changes, Most, Rendered},
};

/// Rooms whose page is kept at most.
const MOST_ROOMS: usize = 256;
/// Readers of a page that are remembered at most; others read it anew.
const MOST_READERS: usize = 1024;
/// A page with more bytes is not kept.
const MOST_BYTES: usize = 64 * 1024;

/// The pages that are kept. Cloning it is cheap.
#[derive(Clone, Default)]
pub(super) struct Recent(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rooms: DashMap<RoomId, Kept>,
    tails: Tails,
    forgotten: Forgotten,
}

/// Counts what was forgotten: of all rooms, and of some together, so that a busy one keeps few others from
/// being kept.
struct Forgotten {
    all: AtomicU64,
    some: [AtomicU64; 64],
}

struct Kept {
    page: Rendered,
    /// Who is known to be in the room, and may see it.
    readers: HashSet<UserId>,
}

/// When a page was looked for in vain: it is kept only if nothing was forgotten since.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Missed {
    all: u64,
    some: u64,
}

impl Recent {
    /// The page of a room, if it is kept and that reader may see it.
    pub(super) fn get(&self, room: RoomId, reader: UserId) -> Result<Rendered, Missed> {
        let missed = self.look(room);
        let kept = self.0.rooms.get(&room).ok_or(missed)?;
        if kept.readers.contains(&reader) {
            Ok(kept.page.clone())
        } else {
            Err(missed)
        }
    }

    /// Keeps a page that was read after it was missed, by somebody who was in the room then.
    pub(super) fn keep(&self, room: RoomId, reader: UserId, page: &Rendered, missed: Missed) {
        if page.body.len() > MOST_BYTES {
            return;
        }
        if self.0.rooms.len() >= MOST_ROOMS && !self.0.rooms.contains_key(&room) {
            self.0.rooms.clear();
        }
        let entry = self.0.rooms.entry(room);
        // Looked at while the room's place is held: who forgets counts first and takes away then.
        if self.look(room) != missed {
            return;
        }
        match entry {
            Entry::Occupied(mut kept) => {
                let readers = &mut kept.get_mut().readers;
                if readers.len() < MOST_READERS {
                    readers.insert(reader);
                }
            }
            Entry::Vacant(place) => {
                place.insert(Kept {
                    page: page.clone(),
                    readers: HashSet::from([reader]),
                });
            }
        }
    }

    /// To be asked before something is read that may be kept.
    pub(super) fn look(&self, room: RoomId) -> Missed {
        let forgotten = &self.0.forgotten;
        Missed {
            all: forgotten.all.load(Ordering::SeqCst),
            some: forgotten.counter(room).load(Ordering::SeqCst),
        }
    }

    /// The changes of a room behind a `rev`, if they are kept and that reader may see them.
    pub(super) fn changes(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        most: Most,
    ) -> Result<Changes, Missed> {
        let missed = self.look(room);
        self.0.tails.get(room, reader, after, most).ok_or(missed)
    }

    /// Keeps changes that were read after they were missed, by somebody who was in the room then.
    pub(super) fn keep_changes(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        changes: &Changes,
        missed: Missed,
    ) {
        let tails = &self.0.tails;
        tails.keep(room, reader, after, changes, || self.look(room) == missed);
    }

    /// Notes that somebody was in a room, after a [`look`](Self::look).
    pub(super) fn admit(&self, room: RoomId, reader: UserId, missed: Missed) {
        let tails = &self.0.tails;
        // Messages put nobody out of a room by themselves.
        tails.admit(room, reader, || self.look(room).all == missed.all);
    }

    /// Forgets what these changes have made old.
    pub(super) fn forget(&self, changes: &[Change]) {
        let mut rooms = HashSet::new();
        for change in changes {
            match change {
                Change::Message(message) | Change::Altered { message, .. } => {
                    rooms.insert(message.room_id);
                }
                Change::Read { .. }
                | Change::SessionEnded { .. }
                | Change::StandingChanged { .. } => {}
                Change::Joined { .. }
                | Change::Left { .. }
                | Change::RoomCreated { .. }
                | Change::DirectMade { .. }
                | Change::RoomChanged(_)
                | Change::RoomDeleted(_) => return self.forget_all(),
            }
        }
        if rooms.is_empty() {
            return;
        }
        // Also where no page of theirs is kept: one may be on its way.
        for room in rooms {
            self.0
                .forgotten
                .counter(room)
                .fetch_add(1, Ordering::SeqCst);
            self.0.rooms.remove(&room);
        }
        for change in changes {
            match change {
                Change::Message(message) => self.0.tails.learn(message),
                // Others may quote it, and read otherwise now without having changed themselves.
                Change::Altered { message, .. } => self.0.tails.forget(message.room_id),
                _ => {}
            }
        }
    }

    /// Forgets everything: anything may have changed.
    pub(super) fn forget_all(&self) {
        self.0.forgotten.all.fetch_add(1, Ordering::SeqCst);
        self.0.rooms.clear();
        self.0.tails.forget_all();
    }
}

impl Forgotten {
    fn counter(&self, room: RoomId) -> &AtomicU64 {
        let place = room.0.unsigned_abs() % 64;
        &self.some[usize::try_from(place).unwrap_or_default()]
    }
}

impl Default for Forgotten {
    fn default() -> Self {
        Self {
            all: AtomicU64::default(),
            some: std::array::from_fn(|_| AtomicU64::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const ROOM: RoomId = RoomId(1);
    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn page() -> Rendered {
        Rendered {
            body: Bytes::from_static(b"{}"),
            older_than: None,
        }
    }

    fn missed(recent: &Recent, reader: UserId) -> Missed {
        recent.get(ROOM, reader).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_page_is_kept_for_who_was_seen_in_the_room() {
        let recent = Recent::default();
        recent.keep(ROOM, ADA, &page(), missed(&recent, ADA));
        assert!(recent.get(ROOM, ADA).is_ok());
        recent.keep(ROOM, BOB, &page(), missed(&recent, BOB));
        assert!(recent.get(ROOM, BOB).is_ok());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let recent = Recent::default();
        let before = missed(&recent, ADA);
        recent.forget_all();
        recent.keep(ROOM, ADA, &page(), before);
        assert!(recent.get(ROOM, ADA).is_err());
    }

    #[test]
    fn only_so_many_rooms_are_kept() {
        let recent = Recent::default();
        for room in 0..1000 {
            let room = RoomId(room);
            let missed = recent.get(room, ADA).map(|_| ()).unwrap_err();
            recent.keep(room, ADA, &page(), missed);
        }
        assert!(recent.0.rooms.len() <= MOST_ROOMS);
    }
}
