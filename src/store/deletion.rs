//! The contract for the end of an account, and for what it leaves.

use super::{Backend, Store, StoreError};
use crate::domain::{OwnMessage, SessionId, Timestamp, UserId, UserSummary};

/// What came of deleting an account.
#[derive(Debug)]
pub enum DeleteAccountOutcome {
    /// It is gone.
    Done {
        /// The logins and personal tokens that ended with it.
        ended: Vec<SessionId>,
        /// Under whom its messages stand.
        left: UserSummary,
    },
    /// The password has been changed since it was found right.
    WrongPassword,
    /// The server would be left without an admin.
    LastAdmin,
    /// These rooms would be left without an owner, and have others in them.
    LastOwner(Vec<String>),
}

/// A stretch of what somebody said.
#[derive(Debug)]
pub struct OwnMessages {
    /// In the order in which it was said.
    pub items: Vec<OwnMessage>,
    /// Where to go on; `None` at the end.
    pub next: Option<i64>,
}

impl Store {
    /// Ends an account with that hashed password: its logins, its memberships, its names. Rooms that
    /// nobody else is in go with it. With `erase` so do its messages, by and by.
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

    /// Deletes up to `slice` messages of accounts that wanted them gone. `false` if no more are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn erase_messages(&self, slice: i64, now: Timestamp) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.erase_messages(slice, now).await,
        }
    }

    /// At most `most` of what a user said, from `after` on; 0 is the beginning.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn own_messages(
        &self,
        user: UserId,
        after: i64,
        most: i64,
    ) -> Result<OwnMessages, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.own_messages(user, after, most).await,
        }
    }
}
