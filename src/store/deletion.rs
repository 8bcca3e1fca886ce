//! Contract for the deletion of accounts.

use super::{Backend, Store, StoreError};
use crate::domain::{OwnMessage, SessionId, Timestamp, UserId, UserSummary};

/// Outcome of deleting an account.
#[derive(Debug)]
pub enum DeleteAccountOutcome {
    /// The account is deleted.
    Done {
        /// Sessions and personal tokens that ended with it.
        ended: Vec<SessionId>,
        /// The author under whom its messages stay.
        left: UserSummary,
    },
    /// The password was changed after it was checked.
    WrongPassword,
    /// The server would be left without an admin.
    LastAdmin,
    /// These rooms have other members and would be left without an owner.
    LastOwner(Vec<String>),
}

/// A page of a user's own messages.
#[derive(Debug)]
pub struct OwnMessages {
    /// In the order in which they were sent.
    pub items: Vec<OwnMessage>,
    /// Position of the next page; `None` at the end.
    pub next: Option<i64>,
}

impl Store {
    /// Deletes an account with the given password hash: its sessions, memberships and names. Rooms without other
    /// members are deleted, too. With `erase`, its messages are deleted later in slices.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn delete_account(
        &self,
        user: UserId,
        password_hash: String,
        erase: bool,
        now: Timestamp,
    ) -> Result<DeleteAccountOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.delete_account(user, password_hash, erase, now).await,
        }
    }

    /// Deletes up to `slice` messages of accounts that chose so. Returns `false` if none are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn erase_messages(&self, slice: i64, now: Timestamp) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.erase_messages(slice, now).await,
        }
    }

    /// Returns at most `limit` messages of a user after position `after`; 0 is the beginning.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn own_messages(
        &self,
        user: UserId,
        after: i64,
        limit: i64,
    ) -> Result<OwnMessages, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.own_messages(user, after, limit).await,
        }
    }
}
