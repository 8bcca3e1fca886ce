//! Logins: who calls, the tokens that say so, and their end.

use std::{collections::HashMap, net::IpAddr, sync::RwLock, time::Duration};

use super::{Chat, ChatError, error::MissingRight};
use crate::{
    auth::{Access, Refresh},
    domain::{
        RoomId, RoomLimit, Secret, Session, SessionId, SessionOrigin, Timestamp, TokenScope, User,
        UserId,
    },
    store::{Rotation, Store, StoreError},
};

/// An ended login is remembered this much longer than its last access token could live.
const REMEMBER_EXTRA: Duration = Duration::from_mins(1);

/// Somebody who has shown a good access token of a login that has not ended. Only
/// [`Chat::authenticate`] makes one.
///
/// It carries the limits of a personal token. Whatever reads or changes a room asks
/// [`user_in`](Self::user_in) for the user, so that a room beyond the limit does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    user: UserId,
    session: SessionId,
    address: Option<IpAddr>,
    auth_method: AuthMethod,
    rooms: RoomLimit,
}

/// A caller who has signed in with a password. Only [`Caller::login`] makes one.
///
/// Caller who signed in with a password. Use cases that personal tokens must never reach take this.
#[derive(Clone, Debug)]
pub struct Login(Caller);

impl Login {
    /// Returns the caller.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.0
    }
}

/// By what somebody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AuthMethod {
    /// An access token of a login by password.
    Login,
    /// A personal token.
    Token(TokenScope),
}

impl Caller {
    /// Whether they have signed in with a password, and not come by a personal token.
    #[must_use]
    pub fn is_login(&self) -> bool {
        self.auth_method == AuthMethod::Login
    }

    /// Checks that the caller may do what `needed` is needed for. A login may do everything.
    ///
    /// # Errors
    /// [`ChatError::ReadOnly`] for a token that may only read, if this is more than reading.
    /// [`ChatError::OutOfScope`] for any other token that lacks the scope.
    pub fn require(&self, needed: TokenScope) -> Result<(), ChatError> {
        match self.auth_method {
            AuthMethod::Login => Ok(()),
            AuthMethod::Token(scope) if scope.includes(needed) => Ok(()),
            AuthMethod::Token(TokenScope::Read) => Err(ChatError::ReadOnly),
            AuthMethod::Token(_) => Err(ChatError::OutOfScope(MissingRight::Scope(needed))),
        }
    }

    /// Returns the caller as one who has signed in with a password. `reads` says whether the call
    /// changes nothing.
    ///
    /// # Errors
    /// [`ChatError::ReadOnly`] for a token that may only read, unless the call only reads.
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

    /// Who calls.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    /// By which login.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// From where, as far as it is known.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The caller, who calls from there.
    #[must_use]
    pub fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }
}

/// A pair of tokens.
#[derive(Clone)]
pub struct Grant {
    /// Good for [`expires_in`](Self::expires_in).
    pub access_token: String,
    /// How long the access token is good.
    pub expires_in: Duration,
    /// Good once, for the next pair.
    pub refresh_token: String,
    /// How long the refresh token is good.
    pub refresh_expires_in: Duration,
}

/// An account that has just signed in or up.
pub struct SignedIn {
    /// The account.
    pub user: User,
    /// Its tokens.
    pub grant: Grant,
    /// The room that a code admitted to at sign-up.
    pub joined: Option<RoomId>,
}

/// The logins that ended while an access token of theirs may still be good. With these at hand no
/// request needs the database to learn that its login is alive.
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
    /// Who shows this token: an access token, or a personal one. Only for the latter is the database
    /// asked, and once a minute at most.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if it is not good or its login has ended.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, ChatError> {
        let caller = if let Some(secret) = Secret::parse(Secret::PERSONAL, token) {
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

    /// Whether the caller's login has ended since. A socket asks once more after it is listed in
    /// the hub, for an end in between would have missed it.
    #[must_use]
    pub fn is_ended(&self, caller: &Caller) -> bool {
        self.inner.ended.contains(caller.session)
    }

    /// What tells this server's logins from those of another on the same host.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.inner.tokens.issuer()
    }

    /// Changes a refresh token for the next pair. One that was used before ends its login: either
    /// its owner or a thief has the other copy, and only a new sign-in can tell who is who.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if it is not good.
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
    /// [`ChatError`] if it could not be stored.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), ChatError> {
        self.end_session(caller.user, caller.session)
            .await
            .map(|_| ())
    }

    /// Ends the login of a refresh token, for a client whose access token has run out.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if the token is not good, or [`ChatError::RateLimited`].
    pub async fn sign_out_by_refresh(&self, refresh_token: &str) -> Result<(), ChatError> {
        let Refresh { user, session, .. } = self.inner.tokens.read_refresh(refresh_token)?;
        self.inner.requests.take(&user)?;
        self.end_session(user, session).await.map(|_| ())
    }

    /// The caller's logins, newest first.
    ///
    /// # Errors
    /// [`ChatError`] if they could not be read.
    pub async fn sessions(&self, login: &Login) -> Result<Vec<Session>, ChatError> {
        Ok(self.inner.store.sessions(login.0.user).await?)
    }

    /// Ends one of the caller's logins with its sockets.
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

    /// Whether that login was there to end.
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

    /// Makes a login's end felt: its tokens are refused from now on and its sockets close.
    pub(super) fn revoke_and_disconnect(&self, user: UserId, session: SessionId) {
        self.inner.ended.add(session);
        self.inner.hub.connections().end_session(user, session);
    }

    /// A new login of `user`, whose password was found to match that hash.
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
