//! Contract for profiles.

use std::collections::HashSet;

use super::{Backend, Store, StoreError};
use crate::domain::{About, Avatar, AvatarVersion, DisplayName, Timestamp, UserId, Username};

/// Changes of a profile. Fields that are `None` stay.
#[derive(Debug, Default)]
pub struct ProfileEdit {
    /// Name that other users see.
    pub display_name: Option<DisplayName>,
    /// Name to sign in with.
    pub username: Option<Username>,
    /// Description that users write about themselves.
    pub about: Option<About>,
    /// Whether other users cannot see `last_seen`.
    pub hide_last_seen: Option<bool>,
}

/// Outcome of a change of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileOutcome {
    /// Everything is changed.
    Done,
    /// Another user has or had the name. Nothing changed.
    UsernameTaken,
    /// The user has the maximum number of former names. Nothing changed.
    TooManyNames,
}

impl Store {
    /// Applies the changes, all or nothing. Former usernames stay reserved for their owner, at most `max_names` of them.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn edit_profile(
        &self,
        user: UserId,
        edit: ProfileEdit,
        max_names: i64,
        now: Timestamp,
    ) -> Result<ProfileOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.edit_profile(user, edit, max_names, now).await,
        }
    }

    /// Returns the description of a user.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn about(&self, user: UserId) -> Result<Option<String>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.about(user).await,
        }
    }

    /// Returns those of `users` who hide when they were last seen.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn hidden_among(&self, users: Vec<UserId>) -> Result<HashSet<UserId>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.hidden_among(users).await,
        }
    }

    /// Sets or removes the avatar of a user and its version.
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

    /// Returns the avatar of a user and its version.
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
