//! What admins do with accounts.

use std::time::Duration;

use super::{Admin, AdminReader, Chat, ChatError};
use crate::{
    domain::{Account, Invalid, Password, Permission, Secret, SessionOrigin, Timestamp, UserId},
    store::AdminOutcome,
};

/// How long a link to set a password is good.
const RESET_TTL: Duration = Duration::from_hours(24);

impl Chat {
    /// Accounts after that one, by id; with `part` those whose names hold it.
    ///
    /// # Errors
    /// [`ChatError`] if they could not be read.
    pub async fn accounts(
        &self,
        _: &AdminReader,
        part: Option<String>,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Account>, ChatError> {
        Ok(self.inner.store.accounts(part, after, limit).await?)
    }

    /// Lets an account in no more, and ends what it has open at once; or lets it in again.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for nobody's number, [`ChatError::LastAdmin`], or
    /// [`ChatError::Forbidden`] if `by` has lost the right.
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

    /// A secret with which somebody sets that user's password, once and until then. Whoever has it
    /// can be that user, so that it is for nobody else's eyes.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for nobody's number, or [`ChatError::Forbidden`].
    pub async fn open_reset(
        &self,
        by: &Admin,
        user: UserId,
    ) -> Result<(Secret, Timestamp), ChatError> {
        let secret = Secret::generate(Secret::LINK)?;
        let now = Timestamp::now();
        let end = now.plus(RESET_TTL);
        let (store, by) = (&self.inner.store, by.actor().clone());
        let opened = store.open_reset(user, secret.digest(), end, by, now);
        done(opened.await?)?;
        Ok((secret, end))
    }

    /// Sets a password by such a secret, and ends every login and personal token of its user.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for a `token` that is not good (any more), [`ChatError::RateLimited`].
    pub async fn reset_password(
        &self,
        token: &str,
        new: Password,
        origin: &SessionOrigin,
    ) -> Result<(), ChatError> {
        self.inner.attempts.take(&origin.network())?;
        let bad = || Invalid::new("token", "is used, has run out, or was never one");
        let digest = Secret::parse(Secret::LINK, token).ok_or_else(bad)?.digest();
        let store = &self.inner.store;
        // Hashing costs more than looking, and is not for whoever guesses.
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
