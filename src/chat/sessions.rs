//! Logins: authentication, token pairs and revocation.

use std::{collections::HashMap, net::IpAddr, sync::RwLock, time::Duration};

use super::{Chat, ChatError, error::MissingRight};
use crate::{
    auth::{Access, Refresh},
    domain::{
        RoomId, RoomLimit, Session, SessionId, SessionOrigin, Timestamp, TokenScope, TokenSecret,
        User, UserId,
    },
    store::{Rotation, Store, StoreError},
};

/// Time for which an ended login is remembered beyond the lifetime of its last access token.
const REMEMBER_EXTRA: Duration = Duration::from_mins(1);

/// Authenticated user with a valid token of a login that has not ended. Only [`Chat::authenticate`] creates it.
///
/// It carries the limits of a personal token. Use cases about a room get the user from
/// [`user_in`](Self::user_in), so that a room beyond the limit is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    user: UserId,
    session: SessionId,
    address: Option<IpAddr>,
    auth_method: AuthMethod,
    rooms: RoomLimit,
}

/// Caller who signed in with a password. Use cases that personal tokens must never reach take this. Only
/// [`Caller::login`] creates it.
#[derive(Clone, Debug)]
pub struct Login(Caller);

impl Login {
    /// Returns the caller.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.0
    }
}

/// How a caller authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AuthMethod {
    /// By an access token of a login by password.
    Login,
    /// By a personal token.
    Token(TokenScope),
}

impl Caller {
    /// Returns whether the caller signed in with a password, and not with a personal token.
    #[must_use]
    pub fn is_login(&self) -> bool {
        self.auth_method == AuthMethod::Login
    }

    /// Checks that the caller's token has the scope `needed`. A login has all scopes.
    ///
    /// # Errors
    /// [`ChatError::ReadOnly`] for a read-only token if `needed` is more than reading.
    /// [`ChatError::OutOfScope`] for any other token that lacks the scope.
    pub fn require(&self, needed: TokenScope) -> Result<(), ChatError> {
        match self.auth_method {
            AuthMethod::Login => Ok(()),
            AuthMethod::Token(scope) if scope.includes(needed) => Ok(()),
            AuthMethod::Token(TokenScope::Read) => Err(ChatError::ReadOnly),
            AuthMethod::Token(_) => Err(ChatError::OutOfScope(MissingRight::Scope(needed))),
        }
    }

    /// Returns proof that the caller signed in with a password. `reads` states whether the call changes nothing.
    ///
    /// # Errors
    /// [`ChatError::ReadOnly`] for a read-only token, unless the call only reads.
    /// [`ChatError::OutOfScope`] for any other token.
    pub fn login(&self, reads: bool) -> Result<Login, ChatError> {
        match self.auth_method {
            AuthMethod::Login => Ok(Login(self.clone())),
            AuthMethod::Token(TokenScope::Read) if !reads => Err(ChatError::ReadOnly),
            AuthMethod::Token(_) => Err(ChatError::OutOfScope(MissingRight::Login)),
        }
    }

    /// Returns the user, for a call about `room`.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller's token is limited to other rooms.
    pub fn user_in(&self, room: RoomId) -> Result<UserId, ChatError> {
        if self.rooms.includes(room) {
            Ok(self.user)
        } else {
            Err(ChatError::NotFound("room"))
        }
    }

    /// Checks that the caller's token is not limited to some rooms.
    ///
    /// # Errors
    /// [`ChatError::OutOfScope`] if it is.
    pub fn require_all_rooms(&self) -> Result<(), ChatError> {
        match self.rooms.rooms() {
            None => Ok(()),
            Some(_) => Err(ChatError::OutOfScope(MissingRight::AllRooms)),
        }
    }

    /// Returns the rooms that the caller's token is limited to.
    #[must_use]
    pub fn rooms(&self) -> &RoomLimit {
        &self.rooms
    }

    /// Returns the user without a check of the room limit.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Returns the login.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Returns the client's address, if known.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Sets the client's address.
    #[must_use]
    pub fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }
}

/// A pair of tokens.
#[derive(Clone)]
pub struct Grant {
    /// Access token, valid for [`expires_in`](Self::expires_in).
    pub access_token: String,
    /// Lifetime of the access token.
    pub expires_in: Duration,
    /// Refresh token, which can be used once to get the next pair.
    pub refresh_token: String,
    /// Lifetime of the refresh token.
    pub refresh_expires_in: Duration,
}

/// Result of a sign-in or sign-up.
pub struct SignedIn {
    /// Account.
    pub user: User,
    /// Tokens of the new login.
    pub grant: Grant,
    /// Room that a code admitted to at sign-up.
    pub joined: Option<RoomId>,
}

/// Ended logins whose access tokens may still be valid. With this set in memory, a request need not ask the database
/// whether its login has ended.
pub(super) struct EndedSessions {
    ended: RwLock<HashMap<SessionId, Timestamp>>,
    remember: Duration,
}

impl EndedSessions {
    pub(super) async fn load(store: &Store, access_ttl: Duration) -> Result<Self, StoreError> {
        let remember = access_ttl + REMEMBER_EXTRA;
        let now = Timestamp::now();
        let ended = store.sessions_ended_since(now.minus(remember)).await?;
        let ended = ended.into_iter().map(|session| (session, now)).collect();
        Ok(Self {
            ended: RwLock::new(ended),
            remember,
        })
    }

    fn add(&self, session: SessionId) {
        let mut ended = self
            .ended
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ended.insert(session, Timestamp::now());
    }

    fn contains(&self, session: SessionId) -> bool {
        self.ended
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .contains_key(&session)
    }

    pub(super) fn sweep(&self) {
        let oldest = Timestamp::now().minus(self.remember);
        let mut ended = self
            .ended
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        ended.retain(|_, at| *at >= oldest);
    }
}

impl Chat {
    /// Authenticates the caller by an access token or a personal token. Only personal tokens need the database, at most
    /// once a minute each.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if the token is not valid or its login has ended.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, ChatError> {
        let caller = if let Some(secret) = TokenSecret::parse(TokenSecret::PERSONAL, token) {
            let holder = self.holder(&secret).await?;
            Caller {
                user: holder.user,
                session: holder.session,
                address: None,
                auth_method: AuthMethod::Token(holder.scope),
                rooms: holder.rooms,
            }
        } else {
            let Access { user, session } = self.inner.tokens.read_access(token)?;
            Caller {
                user,
                session,
                address: None,
                auth_method: AuthMethod::Login,
                rooms: RoomLimit::default(),
            }
        };
        if self.is_ended(&caller) {
            Err(ChatError::Unauthorized)
        } else {
            Ok(caller)
        }
    }

    /// Returns whether the caller's login has ended. A socket checks this again after its registration in the hub,
    /// because it would miss an end in between.
    #[must_use]
    pub fn is_ended(&self, caller: &Caller) -> bool {
        self.inner.ended.contains(caller.session)
    }

    /// Returns an identifier that tells this server's logins from those of another server on the same host.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.inner.tokens.issuer()
    }

    /// Exchanges a refresh token for the next pair of tokens.
    ///
    /// A reused token ends its login: either the owner or a thief has the other copy, and only a new sign-in can tell
    /// them apart.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if the token is not valid.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Grant, ChatError> {
        let Refresh {
            user,
            session,
            generation,
        } = self.inner.tokens.read_refresh(refresh_token)?;
        self.inner.requests.take(&user)?;
        let now = Timestamp::now();
        let ttl = self.inner.tokens.refresh_ttl();
        match self
            .inner
            .store
            .rotate_session(user, session, generation, ttl, now)
            .await?
        {
            Rotation::Rotated(generation) => self.grant(
                Refresh {
                    user,
                    session,
                    generation,
                },
                now,
            ),
            Rotation::Reused => {
                tracing::warn!(
                    user.id = user.0,
                    session.id = session.0,
                    "refresh token reused, session ended"
                );
                self.revoke_and_disconnect(user, session);
                Err(ChatError::Unauthorized)
            }
            Rotation::Ended => Err(ChatError::Unauthorized),
        }
    }

    /// Ends the caller's own login.
    ///
    /// # Errors
    /// [`ChatError`] if the end could not be stored.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), ChatError> {
        self.end_session(caller.user, caller.session)
            .await
            .map(|_| ())
    }

    /// Ends the login of a refresh token, for a client whose access token has expired.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if the token is not valid, or [`ChatError::RateLimited`].
    pub async fn sign_out_by_refresh(&self, refresh_token: &str) -> Result<(), ChatError> {
        let Refresh { user, session, .. } = self.inner.tokens.read_refresh(refresh_token)?;
        self.inner.requests.take(&user)?;
        self.end_session(user, session).await.map(|_| ())
    }

    /// Returns the caller's logins, newest first.
    ///
    /// # Errors
    /// [`ChatError`] if the logins could not be read.
    pub async fn sessions(&self, login: &Login) -> Result<Vec<Session>, ChatError> {
        Ok(self.inner.store.sessions(login.0.user).await?)
    }

    /// Ends one of the caller's logins and closes its sockets.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller has no such login.
    pub async fn revoke_session(&self, login: &Login, session: SessionId) -> Result<(), ChatError> {
        if self.end_session(login.0.user, session).await? {
            Ok(())
        } else {
            Err(ChatError::NotFound("session"))
        }
    }

    /// Ends a login. Returns whether it existed.
    async fn end_session(&self, user: UserId, session: SessionId) -> Result<bool, ChatError> {
        let ended = self
            .inner
            .store
            .end_session(user, session, Timestamp::now())
            .await?;
        if ended {
            self.revoke_and_disconnect(user, session);
        }
        Ok(ended)
    }

    /// Refuses the login's tokens from now on and closes its sockets.
    pub(super) fn revoke_and_disconnect(&self, user: UserId, session: SessionId) {
        self.inner.ended.add(session);
        self.inner.hub.connections().end_session(user, session);
    }

    /// Creates a login of `user`, whose password matched `password_hash`.
    pub(super) async fn open_session(
        &self,
        user: UserId,
        password_hash: String,
        origin: SessionOrigin,
    ) -> Result<Grant, ChatError> {
        let now = Timestamp::now();
        let ttl = self.inner.tokens.refresh_ttl();
        let opened = self
            .inner
            .store
            .open_session(user, password_hash, origin, ttl, now);
        let session = opened.await?.ok_or(ChatError::BadCredentials)?;
        self.grant(
            Refresh {
                user,
                session,
                generation: 0,
            },
            now,
        )
    }

    pub(super) fn grant(&self, refresh: Refresh, now: Timestamp) -> Result<Grant, ChatError> {
        let tokens = &self.inner.tokens;
        let access = Access {
            user: refresh.user,
            session: refresh.session,
        };
        Ok(Grant {
            access_token: tokens.issue_access(access, now)?,
            expires_in: tokens.access_ttl(),
            refresh_token: tokens.issue_refresh(refresh, now)?,
            refresh_expires_in: tokens.refresh_ttl(),
        })
    }
}
