//! The contract for finding messages, and for keeping the index that they are found by.
//!
//! The index is fed after the commit and in slices of its own. It only says which messages might
//! match; whether they do is decided by the messages themselves, as they are at that moment.

use super::{Backend, Store, StoreError};
use crate::domain::{Message, RoomId, RoomLimit, SearchQuery, UserId};

/// A search.
#[derive(Clone, Debug)]
pub struct Search {
    /// Who searches: only the rooms they are in are looked at.
    pub reader: UserId,
    /// And of them only those within this limit.
    pub limit_to: RoomLimit,
    /// What for.
    pub query: SearchQuery,
    /// Where an earlier answer ended.
    pub cursor: Option<i64>,
    /// Messages to answer at most.
    pub limit: usize,
}

/// What a search found.
#[derive(Debug)]
pub enum SearchOutcome {
    /// Messages.
    Found(SearchPage),
    /// A room was named in the query that is none of the searcher's.
    NoSuchRoom(String),
}

/// Messages that were found, newest first.
#[derive(Debug, Default)]
pub struct SearchPage {
    /// Each with the name of its room.
    pub items: Vec<(String, Message)>,
    /// Where to go on; `None` once everything was looked at.
    pub next: Option<i64>,
}

/// How much one slice of indexing may take. Senders wait meanwhile, so it is little while there are
/// any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexSlice {
    /// Messages.
    pub messages: usize,
    /// Bytes of their text. The message that goes beyond is the last one.
    pub bytes: usize,
}

/// What a slice of indexing came to.
#[derive(Debug, Default)]
pub struct IndexProgress {
    /// Rooms of which everything is in the index that was on disk.
    pub done: Vec<RoomId>,
    /// Messages looked at.
    pub messages: usize,
}

impl Store {
    /// Messages that match, newest first, of the rooms that the searcher is in at that moment. It
    /// gives up after a number of messages that might match but do not, and says where to go on.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn search(&self, search: &Search) -> Result<SearchOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.search(search).await,
        }
    }

    /// Rooms with messages that the index does not know, or knows of old.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn rooms_to_index(&self) -> Result<Vec<RoomId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.rooms_to_index().await,
        }
    }

    /// Takes a slice of what is new in these rooms into the index. How far it came is written with
    /// it, so that a crash in between loses and repeats nothing.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn index(
        &self,
        rooms: &[RoomId],
        slice: IndexSlice,
    ) -> Result<IndexProgress, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.index(rooms, slice).await,
        }
    }

    /// Does some of the tidying that the index needs to stay fast: writes about so many pages of it
    /// anew. `false` once there is nothing to do.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn tidy_index(&self, pages: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.tidy_index(pages).await,
        }
    }

    /// Empties the index, so that everything is to be indexed again.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn empty_index(&self) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.empty_index().await,
        }
    }
}
