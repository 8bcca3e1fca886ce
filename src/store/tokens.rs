//! The contract for personal tokens.

use super::{Backend, Store, StoreError};
use crate::domain::{
    Digest, PersonalToken, RoomId, RoomLimit, SessionId, SessionOrigin, Timestamp, TokenHolder,
    TokenName, TokenScope, UserId,
};

/// A personal token to make.
#[derive(Debug)]
pub struct NewToken {
    /// Whose.
    pub user: UserId,
    /// The login that asks for it.
    pub by: SessionId,
    /// What its owner calls it.
    pub name: TokenName,
    /// What it is good for.
    pub scope: TokenScope,
    /// The rooms it is limited to.
    pub rooms: RoomLimit,
    /// What is kept of the token itself.
    pub digest: Digest,
    /// When it runs out, if it does.
    pub expires_at: Option<Timestamp>,
    /// Where it was asked for.
    pub origin: SessionOrigin,
}

/// What came of making one.
#[derive(Debug)]
pub enum CreateTokenOutcome {
    /// It is there.
    Done(PersonalToken),
    /// Its owner has as many as one may.
    TooMany,
    /// The login that asked has ended meanwhile.
    Ended,
    /// It was to have the scope `admin`, and its owner is no server admin.
    NotAdmin,
    /// It was to be limited to this room, which its owner is not in.
    NoSuchRoom(RoomId),
}

impl Store {
    /// Makes a personal token.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn create_token(
        &self,
        new: NewToken,
        most: i64,
        now: Timestamp,
    ) -> Result<CreateTokenOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.create_token(new, most, now).await,
        }
    }

    /// A user's personal tokens, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn tokens(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<PersonalToken>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.tokens(user, now).await,
        }
    }

    /// Ends a personal token of that user. `false` if there was none.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn end_token(
        &self,
        user: UserId,
        token: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.end_token(user, token, now).await,
        }
    }

    /// Whom a personal token lets in.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn token_holder(&self, digest: Digest) -> Result<Option<TokenHolder>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.token_holder(digest).await,
        }
    }

    /// Notes that a personal token was used.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn note_token_use(&self, token: SessionId, at: Timestamp) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.note_token_use(token, at).await,
        }
    }
}
