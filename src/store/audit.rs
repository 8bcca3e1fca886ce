//! Contract for server admins and the audit log.

use super::{Backend, Store, StoreError};
use crate::domain::{Actor, AuditEntry, AuditFilter, Timestamp, UserId};

/// Outcome of granting or revoking admin rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminOutcome {
    /// Done, now or earlier.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// The server would be left without an admin.
    LastAdmin,
    /// The caller is no longer an admin.
    Forbidden,
}

impl Store {
    /// Returns whether a user is a server admin, now.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn is_admin(&self, user: UserId) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.is_admin(user).await,
        }
    }

    /// Grants or revokes admin rights. A server keeps at least one admin.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_admin(
        &self,
        user: UserId,
        admin: bool,
        by: Actor,
        now: Timestamp,
    ) -> Result<AdminOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_admin(user, admin, by, now).await,
        }
    }

    /// Returns entries of the audit log, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn audit(&self, filter: AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.audit(filter).await,
        }
    }
}
