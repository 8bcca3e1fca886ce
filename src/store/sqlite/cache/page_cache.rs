//! Cache of each room's newest page, encoded.
//!
//! Only the writer changes anything. Before a transaction it announces what it may change; after the commit, and
//! before anyone is told, it removes the outdated pages. In between, no affected page is served or stored. So a client
//! that knows of a change, by an ack, an answer, a live frame or a number it read, never gets an older page.

use std::{collections::HashSet, sync::Arc};

use dashmap::DashMap;

use crate::{
    domain::{Change, RoomId, UserId},
    store::{
        EncodedPage,
        sqlite::{
            cache::epoch_cache::{Entries, EpochCache, EpochSnapshot, WriteScope},
            write::request::Invalidates,
        },
    },
};

/// Maximum number of cached pages.
const MAX_ROOMS: usize = 256;
/// Maximum number of known readers of a page. Others read from the database.
const MAX_READERS: usize = 1024;
/// Larger pages are not cached.
const MAX_BYTES: usize = 64 * 1024;

/// The cached pages. Cloning it is cheap.
#[derive(Clone, Default)]
pub(in crate::store) struct PageCache(Arc<EpochCache<Rooms>>);

#[derive(Default)]
struct Rooms(DashMap<RoomId, CachedPage>);

#[derive(Default)]
struct CachedPage {
    /// `None` since the last change.
    page: Option<EncodedPage>,
    /// Members who were seen in the room and may read it.
    readers: HashSet<UserId>,
}

impl Entries for Rooms {
    type Key = RoomId;
    type Entry = CachedPage;

    fn slot(room: RoomId) -> u64 {
        room.0.unsigned_abs()
    }

    fn read<R>(&self, room: RoomId, f: impl FnOnce(&CachedPage) -> Option<R>) -> Option<R> {
        f(&*self.0.get(&room)?)
    }

    fn write<R>(&self, room: RoomId, f: impl FnOnce(&mut CachedPage) -> R) -> R {
        if self.0.len() >= MAX_ROOMS && !self.0.contains_key(&room) {
            self.0.clear();
        }
        f(&mut self.0.entry(room).or_default())
    }

    fn clear(&self) {
        self.0.clear();
    }
}

impl PageCache {
    /// Returns the page of a room if it is cached and the reader is known to be a member.
    pub(in crate::store) fn get(
        &self,
        room: RoomId,
        reader: UserId,
    ) -> Result<EncodedPage, EpochSnapshot> {
        self.0.get(room, |kept| {
            let page = kept.page.as_ref()?;
            kept.readers.contains(&reader).then(|| page.clone())
        })
    }

    /// Stores a page that a member read after a cache miss. If an equal page is cached already, that one is returned:
    /// it may be compressed.
    pub(in crate::store) fn keep(
        &self,
        room: RoomId,
        reader: UserId,
        page: EncodedPage,
        missed: EpochSnapshot,
    ) -> EncodedPage {
        if page.body.len() > MAX_BYTES {
            return page;
        }
        let stored = self.0.store(room, missed, |kept| {
            if kept.readers.len() < MAX_READERS {
                kept.readers.insert(reader);
            }
            kept.page.get_or_insert_with(|| page.clone()).clone()
        });
        stored.unwrap_or(page)
    }

    /// Announces a transaction that may change these.
    pub(in crate::store) fn begin(&self, writes: impl Iterator<Item = Invalidates>) -> WriteScope {
        self.0.begin(writes.filter_map(|write| match write {
            Invalidates::None => None,
            Invalidates::Room(room) => Some(Some(room)),
            Invalidates::All => Some(None),
        }))
    }

    /// Ends a transaction with its changes, or a failed one, and removes the outdated pages.
    pub(in crate::store) fn end(&self, scope: WriteScope, changes: Option<&Vec<Change>>) {
        self.0.end(scope, |rooms| match (scope, changes) {
            (WriteScope::Some(_), Some(changes)) => self.forget(changes),
            (WriteScope::All, Some(_)) => rooms.clear(),
            (_, None) => self.0.invalidate(),
        });
    }

    fn forget(&self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Message(message) | Change::AlterOutcome { message, .. } => {
                    self.forget_page(message.room_id);
                }
                Change::Read { .. }
                | Change::SessionEnded { .. }
                | Change::StandingChanged { .. } => {}
                Change::Joined { .. }
                | Change::Left { .. }
                | Change::RoomCreated { .. }
                | Change::DirectMade { .. }
                | Change::RoomChanged(_)
                | Change::RoomDeleted(_) => return self.0.invalidate(),
            }
        }
    }

    /// Removes the page of a room and keeps its known readers.
    fn forget_page(&self, room: RoomId) {
        if let Some(mut kept) = self.0.entries.0.get_mut(&room) {
            kept.page = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};

    use bytes::Bytes;

    use crate::store::StoreOptions;
    use crate::store::sqlite::{Sqlite, cache::page_cache::*};

    const ROOM: RoomId = RoomId(1);
    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn page() -> EncodedPage {
        EncodedPage {
            body: Bytes::from_static(b"{}"),
            smaller: Arc::default(),
            older_than: None,
        }
    }

    fn missed(page_cache: &PageCache, reader: UserId) -> EpochSnapshot {
        page_cache.get(ROOM, reader).map(|_| ()).unwrap_err()
    }

    #[test]
    fn page_is_cached_for_known_readers() {
        let page_cache = PageCache::default();
        page_cache.keep(ROOM, ADA, page(), missed(&page_cache, ADA));
        assert!(page_cache.get(ROOM, ADA).is_ok());
        let bobs = page_cache.keep(ROOM, BOB, page(), missed(&page_cache, BOB));
        let adas = page_cache.get(ROOM, ADA).ok().unwrap();
        assert!(
            Arc::ptr_eq(&adas.smaller, &bobs.smaller),
            "compressed once for both"
        );
        assert!(page_cache.get(ROOM, BOB).is_ok());
    }

    #[test]
    fn page_read_before_a_change_is_not_stored_after_it() {
        let page_cache = PageCache::default();
        for invalidates in [Invalidates::Room(ROOM), Invalidates::All] {
            let before = missed(&page_cache, ADA);
            let writing = page_cache.begin([invalidates].into_iter());
            page_cache.end(writing, Some(&Vec::new()));
            page_cache.keep(ROOM, ADA, page(), before);
            assert!(page_cache.get(ROOM, ADA).is_err());
        }
    }

    #[test]
    fn page_is_neither_served_nor_stored_during_a_write() {
        for invalidates in [Invalidates::Room(ROOM), Invalidates::All] {
            for changes in [Some(Vec::new()), None] {
                let page_cache = PageCache::default();
                page_cache.keep(ROOM, ADA, page(), missed(&page_cache, ADA));

                let writing = page_cache.begin([Invalidates::None, invalidates].into_iter());
                let meanwhile = missed(&page_cache, ADA);
                page_cache.keep(ROOM, BOB, page(), meanwhile);
                page_cache.end(writing, changes.as_ref());
                assert!(page_cache.get(ROOM, BOB).is_err());
                // An unchanged page is returned again, unless the write may have changed anything.
                let stays = invalidates != Invalidates::All && changes.is_some();
                assert_eq!(page_cache.get(ROOM, ADA).is_ok(), stays);
            }
        }
    }

    fn has_page(page_cache: &PageCache) -> Ready<Result<bool, sqlx::Error>> {
        ready(Ok(page_cache.get(ROOM, ADA).is_ok()))
    }

    #[tokio::test]
    async fn writer_announces_each_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            path: folder.path().join("parlor.db"),
            write_queue: 10,
            rooms_per_user: 10,
            max_mb: 0,
        };
        let (sqlite, _commits) = Sqlite::open(options).await.unwrap();
        let page_cache = sqlite.page_cache.clone();
        page_cache.keep(ROOM, ADA, page(), missed(&page_cache, ADA));
        let writer = &sqlite.writer;

        let within = page_cache.clone();
        let kept = writer.write_uncached(move |_| Box::pin(has_page(&within)));
        assert!(kept.await.unwrap());
        let within = page_cache.clone();
        let kept = writer.write_in_room(ROOM, move |_| Box::pin(has_page(&within)));
        assert!(!kept.await.unwrap());
        assert!(page_cache.get(ROOM, ADA).is_ok());
        let within = page_cache.clone();
        let kept = writer.write(move |_| Box::pin(has_page(&within)));
        assert!(!kept.await.unwrap());
        assert!(page_cache.get(ROOM, ADA).is_err());
        sqlite.close().await;
    }

    #[test]
    fn write_to_one_room_does_not_affect_another() {
        let page_cache = PageCache::default();
        let writing = page_cache.begin([Invalidates::Room(RoomId(2))].into_iter());
        page_cache.keep(ROOM, ADA, page(), missed(&page_cache, ADA));
        assert!(page_cache.get(ROOM, ADA).is_ok());
        page_cache.end(writing, Some(&Vec::new()));
        assert!(page_cache.get(ROOM, ADA).is_ok());
    }

    #[test]
    fn number_of_cached_rooms_is_limited() {
        let page_cache = PageCache::default();
        for room in 0..1000 {
            let room = RoomId(room);
            let missed = page_cache.get(room, ADA).map(|_| ()).unwrap_err();
            page_cache.keep(room, ADA, page(), missed);
            assert!(
                page_cache.get(room, ADA).is_ok(),
                "{room:?} was just stored"
            );
        }
        assert!(page_cache.0.entries.0.len() <= MAX_ROOMS);
    }
}
