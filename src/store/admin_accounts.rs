//! The contract for what admins do with accounts.

use super::{AdminOutcome, Backend, Store, StoreError};
use crate::domain::{Account, Actor, Digest, SessionId, Timestamp, UserId};

impl Store {
    /// Accounts after that one, by id; with `part` those whose names hold it.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn accounts(
        &self,
        part: Option<String>,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Account>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.accounts(part, after, limit).await,
        }
    }

    /// Lets an account in no more, or again. Answers the logins and personal tokens that ended.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        by: Actor,
        now: Timestamp,
    ) -> Result<(AdminOutcome, Vec<SessionId>), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_disabled(user, disabled, by, now).await,
        }
    }

    /// Lets whoever has the secret of that digest set the user's password, once and until then. An
    /// earlier one is good no more.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn open_reset(
        &self,
        user: UserId,
        digest: Digest,
        expires_at: Timestamp,
        by: Actor,
        now: Timestamp,
    ) -> Result<AdminOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.open_reset(user, digest, expires_at, by, now).await,
        }
    }

    /// Whether a secret of that digest lets somebody set a password.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn reset_stands(&self, digest: Digest, now: Timestamp) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.reset_stands(digest, now).await,
        }
    }

    /// Uses it: sets the password, and ends every login and personal token. Answers whose and which,
    /// or `None` if it is good no more.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn reset_password(
        &self,
        digest: Digest,
        password_hash: String,
        now: Timestamp,
    ) -> Result<Option<(UserId, Vec<SessionId>)>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.reset_password(digest, password_hash, now).await,
        }
    }
}
