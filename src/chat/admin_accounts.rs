//! Administration of accounts.

use std::time::Duration;

use super::{Admin, AdminReader, Chat, ChatError};
use crate::{
    domain::{
        Account, Invalid, Password, Permission, SessionOrigin, Timestamp, TokenSecret, UserId,
    },
    store::AdminOutcome,
};

/// Lifetime of a link to set a password.
const RESET_TTL: Duration = Duration::from_hours(24);

impl Chat {
    /// Returns accounts with ids above `after`, by id. With `part`, only accounts whose names contain it are returned.
    ///
    /// # Errors
    /// [`ChatError`] if the accounts could not be read.
    pub async fn accounts(
        &self,
        _: &AdminReader,
        part: Option<String>,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Account>, ChatError> {
        Ok(self.inner.store.accounts(part, after, limit).await?)
    }

    /// Disables an account and ends its logins and connections, or enables it again.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user, [`ChatError::LastAdmin`], or
    /// [`ChatError::Forbidden`] if `by` is no longer an admin.
    pub async fn set_disabled(
        &self,
        by: &Admin,
        user: UserId,
        disabled: bool,
    ) -> Result<(), ChatError> {
        let (store, by) = (&self.inner.store, by.actor().clone());
        let set = store.set_disabled(user, disabled, by, Timestamp::now());
        let (outcome, ended) = set.await?;
        for session in ended {
            self.revoke_and_disconnect(user, session);
        }
        done(outcome)
    }

    /// Creates a secret that sets the user's password, and returns it with its expiry.
    ///
    /// It can be used once. Anyone who has the secret can take over the account, so it must be passed on in private.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user, or [`ChatError::Forbidden`] if `by` is no longer an admin.
    pub async fn open_reset(
        &self,
        by: &Admin,
        user: UserId,
    ) -> Result<(TokenSecret, Timestamp), ChatError> {
        let secret = TokenSecret::generate(TokenSecret::LINK)?;
        let now = Timestamp::now();
        let end = now.plus(RESET_TTL);
        let (store, by) = (&self.inner.store, by.actor().clone());
        let opened = store.open_reset(user, secret.digest(), end, by, now);
        done(opened.await?)?;
        Ok((secret, end))
    }

    /// Sets a password with such a secret and ends all logins and personal tokens of its user.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] if `token` is unknown, expired or used, or [`ChatError::RateLimited`].
    pub async fn reset_password(
        &self,
        token: &str,
        new: Password,
        origin: &SessionOrigin,
    ) -> Result<(), ChatError> {
        self.inner.attempts.take(&origin.network())?;
        let bad = || Invalid::new("token", "is invalid, expired or already used");
        let digest = TokenSecret::parse(TokenSecret::LINK, token)
            .ok_or_else(bad)?
            .digest();
        let store = &self.inner.store;
        // Hashing is expensive, so a guessed token is refused before it.
        if !store.reset_stands(digest, Timestamp::now()).await? {
            return Err(bad().into());
        }
        let hash = self.inner.passwords.hash(new).await?;
        let set = store.reset_password(digest, hash, Timestamp::now()).await?;
        let (user, ended) = set.ok_or_else(bad)?;
        for session in ended {
            self.revoke_and_disconnect(user, session);
        }
        Ok(())
    }
}

fn done(outcome: AdminOutcome) -> Result<(), ChatError> {
    match outcome {
        AdminOutcome::Done => Ok(()),
        AdminOutcome::NoSuchUser => Err(ChatError::NotFound("user")),
        AdminOutcome::LastAdmin => Err(ChatError::LastAdmin),
        AdminOutcome::Forbidden => Err(ChatError::Forbidden(Permission::Administer)),
    }
}
