//! Personal tokens for programs, which live longer than access tokens.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{Caller, Chat, ChatError, Login};
use crate::{
    domain::{
        Digest, Invalid, Permission, PersonalToken, RoomLimit, SessionId, SessionOrigin, Timestamp,
        TokenHolder, TokenName, TokenScope, TokenSecret,
    },
    store::{CreateTokenOutcome, NewToken},
};

/// Maximum tokens of one user.
const MAX_TOKENS: i64 = 50;
/// Time for which a token's holder is cached. The last use is stored at the same interval.
///
/// It must be shorter than the time for which an ended login is remembered, so that a cached holder expires before the
/// end is forgotten.
const KNOWN_FOR: Duration = Duration::from_mins(1);
/// Maximum cached tokens. The holders of further tokens are read each time.
const MAX_KNOWN: usize = 100_000;

/// Cache of token holders, so that most requests need no database read.
#[derive(Default)]
pub(super) struct KnownTokens(RwLock<HashMap<Digest, (TokenHolder, Instant)>>);

impl KnownTokens {
    fn get(&self, digest: &Digest) -> Option<TokenHolder> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (holder, asked) = known.get(digest)?;
        (asked.elapsed() < KNOWN_FOR).then(|| holder.clone())
    }

    /// Caches a holder that was read after `asked`. Returns whether there was room.
    fn put(&self, digest: Digest, holder: TokenHolder, asked: Instant) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let room = known.len() < MAX_KNOWN || known.contains_key(&digest);
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
    /// Returns the holder of a personal token.
    pub(super) async fn holder(&self, secret: &TokenSecret) -> Result<TokenHolder, ChatError> {
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
        if self.inner.known.put(digest, holder.clone(), asked) {
            // The write runs in the background, so that a read request does not wait for it.
            let (store, session) = (self.inner.store.clone(), holder.session);
            tokio::spawn(async move {
                if let Err(error) = store.note_token_use(session, now).await {
                    tracing::warn!(%error, "cannot store the last use of a token");
                }
            });
        }
        Ok(holder)
    }

    /// Creates a personal token. The secret is returned only here. This requires a login, so that an expiring token
    /// cannot create one that does not expire.
    ///
    /// # Errors
    /// [`ChatError::TooMany`], [`ChatError::Forbidden`] if the caller requests the scope `admin` and is not a server
    /// admin, or [`ChatError::Invalid`] if `rooms` lists a room that the caller is not in.
    pub async fn create_token(
        &self,
        login: &Login,
        name: TokenName,
        scope: TokenScope,
        rooms: RoomLimit,
        lasts: Option<Duration>,
        origin: SessionOrigin,
    ) -> Result<(PersonalToken, TokenSecret), ChatError> {
        let caller = login.caller();
        let secret = TokenSecret::generate(TokenSecret::PERSONAL)?;
        let now = Timestamp::now();
        let new = NewToken {
            user: caller.user(),
            by: caller.session(),
            name,
            scope,
            rooms,
            digest: secret.digest(),
            expires_at: lasts.map(|lasts| now.plus(lasts)),
            origin,
        };
        match self.inner.store.create_token(new, MAX_TOKENS, now).await? {
            CreateTokenOutcome::Done(made) => Ok((made, secret)),
            CreateTokenOutcome::TooMany => {
                Err(ChatError::TooMany("you have 50 tokens; revoke one first"))
            }
            CreateTokenOutcome::Ended => Err(ChatError::Unauthorized),
            CreateTokenOutcome::NotAdmin => Err(ChatError::Forbidden(Permission::Administer)),
            CreateTokenOutcome::NoSuchRoom(room) => {
                let detail = format!("lists a room that you are not in: {room}");
                Err(Invalid::new("rooms", detail).into())
            }
        }
    }

    /// Returns the caller's personal tokens, newest first. A caller with a token gets only that token.
    ///
    /// # Errors
    /// [`ChatError`] if the tokens could not be read.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<PersonalToken>, ChatError> {
        let (store, now) = (&self.inner.store, Timestamp::now());
        let mut tokens = store.tokens(caller.user(), now).await?;
        if !caller.is_login() {
            tokens.retain(|token| token.id == caller.session());
        }
        Ok(tokens)
    }

    /// Revokes one of the caller's personal tokens and closes its sockets. A token of any scope may revoke itself.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller has no such token. [`ChatError::OutOfScope`] or
    /// [`ChatError::ReadOnly`] if a token tries to revoke another.
    pub async fn revoke_token(&self, caller: &Caller, token: SessionId) -> Result<(), ChatError> {
        if token != caller.session() {
            caller.login(false)?;
        }
        let (store, now) = (&self.inner.store, Timestamp::now());
        if !store.end_token(caller.user(), token, now).await? {
            return Err(ChatError::NotFound("token"));
        }
        self.revoke_and_disconnect(caller.user(), token);
        self.inner.known.forget(token);
        Ok(())
    }
}
