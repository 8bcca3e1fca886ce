//! The contract for direct rooms and for who does not want to hear of whom.

use super::{Backend, Store, StoreError};
use crate::domain::{RoomId, RoomLimit, Timestamp, UserId, UserSummary};

/// What came of asking for the room of a set of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectRoomOutcome {
    /// There it is; made just now if `new`.
    Room {
        /// Which.
        room: RoomId,
        /// Whether it was made just now.
        new: bool,
    },
    /// One of them does not exist, or not for who asks.
    NoSuchUser(UserId),
    /// One of them has blocked who asks.
    Blocked(UserId),
    /// One of them is in as many rooms as one can be.
    TooManyRooms,
}

impl Store {
    /// The one direct room of `people`, ascending ids with `by` among them; made on first use. `by`
    /// must be able to see each of them.
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

    /// Blocks or unblocks somebody. `false` if there is no such user.
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

    /// Whom a user has blocked, by id; at most 1,000 of them.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn blocks(&self, by: UserId) -> Result<Vec<UserSummary>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.blocks(by).await,
        }
    }

    /// The user of that name, if `reader` may see them in a room within `limit`.
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
