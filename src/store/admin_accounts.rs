//! Contract for the administration of accounts.

use super::{AdminOutcome, Backend, Store, StoreError};
use crate::domain::{Account, Actor, Digest, SessionId, Timestamp, UserId};

impl Store {
    /// Returns accounts with a greater id, by id; with `part`, those whose names contain it.
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

    /// Disables or enables an account. Returns the sessions and personal tokens that ended.
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

    /// Creates a secret with which the user's password can be set once before it expires. An earlier one becomes
    /// invalid.
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

    /// Returns whether the secret with this digest is valid.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn reset_stands(&self, digest: Digest, now: Timestamp) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.reset_stands(digest, now).await,
        }
    }

    /// Uses the secret: sets the password, and ends every session and personal token. Returns the user and the ended
    /// ones, or `None` if the secret is not valid.
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
