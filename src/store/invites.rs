//! The contract for invites: what lets people into a room, besides and including its access code.

use super::{Backend, RoomActionOutcome, Store, StoreError};
use crate::domain::{
    AccessCode, CreatedInvite, Invite, InviteId, InviteTerms, Room, RoomId, Timestamp, UserId,
};

/// Invites of one room that admit at once, its access code not counted.
pub const MAX_INVITES: i64 = 100;

/// An invite to make.
#[derive(Debug)]
pub struct NewInvite {
    /// The room it admits to.
    pub room: RoomId,
    /// Who makes it.
    pub by: UserId,
    /// Its code.
    pub code: AccessCode,
    /// How long and for how many.
    pub terms: InviteTerms,
}

/// What came of revoking an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeInviteOutcome {
    /// It admits nobody any more.
    Done,
    /// The room has no such invite.
    NoSuchInvite,
    /// It is the room's access code, which is replaced and not revoked.
    Standing,
}

impl Store {
    /// Makes an invite. `None` if the room has [`MAX_INVITES`] that still admit.
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

    /// The invites of a room that still admit, its access code among them, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn invites(&self, room: RoomId, now: Timestamp) -> Result<Vec<Invite>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.invites(room, now).await,
        }
    }

    /// Takes an invite back; its code admits nobody from then on.
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

    /// The room that a code admits to now.
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

    /// Deletes invites that were over by then.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn forget_invites(&self, over_by: Timestamp) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_invites(over_by).await,
        }
    }
}
