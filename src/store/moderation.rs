//! Contract for moderation.

use super::{Backend, LeaveOutcome, Store, StoreError};
use crate::domain::{Actor, Ban, Mute, MuteDuration, Role, RoomId, RoomLimit, Timestamp, UserId};

impl Store {
    /// Removes `user` from a room on behalf of `by`, whose permission is checked in the transaction.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn kick(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.kick(room, user, by, now).await,
        }
    }

    /// Removes and bans `user`. A user who has left or was never a member can be banned if `by` can know them.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn ban(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        limit: RoomLimit,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.ban(room, user, by, limit, now).await,
        }
    }

    /// Lifts a ban. A missing ban is no error.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn unban(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.unban(room, user, by, now).await,
        }
    }

    /// Returns banned users, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn bans(
        &self,
        room: RoomId,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Ban>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.bans(room, after, limit).await,
        }
    }

    /// Returns whether a member may post in the room: not muted, not locked out, and not blocked by the other member
    /// of a direct room.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn may_write(
        &self,
        room: RoomId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.may_write(room, user, now).await,
        }
    }

    /// Mutes a member for a time, in place of an earlier mute.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn mute(
        &self,
        room: RoomId,
        user: UserId,
        span: MuteDuration,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.mute(room, user, span, by, now).await,
        }
    }

    /// Lifts a mute. A missing mute is no error.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn unmute(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.unmute(room, user, by, now).await,
        }
    }

    /// Returns muted users, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn mutes(
        &self,
        room: RoomId,
        after: UserId,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<Mute>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.mutes(room, after, limit, now).await,
        }
    }

    /// Changes the role of a member. A room keeps at least one owner.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_role(
        &self,
        room: RoomId,
        user: UserId,
        role: Role,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_role(room, user, role, by, now).await,
        }
    }

    /// Makes another member owner in place of `by`, who becomes moderator.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn transfer(
        &self,
        room: RoomId,
        user: UserId,
        by: Actor,
        now: Timestamp,
    ) -> Result<LeaveOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.transfer(room, user, by, now).await,
        }
    }
}
