//! Seqlocks of rooms. Readers may see a commit before its outdated pages are removed; the epochs keep such a page from
//! being served or stored.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{domain::RoomId, store::sqlite::write::request::Invalidates};

/// Number of counters, one for each bit of a `u64`.
const PLACES: usize = 64;

/// Counts transactions: one counter for those that may change anything, and shared counters for those of single rooms,
/// so that a busy room affects few others. A counter is odd during a transaction. There is one writer.
pub(in crate::store) struct RoomEpochs {
    all: AtomicU64,
    some: [AtomicU64; PLACES],
}

/// Scope of a running transaction.
#[derive(Clone, Copy)]
pub(in crate::store) enum WriteScope {
    All,
    /// Rooms, as a bit mask of their counters.
    Some(u64),
}

/// Counters of a room at one moment. A later read is current if they are unchanged after it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct EpochSnapshot {
    all: u64,
    some: u64,
}

impl EpochSnapshot {
    /// Returns whether no transaction is running that may change the room.
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

    /// Begins a transaction that may change these.
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

    /// Ends a transaction after the outdated pages are removed.
    pub(in crate::store) fn end(&self, under_way: WriteScope) {
        self.count(under_way);
    }

    /// Invalidates all reads in progress.
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

/// Returns the counter of a room.
fn place(room: RoomId) -> usize {
    usize::try_from(room.0.unsigned_abs() % PLACES as u64).unwrap_or_default()
}
