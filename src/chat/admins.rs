//! Server admins, and what they may look at.

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
    /// Who, and from where.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl Chat {
    /// The caller as a server admin who looks. The database is asked each time, for a right that is
    /// taken away must be gone at once.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for everybody else. [`ChatError::OutOfScope`] for a token that may
    /// not read, or is limited to some rooms: admins see what was reported in all of them.
    pub async fn admin_reader(&self, caller: &Caller) -> Result<AdminReader, ChatError> {
        caller.require(TokenScope::Read)?;
        caller.require_all_rooms()?;
        if self.is_admin(caller).await? {
            Ok(AdminReader(()))
        } else {
            Err(ChatError::Forbidden(Permission::Administer))
        }
    }

    /// The caller as a server admin who changes something. The database is asked each time.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for everybody else. [`ChatError::OutOfScope`] or
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

    /// Whether the caller is a server admin.
    ///
    /// # Errors
    /// [`ChatError`] if it could not be read.
    pub async fn is_admin(&self, caller: &Caller) -> Result<bool, ChatError> {
        Ok(self.inner.store.is_admin(caller.user()).await?)
    }

    /// Makes a user admin, or no longer one.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for nobody's number, [`ChatError::LastAdmin`], or
    /// [`ChatError::Forbidden`] if `by` has lost the right.
    pub async fn set_admin(&self, by: &Admin, user: UserId, admin: bool) -> Result<(), ChatError> {
        let (store, by) = (&self.inner.store, by.actor.clone());
        match store.set_admin(user, admin, by, Timestamp::now()).await? {
            AdminOutcome::Done => Ok(()),
            AdminOutcome::NoSuchUser => Err(ChatError::NotFound("user")),
            AdminOutcome::LastAdmin => Err(ChatError::LastAdmin),
            AdminOutcome::Forbidden => Err(ChatError::Forbidden(Permission::Administer)),
        }
    }

    /// Entries of the audit log, newest first.
    ///
    /// # Errors
    /// [`ChatError`] if they could not be read.
    pub async fn audit(
        &self,
        _: &AdminReader,
        filter: AuditFilter,
    ) -> Result<Vec<AuditEntry>, ChatError> {
        Ok(self.inner.store.audit(filter).await?)
    }
}
