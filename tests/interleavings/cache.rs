//! A stale page is never served and never stays in the cache.

use loom::{
    sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering::SeqCst},
    thread,
};

use crate::epoch_cache::{Entries, EpochCache};

/// Cache of one room: the version of the database that its page shows.
#[derive(Default)]
struct Page(Mutex<Option<u64>>);

impl Entries for Page {
    type Key = ();
    type Entry = Option<u64>;

    fn slot((): ()) -> u64 {
        0
    }

    fn read<R>(&self, (): (), f: impl FnOnce(&Option<u64>) -> Option<R>) -> Option<R> {
        f(&self.0.lock().unwrap())
    }

    fn write<R>(&self, (): (), f: impl FnOnce(&mut Option<u64>) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }

    fn clear(&self) {
        *self.0.lock().unwrap() = None;
    }
}

/// A database with its cache. The version counts the commits.
#[derive(Default)]
struct Server {
    cache: EpochCache<Page>,
    committed: AtomicU64,
}

impl Server {
    /// Reads through the cache, as `Sqlite::newest` does.
    fn read(&self) -> u64 {
        match self.cache.get((), |page| *page) {
            Ok(version) => version,
            Err(missed) => {
                let version = self.committed.load(SeqCst);
                let stored = self
                    .cache
                    .store((), missed, |page| *page.get_or_insert(version));
                stored.unwrap_or(version)
            }
        }
    }

    /// Commits one transaction, as the writer does.
    fn write(&self, key: Option<()>) {
        let scope = self.cache.begin([key].into_iter());
        let version = self.committed.load(SeqCst) + 1;
        self.committed.store(version, SeqCst);
        self.cache.end(scope, Page::clear);
    }

    /// Fails to commit a transaction whose effect is unknown, as the writer does.
    fn fail(&self) {
        let scope = self.cache.begin([Some(())].into_iter());
        self.committed.fetch_add(1, SeqCst);
        self.cache.end(scope, |_| self.cache.invalidate());
    }

    /// Commits a change that was not announced, and invalidates everything at the end.
    fn write_unannounced(&self) {
        let scope = self.cache.begin(std::iter::empty());
        self.committed.fetch_add(1, SeqCst);
        self.cache.end(scope, |_| self.cache.invalidate());
    }

    /// Reads, and asserts that the page shows every commit that the client knows: it may have read a number of it.
    fn read_and_check(&self) {
        let known = self.committed.load(SeqCst);
        let version = self.read();
        assert!(version >= known, "{version} after {known}");
    }
}

/// Runs the writes beside two readers, and reads once more at the end.
fn check(write: fn(&Server)) {
    crate::model(move || {
        let server = Arc::new(Server::default());
        assert_eq!(server.read(), 0, "cached before the write");
        let readers: [_; 2] = std::array::from_fn(|_| {
            let server = server.clone();
            thread::spawn(move || server.read_and_check())
        });
        write(&server);
        for reader in readers {
            reader.join().unwrap();
        }
        let newest = server.committed.load(SeqCst);
        assert_eq!(server.read(), newest);
        assert_eq!(server.cache.get((), |page| *page), Ok(newest), "cached");
    });
}

#[test]
fn reader_never_gets_a_page_older_than_a_known_write() {
    check(|server| server.write(Some(())));
}

#[test]
fn reader_never_gets_a_page_older_than_a_known_write_to_anything() {
    check(|server| server.write(None));
}

#[test]
fn failed_write_leaves_no_stale_page() {
    check(Server::fail);
}

#[test]
fn stale_page_is_not_stored_between_two_writes() {
    crate::model(|| {
        let server = Arc::new(Server::default());
        let reader = {
            let server = server.clone();
            thread::spawn(move || server.read_and_check())
        };
        server.write(Some(()));
        server.write(Some(()));
        reader.join().unwrap();
        assert_eq!(server.read(), 2);
    });
}

#[test]
fn unannounced_change_leaves_no_stale_page() {
    crate::model(|| {
        let server = Arc::new(Server::default());
        let reader = {
            let server = server.clone();
            thread::spawn(move || server.read())
        };
        server.write_unannounced();
        reader.join().unwrap();
        assert_eq!(server.read(), 1);
    });
}
