//! Who may make an account here.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Chat, ChatError};
use crate::domain::Registration;

/// The rule, and whether it is in force: the first account of a server is made without it.
pub(super) struct RegistrationPolicy {
    rule: Registration,
    /// Whether an account has been seen; until one goes, the database is asked no more after that.
    has_users: AtomicBool,
}

impl RegistrationPolicy {
    pub(super) fn new(rule: Registration) -> Self {
        Self {
            rule,
            has_users: AtomicBool::new(false),
        }
    }

    pub(super) fn rule(&self) -> Registration {
        self.rule
    }

    /// An account is gone.
    pub(super) fn recheck(&self) {
        self.has_users.store(false, Ordering::Relaxed);
    }

    /// The refusal of who may not make an account.
    pub(super) fn refusal(&self) -> ChatError {
        match self.rule {
            Registration::Open | Registration::Invite => ChatError::RegistrationInvite,
            Registration::Closed => ChatError::RegistrationClosed,
        }
    }
}

impl Chat {
    /// Whether nobody has an account yet.
    ///
    /// # Errors
    /// [`ChatError`] if it could not be read.
    pub async fn needs_first_account(&self) -> Result<bool, ChatError> {
        let registration = &self.inner.registration;
        if registration.has_users.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let has_users = self.inner.store.has_users().await?;
        registration.has_users.store(has_users, Ordering::Relaxed);
        Ok(!has_users)
    }

    /// Turns away, before a password is hashed for nothing, who will be turned away in the end. The
    /// transaction that makes the account looks for itself.
    pub(super) async fn check_registration(&self, with_code: bool) -> Result<(), ChatError> {
        let registration = &self.inner.registration;
        if registration.rule.admits(with_code) || self.needs_first_account().await? {
            Ok(())
        } else {
            Err(registration.refusal())
        }
    }
}
