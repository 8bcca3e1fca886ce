//! Contract for rooms and memberships.

use super::{Backend, Store, StoreError};
use crate::domain::{
    AccessCode, Actor, CreatedRoom, Membership, Permission, Room, RoomId, RoomKind, RoomLimit,
    RoomName, Roster, SlowMode, Timestamp, Topic, UserId, UserSummary,
};

/// A room to create.
#[derive(Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: RoomName,
    /// Its topic.
    pub topic: Topic,
    /// Public or private.
    pub kind: RoomKind,
    /// Its access code.
    pub code: AccessCode,
    /// Its first owner.
    pub owner: UserSummary,
}

/// Changes of a room. Fields that are `None` stay.
#[derive(Debug, Default)]
pub struct RoomEdit {
    /// A new name.
    pub name: Option<RoomName>,
    /// A new topic.
    pub topic: Option<Topic>,
    /// Time between two messages of a plain member.
    pub slow_mode: Option<SlowMode>,
    /// Whether only moderators and owners may post.
    pub locked: Option<bool>,
}

/// A membership with its member.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// The room and the rights of the member.
    pub standing: Membership,
    /// The member, as an author.
    pub author: UserSummary,
}

/// Outcome of a join.
#[derive(Debug)]
pub enum JoinOutcome {
    /// The user is a member, now or since earlier.
    In(RoomId),
    /// The room or the code does not exist.
    NoSuchRoom,
    /// The user has the maximum number of rooms.
    TooManyRooms,
}

/// Outcome of an action that needs a permission. It is checked in the transaction, because the caller may have lost it
/// meanwhile.
#[derive(Debug)]
pub enum RoomActionOutcome<T> {
    /// Done.
    Done(T),
    /// The caller is not in the room, or the room is deleted.
    NotMember,
    /// The caller lacks the permission.
    Forbidden(Permission),
}

/// Outcome of leaving, or of an action on one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveOutcome {
    /// Done.
    Done,
    /// The user is not in the room.
    NotMember,
    /// The room would be left without an owner.
    LastOwner,
    /// The caller may not do that to this member.
    Forbidden,
}

impl Store {
    /// Creates a room with its owner as a member. `None` if the owner has the maximum number of rooms.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn create_room(
        &self,
        new: NewRoom,
        now: Timestamp,
    ) -> Result<Option<CreatedRoom>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.create_room(new, now).await,
        }
    }

    /// Changes a room, with a system message for each real change, and returns it.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn edit_room(
        &self,
        room: RoomId,
        by: Actor,
        edit: RoomEdit,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<Room>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.edit_room(room, by, edit, now).await,
        }
    }

    /// Removes all members from a room and hides it. Its messages are deleted later in slices.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn delete_room(
        &self,
        room: RoomId,
        by: Actor,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<()>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.delete_room(room, by, now).await,
        }
    }

    /// Deletes up to `slice` messages of deleted rooms. Returns `false` if none are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn purge_deleted_rooms(&self, slice: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.purge_deleted_rooms(slice).await,
        }
    }

    /// Returns a user's rooms with their unread counts, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.rooms_of(user).await,
        }
    }

    /// Returns the ids of a user's rooms.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn room_ids_of(&self, user: UserId) -> Result<Vec<RoomId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.room_ids_of(user).await,
        }
    }

    /// Returns public rooms within `limit_to` with a greater id, and whether `user` is in each.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn public_rooms(
        &self,
        user: UserId,
        limit_to: &RoomLimit,
        after: RoomId,
        limit: i64,
    ) -> Result<Vec<(Room, bool)>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.public_rooms(user, limit_to, after, limit).await,
        }
    }

    /// Returns a user's membership of a room; `None` if the room does not exist or the user is not in it.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn member(
        &self,
        room: RoomId,
        user: UserId,
    ) -> Result<Option<MemberRow>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.member(room, user).await,
        }
    }

    /// Returns a page of members by id, and whether more follow.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn roster(
        &self,
        room: RoomId,
        after: UserId,
        limit: i64,
    ) -> Result<Roster, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.roster(room, after, limit).await,
        }
    }

    /// Returns a room's access code.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn access_code(&self, room: RoomId) -> Result<Option<AccessCode>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.access_code(room).await,
        }
    }

    /// Replaces a room's access code. The former one becomes invalid.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn replace_access_code(
        &self,
        room: RoomId,
        by: Actor,
        code: AccessCode,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<()>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.replace_access_code(room, by, code, now).await,
        }
    }

    /// Adds a user to a room by a code.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn join_by_code(
        &self,
        user: UserSummary,
        code: AccessCode,
        now: Timestamp,
    ) -> Result<JoinOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.join_by_code(user, code, now).await,
        }
    }

    /// Adds a user to a public room.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn join_public(
        &self,
        user: UserSummary,
        room: RoomId,
        now: Timestamp,
    ) -> Result<JoinOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.join_public(user, room, now).await,
        }
    }

    /// Removes a user who leaves a room.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn leave(
        &self,
        room: RoomId,
        user: UserSummary,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.leave(room, user, now).await,
        }
    }
}
