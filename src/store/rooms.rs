//! The contract for rooms and who is in them.

use super::{Backend, Store, StoreError};
use crate::domain::{
    AccessCode, Actor, CreatedRoom, Membership, Permission, Room, RoomId, RoomKind, RoomLimit,
    RoomName, Roster, SlowMode, Timestamp, Topic, UserId, UserSummary,
};

/// A room to make.
#[derive(Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: RoomName,
    /// What it is about.
    pub topic: Topic,
    /// Public or private.
    pub kind: RoomKind,
    /// Its access code.
    pub code: AccessCode,
    /// Its first owner.
    pub owner: UserSummary,
}

/// What is to change about a room.
#[derive(Debug, Default)]
pub struct RoomEdit {
    /// A new name.
    pub name: Option<RoomName>,
    /// A new topic.
    pub topic: Option<Topic>,
    /// How long plain members wait between messages.
    pub slow_mode: Option<SlowMode>,
    /// Whether only moderators write.
    pub locked: Option<bool>,
}

/// A membership as it was read: the room and what the member may do.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// The room as the member has it.
    pub standing: Membership,
    /// The member, as an author.
    pub author: UserSummary,
}

/// What came of trying to join.
#[derive(Debug)]
pub enum JoinOutcome {
    /// In, now or before.
    In(RoomId),
    /// There is no such room or code.
    NoSuchRoom,
    /// The user is in as many rooms as one can be.
    TooManyRooms,
}

/// What came of something that needs a right. The right is looked at in the transaction itself: it
/// may have been lost since the caller was let in.
#[derive(Debug)]
pub enum RoomActionOutcome<T> {
    /// Done.
    Done(T),
    /// The one who asked is not in the room (any more), or the room is gone.
    NotMember,
    /// The one who asked may not do that (any more).
    Forbidden(Permission),
}

/// What came of leaving, or of what is done to one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveOutcome {
    /// Done.
    Done,
    /// That user is not in the room.
    NotMember,
    /// The room would be left without an owner.
    LastOwner,
    /// The one who asked may not do that to this member (any more).
    Forbidden,
}

impl Store {
    /// Makes a room with its owner inside. `None` if the owner is in as many rooms as one can be.
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

    /// Names, topics and restraints, with a system message for each that really changed. Answers the
    /// room.
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

    /// Takes everybody out of a room and hides it; its messages go later, in slices.
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

    /// Deletes up to `slice` messages of deleted rooms. `false` once nothing is left to delete.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn purge_deleted_rooms(&self, slice: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.purge_deleted_rooms(slice).await,
        }
    }

    /// A user's rooms, each with its unread count, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.rooms_of(user).await,
        }
    }

    /// The numbers of a user's rooms.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn room_ids_of(&self, user: UserId) -> Result<Vec<RoomId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.room_ids_of(user).await,
        }
    }

    /// Public rooms within `limit_to` after that one, by id, and whether `user` is in each.
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

    /// A user's membership of a room; `None` if there is no such room or they are not in it.
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

    /// A page of members by id, and whether more follow.
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

    /// A room's standing access code.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn access_code(&self, room: RoomId) -> Result<Option<AccessCode>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.access_code(room).await,
        }
    }

    /// Replaces a room's standing access code; the old one admits nobody any more.
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

    /// Lets a user in by a code.
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

    /// Lets a user into a public room.
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

    /// Takes a user out of a room at their own wish.
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
