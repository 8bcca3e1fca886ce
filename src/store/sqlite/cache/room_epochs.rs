//! Which transactions are under way: what they bear on must not be answered from memory until they have ended,
//! for whoever reads the database may see them already.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{domain::RoomId, store::sqlite::write::request::Invalidates};

/// Counters of rooms: as many as a `u64` has bits.
const PLACES: usize = 64;

/// Counts transactions: those that bear on everything, and those on some rooms together, so that a busy room stands
/// in the way of few others. A counter is odd while one is under way. There is one writer.
pub(in crate::store) struct RoomEpochs {
    all: AtomicU64,
    some: [AtomicU64; PLACES],
}

/// What a transaction bears on that is under way.
#[derive(Clone, Copy)]
pub(in crate::store) enum WriteScope {
    All,
    /// Rooms, as a bit for each counter of theirs.
    Some(u64),
}

/// The counters of a room as they were looked at: what was read behind that is as good as new while they stay
/// the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct EpochSnapshot {
    all: u64,
    some: u64,
}

impl EpochSnapshot {
    /// Whether nothing is under way that may make old what is kept.
    pub(in crate::store) fn is_at_rest(self) -> bool {
        self.all.is_multiple_of(2) && self.some.is_multiple_of(2)
    }
}

impl RoomEpochs {
    pub(in crate::store) fn look(&self, room: RoomId) -> EpochSnapshot {
        EpochSnapshot {
            all: self.all.load(Ordering::SeqCst),
            some: self.some[place(room)].load(Ordering::SeqCst),
        }
    }

    /// One begins that bears on these.
    pub(in crate::store) fn begin(&self, writes: impl Iterator<Item = Invalidates>) -> WriteScope {
        let mut some = 0;
        let mut everything = false;
        for invalidates in writes {
            match invalidates {
                Invalidates::None => {}
                Invalidates::Room(room) => some |= 1 << place(room),
                Invalidates::All => everything = true,
            }
        }
        let under_way = if everything {
            WriteScope::All
        } else {
            WriteScope::Some(some)
        };
        self.count(under_way);
        under_way
    }

    /// It has ended, and what it made old is not kept any more.
    pub(in crate::store) fn end(&self, under_way: WriteScope) {
        self.count(under_way);
    }

    /// Makes old whatever is being read.
    pub(in crate::store) fn skip(&self) {
        self.all.fetch_add(2, Ordering::SeqCst);
    }

    fn count(&self, under_way: WriteScope) {
        match under_way {
            WriteScope::All => {
                self.all.fetch_add(1, Ordering::SeqCst);
            }
            WriteScope::Some(some) => {
                let places = self.some.iter().enumerate();
                for (_, counter) in places.filter(|(place, _)| some & (1 << place) != 0) {
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }
}

impl Default for RoomEpochs {
    fn default() -> Self {
        Self {
            all: AtomicU64::default(),
            some: std::array::from_fn(|_| AtomicU64::default()),
        }
    }
}

/// The counter of a room.
fn place(room: RoomId) -> usize {
    usize::try_from(room.0.unsigned_abs() % PLACES as u64).unwrap_or_default()
}
