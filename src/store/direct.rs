//! Contract for direct rooms and blocks.

use super::{Backend, Store, StoreError};
use crate::domain::{RoomId, RoomLimit, Timestamp, UserId, UserSummary};

/// Outcome of opening a direct room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectRoomOutcome {
    /// The room exists; `new` if it was created now.
    Room {
        /// Id of the room.
        room: RoomId,
        /// Whether it was created now.
        new: bool,
    },
    /// One of the users does not exist, or the caller cannot see them.
    NoSuchUser(UserId),
    /// One of the users has blocked the caller.
    Blocked(UserId),
    /// One of the users has the maximum number of rooms.
    TooManyRooms,
}

impl Store {
    /// Returns the one direct room of `people` (ascending ids, including `by`), and creates it on first use. `by` must
    /// be able to see all of them.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn direct_room(
        &self,
        by: UserId,
        people: Vec<UserId>,
        now: Timestamp,
    ) -> Result<DirectRoomOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.direct_room(by, people, now).await,
        }
    }

    /// Blocks or unblocks a user. Returns `false` if the caller cannot see the user, or has blocked the maximum number.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_block(
        &self,
        by: UserId,
        user: UserId,
        on: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_block(by, user, on, now).await,
        }
    }

    /// Returns the users whom a user has blocked, by id; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn blocks(&self, by: UserId) -> Result<Vec<UserSummary>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.blocks(by).await,
        }
    }

    /// Returns the user with a name, if `reader` may see them in a room within `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn user_named(
        &self,
        reader: UserId,
        username_key: &str,
        limit: &RoomLimit,
    ) -> Result<Option<UserId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.user_named(reader, username_key, limit).await,
        }
    }
}
