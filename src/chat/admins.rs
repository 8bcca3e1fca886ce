//! Server admins and the audit log.

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{Actor, AuditEntry, AuditFilter, Permission, Timestamp, TokenScope, UserId},
    store::AdminOutcome,
};

/// Proof that the caller was a server admin when asked, with the right to read. Only [`Chat::admin_reader`] makes one.
#[derive(Clone, Debug)]
pub struct AdminReader(());

/// Proof that the caller was a server admin when asked, with the right to write. Only [`Chat::admin`] makes one.
///
/// It opens no room: an admin reads a private room only as a member of it.
#[derive(Clone, Debug)]
pub struct Admin {
    actor: Actor,
}

impl Admin {
    /// Returns the admin and their address, for the audit log.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl Chat {
    /// Returns proof that the caller is a server admin who may read. This reads the database each time, so that a
    /// revoked right ends at once.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] if the caller is not an admin. [`ChatError::OutOfScope`] for a token that may not
    /// read or is limited to some rooms, because admins see reports from all rooms.
    pub async fn admin_reader(&self, caller: &Caller) -> Result<AdminReader, ChatError> {
        caller.require(TokenScope::Read)?;
        caller.require_all_rooms()?;
        if self.is_admin(caller).await? {
            Ok(AdminReader(()))
        } else {
            Err(ChatError::Forbidden(Permission::Administer))
        }
    }

    /// Returns proof that the caller is a server admin who may write. This reads the database each time.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] if the caller is not an admin. [`ChatError::OutOfScope`] or
    /// [`ChatError::ReadOnly`] for a token without the scope `admin`.
    pub async fn admin(&self, caller: &Caller) -> Result<Admin, ChatError> {
        caller.require(TokenScope::Admin)?;
        caller.require_all_rooms()?;
        if !self.is_admin(caller).await? {
            return Err(ChatError::Forbidden(Permission::Administer));
        }
        let author = self.me(caller).await?.author();
        let actor = Actor {
            author,
            address: caller.address(),
        };
        Ok(Admin { actor })
    }

    /// Returns whether the caller is a server admin.
    ///
    /// # Errors
    /// [`ChatError`] if the database could not be read.
    pub async fn is_admin(&self, caller: &Caller) -> Result<bool, ChatError> {
        Ok(self.inner.store.is_admin(caller.user()).await?)
    }

    /// Makes a user a server admin, or revokes that right.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user, [`ChatError::LastAdmin`], or
    /// [`ChatError::Forbidden`] if `by` is no longer an admin.
    pub async fn set_admin(&self, by: &Admin, user: UserId, admin: bool) -> Result<(), ChatError> {
        let (store, by) = (&self.inner.store, by.actor.clone());
        match store.set_admin(user, admin, by, Timestamp::now()).await? {
            AdminOutcome::Done => Ok(()),
            AdminOutcome::NoSuchUser => Err(ChatError::NotFound("user")),
            AdminOutcome::LastAdmin => Err(ChatError::LastAdmin),
            AdminOutcome::Forbidden => Err(ChatError::Forbidden(Permission::Administer)),
        }
    }

    /// Returns entries of the audit log, newest first.
    ///
    /// # Errors
    /// [`ChatError`] if the entries could not be read.
    pub async fn audit(
        &self,
        _: &AdminReader,
        filter: AuditFilter,
    ) -> Result<Vec<AuditEntry>, ChatError> {
        Ok(self.inner.store.audit(filter).await?)
    }
}
