//! The contract for accounts and logins.

use std::time::Duration;

use super::{Backend, Store, StoreError};
use crate::domain::{
    AccessCode, Registration, RoomId, RoomLimit, Session, SessionId, SessionOrigin, Timestamp,
    User, UserId, Username,
};

/// An account to make.
#[derive(Debug)]
pub struct NewUser {
    /// The name to sign in with.
    pub username: Username,
    /// The name to show.
    pub display_name: String,
    /// The hashed password.
    pub password_hash: String,
    /// A room to join in the same transaction.
    pub code: Option<AccessCode>,
    /// Who may make an account, once there is one.
    pub registration: Registration,
    /// Where the first login comes from.
    pub origin: SessionOrigin,
    /// How long it lasts without being refreshed.
    pub session_ttl: Duration,
}

/// What came of making an account.
#[derive(Debug)]
pub enum SignUpOutcome {
    /// It is there and signed in.
    Done {
        /// The account.
        user: User,
        /// Its first login.
        session: SessionId,
        /// The room the code admitted to.
        joined: Option<RoomId>,
    },
    /// The name is taken; nothing was made.
    UsernameTaken,
    /// The code admits to nothing; nothing was made.
    BadCode,
    /// The rule for new accounts does not let this one in; nothing was made.
    NotOpen,
}

/// What sign-in compares with.
#[derive(Debug)]
pub struct Credentials {
    /// The account.
    pub user: User,
    /// Its hashed password.
    pub password_hash: String,
    /// Whether the account lets nobody in.
    pub disabled: bool,
}

/// What came of using a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The login goes on; this is its new generation.
    Rotated(i64),
    /// The token had been used before: the login is ended now.
    Reused,
    /// There is no such login any more.
    Ended,
}

impl Store {
    /// Makes an account, signs it in and lets it into a room, all or nothing.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn sign_up(&self, new: NewUser, now: Timestamp) -> Result<SignUpOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.sign_up(new, now).await,
        }
    }

    /// Whether there is any account.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.has_users().await,
        }
    }

    /// What to compare a sign-in with; `username_key` as [`Username::folded`] gives it.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn credentials(&self, username_key: &str) -> Result<Option<Credentials>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.credentials(username_key).await,
        }
    }

    /// The same for a user who is already known.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.credentials_of(user).await,
        }
    }

    /// An account.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.user(user).await,
        }
    }

    /// Whether `reader` shares a room with `user`, or `user` is in a public one. Only rooms within
    /// `limit` count.
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

    /// Number and name of the rooms that both are in, by id.
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

    /// Gives a user another password in place of `old`, and ends every login but `keep`. Answers
    /// those ended, or `None` if the password is not `old` any more.
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

    /// Notes when users were last here.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_last_seen(&self, seen: Vec<(UserId, Timestamp)>) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_last_seen(seen).await,
        }
    }

    /// A new login, by a password that was found right. `None` if it has been changed since, or the
    /// account lets nobody in any more.
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

    /// Uses the refresh token of that generation.
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

    /// Ends a login of that user. `false` if there was none.
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

    /// A user's logins, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn sessions(&self, user: UserId) -> Result<Vec<Session>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.sessions(user).await,
        }
    }

    /// The logins ended since then.
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

    /// Ends up to `slice` logins that were not refreshed in time. `false` if no more are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn expire_sessions(&self, now: Timestamp, slice: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.expire_sessions(now, slice).await,
        }
    }

    /// Forgets up to `slice` logins that ended before then. `false` if no more are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn forget_sessions(&self, before: Timestamp, slice: i64) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_sessions(before, slice).await,
        }
    }
}
