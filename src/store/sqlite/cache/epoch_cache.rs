//! Cache whose entries are read from a database that one writer changes. Epochs keep stale entries out of it.
//!
//! The epochs are seqlocks: a counter is odd during a transaction that may change entries. A reader takes a snapshot of
//! the counters before it reads the database, and stores the result only if they are unchanged and even. The writer
//! removes the outdated entries before it ends the transaction. So a client that knows of a change never gets an older
//! entry.

use crate::sync::{AtomicU64, Ordering};

/// Number of counters, one for each bit of a `u64`.
const SLOTS: usize = 64;

/// Entries of a cache, each behind a lock.
pub(crate) trait Entries {
    /// Identifies an entry.
    type Key: Copy;
    /// An entry.
    type Entry;

    /// Returns the counter of an entry, as a number that is reduced to the available ones.
    fn slot(key: Self::Key) -> u64;
    /// Calls `f` with an entry, if it exists, while it is locked.
    fn read<R>(&self, key: Self::Key, f: impl FnOnce(&Self::Entry) -> Option<R>) -> Option<R>;
    /// Calls `f` with an entry, which is created if necessary, while it is locked.
    fn write<R>(&self, key: Self::Key, f: impl FnOnce(&mut Self::Entry) -> R) -> R;
    /// Removes all entries.
    fn clear(&self);
}

/// Cache with epochs.
///
/// There is one counter for transactions that may change anything. Transactions of single rooms share the others, so
/// that a busy room affects few others.
#[derive(Default)]
pub(crate) struct EpochCache<E> {
    pub(crate) entries: E,
    all: Counter,
    some: Counters,
}

#[derive(Default)]
struct Counter(AtomicU64);

struct Counters([AtomicU64; SLOTS]);

/// Scope of a running transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteScope {
    /// Any entry.
    All,
    /// The entries of some counters, as a bit mask.
    Some(u64),
}

/// Counters of an entry at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochSnapshot {
    all: u64,
    some: u64,
}

impl EpochSnapshot {
    /// Returns whether no transaction was running that may change the entry.
    fn is_at_rest(self) -> bool {
        self.all.is_multiple_of(2) && self.some.is_multiple_of(2)
    }
}

impl<E: Entries> EpochCache<E> {
    /// Returns what `f` finds in an entry. Otherwise returns a snapshot for [`store`](Self::store).
    pub(crate) fn get<R>(
        &self,
        key: E::Key,
        f: impl FnOnce(&E::Entry) -> Option<R>,
    ) -> Result<R, EpochSnapshot> {
        let missed = self.snapshot(key);
        if !missed.is_at_rest() {
            return Err(missed);
        }
        self.entries.read(key, f).ok_or(missed)
    }

    /// Calls `f` to store the result of a read that began after `missed`. Returns `None` if the result may be stale.
    pub(crate) fn store<R>(
        &self,
        key: E::Key,
        missed: EpochSnapshot,
        f: impl FnOnce(&mut E::Entry) -> R,
    ) -> Option<R> {
        self.entries.write(key, |entry| {
            // Checked while the entry is locked: the writer first counts, then removes.
            let is_current = missed.is_at_rest() && self.snapshot(key) == missed;
            is_current.then(|| f(entry))
        })
    }

    /// Announces a transaction that may change these entries; `None` stands for any.
    pub(crate) fn begin(&self, keys: impl Iterator<Item = Option<E::Key>>) -> WriteScope {
        let mut scope = WriteScope::Some(0);
        for key in keys {
            scope = match (scope, key) {
                (WriteScope::Some(slots), Some(key)) => {
                    WriteScope::Some(slots | 1 << (E::slot(key) % SLOTS as u64))
                }
                _ => WriteScope::All,
            };
        }
        self.count(scope);
        scope
    }

    /// Ends a transaction. `remove` removes the outdated entries first.
    pub(crate) fn end(&self, scope: WriteScope, remove: impl FnOnce(&E)) {
        remove(&self.entries);
        self.count(scope);
    }

    /// Removes all entries and makes all reads in progress stale.
    pub(crate) fn invalidate(&self) {
        self.all.0.fetch_add(2, Ordering::SeqCst);
        self.entries.clear();
    }

    fn snapshot(&self, key: E::Key) -> EpochSnapshot {
        let slot = usize::try_from(E::slot(key) % SLOTS as u64).unwrap_or_default();
        EpochSnapshot {
            all: self.all.0.load(Ordering::SeqCst),
            some: self.some.0[slot].load(Ordering::SeqCst),
        }
    }

    fn count(&self, scope: WriteScope) {
        match scope {
            WriteScope::All => {
                self.all.0.fetch_add(1, Ordering::SeqCst);
            }
            WriteScope::Some(slots) => {
                let counters = self.some.0.iter().enumerate();
                for (_, counter) in counters.filter(|(slot, _)| slots & (1 << slot) != 0) {
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}
