//! Contract for invites and access codes.

use super::{Backend, RoomActionOutcome, Store, StoreError};
use crate::domain::{
    AccessCode, CreatedInvite, Invite, InviteId, InviteTerms, Room, RoomId, Timestamp, UserId,
};

/// Maximum number of valid invites of one room, besides its access code.
pub const MAX_INVITES: i64 = 100;

/// An invite to create.
#[derive(Debug)]
pub struct NewInvite {
    /// Room of the invite.
    pub room: RoomId,
    /// User who creates it.
    pub by: UserId,
    /// Its code.
    pub code: AccessCode,
    /// Expiry and number of uses.
    pub terms: InviteTerms,
}

/// Outcome of revoking an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeInviteOutcome {
    /// The invite is invalid from now on.
    Done,
    /// The room has no such invite.
    NoSuchInvite,
    /// It is the room's access code, which can only be replaced.
    Standing,
}

impl Store {
    /// Creates an invite. `None` if the room has [`MAX_INVITES`] valid ones.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn create_invite(
        &self,
        new: NewInvite,
        now: Timestamp,
    ) -> Result<RoomActionOutcome<Option<CreatedInvite>>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.create_invite(new, now).await,
        }
    }

    /// Returns the valid invites of a room including its access code, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn invites(&self, room: RoomId, now: Timestamp) -> Result<Vec<Invite>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.invites(room, now).await,
        }
    }

    /// Revokes an invite.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn revoke_invite(
        &self,
        room: RoomId,
        by: UserId,
        invite: InviteId,
    ) -> Result<RoomActionOutcome<RevokeInviteOutcome>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.revoke_invite(room, by, invite).await,
        }
    }

    /// Returns the room that a code grants entry to now.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn invited_to(
        &self,
        code: AccessCode,
        now: Timestamp,
    ) -> Result<Option<Room>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.invited_to(code, now).await,
        }
    }

    /// Deletes invites that were no longer valid at that time.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn forget_invites(&self, over_by: Timestamp) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_invites(over_by).await,
        }
    }
}
