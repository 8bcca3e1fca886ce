//! The contract for what moderators and owners do to members and rooms.

use super::{Backend, LeaveOutcome, Store, StoreError};
use crate::domain::{Actor, Ban, Mute, MuteDuration, Role, RoomId, RoomLimit, Timestamp, UserId};

impl Store {
    /// Takes `user` out of a room at the wish of `by`, whose right is looked at again here.
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

    /// The same, and keeps them out. Somebody who is out already, or was never in, can be kept out
    /// too if `by` can have met them.
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

    /// Lifts a ban. That there is none is no error.
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

    /// Who must not come in, by user id.
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

    /// Whether a member may write in the room: they are not muted, it is not locked for them, and in a
    /// direct room of two the other one wants to hear of them.
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

    /// Takes a member's voice for a time, in place of whatever was left of an earlier one.
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

    /// Gives it back. That they have it is no error.
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

    /// Who must not write for a time, by user id.
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

    /// Gives a member another role. A room keeps at least one owner.
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

    /// Makes another member owner in the place of `by`, who is a moderator from then on.
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
