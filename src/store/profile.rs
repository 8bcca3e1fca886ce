//! The contract for what people say of themselves.

use std::collections::HashSet;

use super::{Backend, Store, StoreError};
use crate::domain::{About, Avatar, AvatarVersion, DisplayName, Timestamp, UserId, Username};

/// What of an account is to change; what is `None` stays.
#[derive(Debug, Default)]
pub struct ProfileEdit {
    /// The name others see.
    pub display_name: Option<DisplayName>,
    /// The name to sign in with.
    pub username: Option<Username>,
    /// What they say of themselves.
    pub about: Option<About>,
    /// Whether others are kept from seeing when they were last here.
    pub hide_last_seen: Option<bool>,
}

/// What came of changing an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileOutcome {
    /// All of it changed.
    Done,
    /// Somebody has that name, or had it; nothing changed.
    UsernameTaken,
    /// As many names are kept for the user as may be; nothing changed.
    TooManyNames,
}

impl Store {
    /// Changes what is given, all or nothing. An old username stays its owner's, at most `most` of
    /// them.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn edit_profile(
        &self,
        user: UserId,
        edit: ProfileEdit,
        most: i64,
        now: Timestamp,
    ) -> Result<ProfileOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.edit_profile(user, edit, most, now).await,
        }
    }

    /// What a user says of themselves.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn about(&self, user: UserId) -> Result<Option<String>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.about(user).await,
        }
    }

    /// Who of `users` keeps others from seeing when they were last here.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn hidden_among(&self, users: Vec<UserId>) -> Result<HashSet<UserId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.hidden_among(users).await,
        }
    }

    /// Gives a user a picture and its version, or none.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_avatar(
        &self,
        user: UserId,
        avatar: Option<(Avatar, AvatarVersion)>,
    ) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_avatar(user, avatar).await,
        }
    }

    /// A user's own picture and its version.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn avatar(
        &self,
        user: UserId,
    ) -> Result<Option<(Avatar, AvatarVersion)>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.avatar(user).await,
        }
    }
}
