//! Policy for new accounts.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Chat, ChatError};
use crate::domain::Registration;

/// The rule, and whether it applies: the first account of a server is created without it.
pub(super) struct RegistrationPolicy {
    rule: Registration,
    /// Whether an account was found. If true, the database is not read again until an account is deleted.
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

    /// Forgets that an account was found, because one was deleted.
    pub(super) fn recheck(&self) {
        self.has_users.store(false, Ordering::Relaxed);
    }

    /// Returns the refusal that matches the rule.
    pub(super) fn refusal(&self) -> ChatError {
        match self.rule {
            Registration::Open | Registration::Invite => ChatError::RegistrationInvite,
            Registration::Closed => ChatError::RegistrationClosed,
        }
    }
}

impl Chat {
    /// Returns whether the server has no account.
    ///
    /// # Errors
    /// [`ChatError`] if the database could not be read.
    pub async fn needs_first_account(&self) -> Result<bool, ChatError> {
        let registration = &self.inner.registration;
        if registration.has_users.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let has_users = self.inner.store.has_users().await?;
        registration.has_users.store(has_users, Ordering::Relaxed);
        Ok(!has_users)
    }

    /// Refuses early, before a password is hashed. The transaction that creates the account checks the rule again.
    pub(super) async fn check_registration(&self, with_code: bool) -> Result<(), ChatError> {
        let registration = &self.inner.registration;
        if registration.rule.admits(with_code) || self.needs_first_account().await? {
            Ok(())
        } else {
            Err(registration.refusal())
        }
    }
}
