//! Contract for personal tokens.

use super::{Backend, Store, StoreError};
use crate::domain::{
    Digest, PersonalToken, RoomId, RoomLimit, SessionId, SessionOrigin, Timestamp, TokenHolder,
    TokenName, TokenScope, UserId,
};

/// A personal token to create.
#[derive(Debug)]
pub struct NewToken {
    /// Owner.
    pub user: UserId,
    /// Session that asks for it.
    pub by: SessionId,
    /// Name that the owner gives it.
    pub name: TokenName,
    /// Scope.
    pub scope: TokenScope,
    /// The rooms it is limited to.
    pub rooms: RoomLimit,
    /// Stored digest of the token.
    pub digest: Digest,
    /// Time of expiry; `None` if it does not expire.
    pub expires_at: Option<Timestamp>,
    /// Address and user agent of the request.
    pub origin: SessionOrigin,
}

/// Outcome of creating a personal token.
#[derive(Debug)]
pub enum CreateTokenOutcome {
    /// The token is created.
    Done(PersonalToken),
    /// The owner has the maximum number of tokens.
    TooMany,
    /// The session that asked has ended meanwhile.
    Ended,
    /// The scope `admin` needs an owner who is a server admin.
    NotAdmin,
    /// The owner is not in this room of the list.
    NoSuchRoom(RoomId),
}

impl Store {
    /// Creates a personal token.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn create_token(
        &self,
        new: NewToken,
        max_tokens: i64,
        now: Timestamp,
    ) -> Result<CreateTokenOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.create_token(new, max_tokens, now).await,
        }
    }

    /// Returns a user's personal tokens, newest first.
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

    /// Ends a personal token of a user. Returns `false` if there was none.
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

    /// Returns the owner and the rights of a personal token.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn token_holder(&self, digest: Digest) -> Result<Option<TokenHolder>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.token_holder(digest).await,
        }
    }

    /// Records the use of a personal token.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn note_token_use(&self, token: SessionId, at: Timestamp) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.note_token_use(token, at).await,
        }
    }
}
