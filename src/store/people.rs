//! Contract for accounts and sessions.

use std::time::Duration;

use super::{Backend, Store, StoreError};
use crate::domain::{
    AccessCode, Registration, RoomId, RoomLimit, Session, SessionId, SessionOrigin, Timestamp,
    User, UserId, Username,
};

/// An account to create.
#[derive(Debug)]
pub struct NewUser {
    /// Name to sign in with.
    pub username: Username,
    /// Name that other users see.
    pub display_name: String,
    /// Hashed password.
    pub password_hash: String,
    /// Code of a room to join in the same transaction.
    pub code: Option<AccessCode>,
    /// Policy for new accounts. It does not apply to the first one.
    pub registration: Registration,
    /// Address and user agent of the first session.
    pub origin: SessionOrigin,
    /// Lifetime of the session without a refresh.
    pub session_ttl: Duration,
}

/// Outcome of a sign-up.
#[derive(Debug)]
pub enum SignUpOutcome {
    /// The account exists and is signed in.
    Done {
        /// The account.
        user: User,
        /// Its first session.
        session: SessionId,
        /// The room that the code granted entry to.
        joined: Option<RoomId>,
    },
    /// The name is taken. Nothing is created.
    UsernameTaken,
    /// The code is not valid. Nothing is created.
    BadCode,
    /// The policy for new accounts forbids it. Nothing is created.
    NotOpen,
}

/// Data to check a sign-in against.
#[derive(Debug)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// Its hashed password.
    pub password_hash: String,
    /// Whether the account is disabled.
    pub disabled: bool,
}

/// Outcome of using a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The session continues with this generation.
    Rotated(i64),
    /// The token was used before. The session is ended now.
    Reused,
    /// The session does not exist or has ended.
    Ended,
}

impl Store {
    /// Creates an account, signs it in and adds it to a room, all or nothing.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn sign_up(&self, new: NewUser, now: Timestamp) -> Result<SignUpOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.sign_up(new, now).await,
        }
    }

    /// Returns whether any account exists.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.has_users().await,
        }
    }

    /// Returns the credentials of a username; `username_key` as [`Username::folded`] returns it.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn credentials(&self, username_key: &str) -> Result<Option<Credentials>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.credentials(username_key).await,
        }
    }

    /// Returns the credentials of a user.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.credentials_of(user).await,
        }
    }

    /// Returns an account.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.user(user).await,
        }
    }

    /// Returns whether `reader` shares a room with `user`, or `user` is in a public one. Only rooms within `limit`
    /// count.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn may_see(
        &self,
        reader: UserId,
        user: UserId,
        limit: &RoomLimit,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.may_see(reader, user, limit).await,
        }
    }

    /// Returns id and name of the rooms that both users are in, by id.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn shared_rooms(
        &self,
        reader: UserId,
        user: UserId,
    ) -> Result<Vec<(RoomId, String)>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.shared_rooms(reader, user).await,
        }
    }

    /// Changes a user's password from `old`, and ends every session except `keep`. Returns the ended sessions, or
    /// `None` if the password is no longer `old`.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_password(
        &self,
        user: UserId,
        old: String,
        password_hash: String,
        keep: SessionId,
        now: Timestamp,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => {
                sqlite
                    .set_password(user, old, password_hash, keep, now)
                    .await
            }
        }
    }

    /// Records when users were last seen.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_last_seen(&self, seen: Vec<(UserId, Timestamp)>) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_last_seen(seen).await,
        }
    }

    /// Creates a session after a successful check of the password. `None` if the password changed since, or the
    /// account is disabled.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn open_session(
        &self,
        user: UserId,
        password_hash: String,
        origin: SessionOrigin,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Option<SessionId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => {
                sqlite
                    .open_session(user, password_hash, origin, ttl, now)
                    .await
            }
        }
    }

    /// Uses the refresh token of a generation.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn rotate_session(
        &self,
        user: UserId,
        session: SessionId,
        generation: i64,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => {
                sqlite
                    .rotate_session(user, session, generation, ttl, now)
                    .await
            }
        }
    }

    /// Ends a session of a user. Returns `false` if there was none.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn end_session(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.end_session(user, session, now).await,
        }
    }

    /// Returns a user's sessions, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.sessions(user).await,
        }
    }

    /// Returns the sessions that ended since a time.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn sessions_ended_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.sessions_ended_since(since).await,
        }
    }

    /// Ends up to `slice` expired sessions. Returns `false` if none are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn expire_sessions(&self, now: Timestamp, slice: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.expire_sessions(now, slice).await,
        }
    }

    /// Deletes up to `slice` sessions that ended before a time. Returns `false` if none are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn forget_sessions(&self, before: Timestamp, slice: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_sessions(before, slice).await,
        }
    }
}
