//! Personal tokens: for programs, to which a quarter of an hour is nothing.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{
        Digest, PersonalToken, Secret, SessionId, SessionOrigin, Timestamp, TokenHolder, TokenName,
        TokenScope,
    },
    store::{MadeToken, NewToken},
};

/// How many one user may have.
const MOST: i64 = 50;
/// Whom a token lets in is looked up this seldom, and its use stored no more often. It must be less
/// than an ended login is remembered: what was looked up just before an end is then never believed
/// after it is forgotten.
const KNOWN_FOR: Duration = Duration::from_mins(1);
/// Tokens held in memory. Those beyond are looked up each time.
const MOST_KNOWN: usize = 100_000;

/// Whom tokens let in that were used lately, so that most requests need no database to tell.
#[derive(Default)]
pub(super) struct KnownTokens(RwLock<HashMap<Digest, (TokenHolder, Instant)>>);

impl KnownTokens {
    fn get(&self, digest: &Digest) -> Option<TokenHolder> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (holder, asked) = known.get(digest)?;
        (asked.elapsed() < KNOWN_FOR).then_some(*holder)
    }

    /// Whether there was room for it. `asked` is a moment before the database was.
    fn put(&self, digest: Digest, holder: TokenHolder, asked: Instant) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let room = known.len() < MOST_KNOWN || known.contains_key(&digest);
        if room {
            known.insert(digest, (holder, asked));
        }
        room
    }

    fn forget(&self, session: SessionId) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (holder, _)| holder.session != session);
    }

    pub(super) fn sweep(&self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, asked)| asked.elapsed() < KNOWN_FOR);
    }
}

impl Chat {
    /// Whom this personal token lets in.
    pub(super) async fn holder(&self, secret: &Secret) -> Result<TokenHolder, ChatError> {
        let digest = secret.digest();
        let holder = match self.inner.known.get(&digest) {
            Some(holder) => holder,
            None => self.look_up(digest).await?,
        };
        match holder.expires_at {
            Some(end) if end <= Timestamp::now() => Err(ChatError::Unauthorized),
            _ => Ok(holder),
        }
    }

    async fn look_up(&self, digest: Digest) -> Result<TokenHolder, ChatError> {
        let (asked, now) = (Instant::now(), Timestamp::now());
        let found = self.inner.store.token_holder(digest).await?;
        let holder = found.ok_or(ChatError::Unauthorized)?;
        if self.inner.known.put(digest, holder, asked) {
            // Nobody waits for it: a request that reads should not cost a write.
            let store = self.inner.store.clone();
            tokio::spawn(async move {
                if let Err(error) = store.note_token_use(holder.session, now).await {
                    tracing::warn!(%error, "last use of a token not stored");
                }
            });
        }
        Ok(holder)
    }

    /// Makes a personal token; the secret is shown this once.
    ///
    /// # Errors
    /// [`ChatError::TooMany`], or [`ChatError::NeedsLogin`] for who has come by a token: one that
    /// runs out must not make one that does not.
    pub async fn create_token(
        &self,
        caller: &Caller,
        name: TokenName,
        scope: TokenScope,
        lasts: Option<Duration>,
        origin: SessionOrigin,
    ) -> Result<(PersonalToken, Secret), ChatError> {
        if !caller.is_login() {
            return Err(ChatError::NeedsLogin);
        }
        let secret = Secret::generate(Secret::PERSONAL)?;
        let now = Timestamp::now();
        let new = NewToken {
            user: caller.user(),
            by: caller.session(),
            name,
            scope,
            digest: secret.digest(),
            expires_at: lasts.map(|lasts| now.plus(lasts)),
            origin,
        };
        match self.inner.store.create_token(new, MOST, now).await? {
            MadeToken::Done(made) => Ok((made, secret)),
            MadeToken::TooMany => Err(ChatError::TooMany("you have 50 tokens; revoke one first")),
            MadeToken::Ended => Err(ChatError::Unauthorized),
        }
    }

    /// The caller's personal tokens, newest first.
    ///
    /// # Errors
    /// [`ChatError`] if they could not be read.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<PersonalToken>, ChatError> {
        let (store, now) = (&self.inner.store, Timestamp::now());
        Ok(store.tokens(caller.user(), now).await?)
    }

    /// Ends one of the caller's personal tokens with its sockets.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller has no such token.
    pub async fn revoke_token(&self, caller: &Caller, token: SessionId) -> Result<(), ChatError> {
        let (store, now) = (&self.inner.store, Timestamp::now());
        if !store.end_token(caller.user(), token, now).await? {
            return Err(ChatError::NotFound("token"));
        }
        self.cut(caller.user(), token);
        self.inner.known.forget(token);
        Ok(())
    }
}
