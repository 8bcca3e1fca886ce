//! Contract for search and its index.
//!
//! The index is updated after commits, in slices of its own. It only names candidates. The messages themselves, as
//! they are at the time of the search, decide whether they match.

use super::{Backend, Store, StoreError};
use crate::domain::{Message, RoomId, RoomLimit, SearchQuery, UserId};

/// A search.
#[derive(Clone, Debug)]
pub struct Search {
    /// User who searches. Only their rooms are searched.
    pub reader: UserId,
    /// Further limit on the rooms.
    pub limit_to: RoomLimit,
    /// The query.
    pub query: SearchQuery,
    /// End of the page before.
    pub cursor: Option<i64>,
    /// Maximum number of messages.
    pub limit: usize,
}

/// Outcome of a search.
#[derive(Debug)]
pub enum SearchOutcome {
    /// A page of messages.
    Found(SearchPage),
    /// The query names a room that the user is not in.
    NoSuchRoom(String),
}

/// Messages that match, newest first.
#[derive(Debug, Default)]
pub struct SearchPage {
    /// Each message with the name of its room.
    pub items: Vec<(String, Message)>,
    /// Cursor of the next page; `None` at the end.
    pub next: Option<i64>,
}

/// Maximum size of one slice of indexing. Senders wait for a slice, so slices are small while there are any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexSlice {
    /// Number of messages.
    pub messages: usize,
    /// Bytes of their text. The message that exceeds them is the last one.
    pub bytes: usize,
}

/// Progress of one slice of indexing.
#[derive(Debug, Default)]
pub struct IndexProgress {
    /// Rooms whose messages are all in the index.
    pub done: Vec<RoomId>,
    /// Number of messages read.
    pub messages: usize,
}

impl Store {
    /// Returns matching messages, newest first, from the rooms that the user is in at that moment. It stops after a
    /// number of candidates that do not match, and returns where to continue.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn search(&self, search: &Search) -> Result<SearchOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.search(search).await,
        }
    }

    /// Returns rooms with messages that are missing or outdated in the index.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn rooms_to_index(&self) -> Result<Vec<RoomId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.rooms_to_index().await,
        }
    }

    /// Indexes a slice of the changed messages of these rooms. The progress is written in the same transaction, so a
    /// crash neither loses nor repeats anything.
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

    /// Merges parts of the index, about `pages` pages. Returns `false` if nothing is left to merge.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn tidy_index(&self, pages: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.tidy_index(pages).await,
        }
    }

    /// Empties the index, so that everything is indexed again.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn empty_index(&self) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.empty_index().await,
        }
    }
}
