//! Profiles and avatars.

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{Avatar, AvatarVersion, Timestamp, UserId},
    media::MediaType,
    store::{ProfileEdit, ProfileOutcome},
};

/// Maximum former names that an account reserves. It allows changes of mind, but not the hoarding of names.
const MAX_NAMES: i64 = 10;

impl Chat {
    /// Changes the given parts of the caller's profile, all or none.
    ///
    /// # Errors
    /// [`ChatError::UsernameTaken`] if another account has or had the name, or [`ChatError::TooMany`] after too many
    /// changes of the name.
    pub async fn edit_profile(&self, caller: &Caller, edit: ProfileEdit) -> Result<(), ChatError> {
        if edit
            .username
            .as_ref()
            .is_some_and(crate::domain::Username::is_reserved)
        {
            return Err(ChatError::UsernameTaken);
        }
        let (store, now) = (&self.inner.store, Timestamp::now());
        match store
            .edit_profile(caller.user(), edit, MAX_NAMES, now)
            .await?
        {
            ProfileOutcome::Done => {}
            ProfileOutcome::UsernameTaken => return Err(ChatError::UsernameTaken),
            ProfileOutcome::TooManyNames => {
                return Err(ChatError::TooMany(
                    "you have changed your username too often",
                ));
            }
        }
        let who = self.me(caller).await?.author();
        self.inner.hub.presence().rename(who);
        Ok(())
    }

    /// Returns the text that the caller wrote about themselves.
    ///
    /// # Errors
    /// [`ChatError`] if the text could not be read.
    pub async fn about(&self, caller: &Caller) -> Result<String, ChatError> {
        let about = self.inner.store.about(caller.user()).await?;
        Ok(about.unwrap_or_default())
    }

    /// Sets or removes the caller's avatar.
    ///
    /// # Errors
    /// [`ChatError::NoPicture`] if it cannot be decoded, or another [`ChatError`] if it could not be stored.
    pub async fn set_avatar(
        &self,
        caller: &Caller,
        picture: Option<Vec<u8>>,
    ) -> Result<(), ChatError> {
        self.inner.sends.take(&caller.user())?;
        let avatar = match picture {
            Some(picture) => {
                let avatar = self.drawn_small(picture).await?;
                let version = version_of(&avatar);
                Some((avatar, version))
            }
            None => None,
        };
        self.inner.store.set_avatar(caller.user(), avatar).await?;
        // Presence events contain the user's summary, which includes the avatar.
        let who = self.me(caller).await?.author();
        self.inner.hub.presence().rename(who);
        Ok(())
    }

    /// Makes the stored avatar: a thumbnail without the original's metadata, such as the place and the camera.
    async fn drawn_small(&self, picture: Vec<u8>) -> Result<Avatar, ChatError> {
        let kind = MediaType::of(&picture).filter(|kind| kind.is_image());
        let kind = kind.ok_or(ChatError::NoPicture)?;
        let small = self.inner.thumbnails.of_bytes(kind, picture).await;
        let small = small.ok_or(ChatError::NoPicture)?;
        Ok(Avatar {
            kind: small.mime.to_owned(),
            bytes: small.bytes,
        })
    }

    /// Returns a user's avatar and its version. A user without one gets a generated picture without a version.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller may not see the user.
    pub async fn avatar(
        &self,
        caller: &Caller,
        user: UserId,
    ) -> Result<(Avatar, Option<AvatarVersion>), ChatError> {
        let store = &self.inner.store;
        let reader = caller.user();
        if reader != user && !store.may_see(reader, user, caller.rooms()).await? {
            return Err(ChatError::NotFound("user"));
        }
        if let Some((avatar, version)) = store.avatar(user).await? {
            return Ok((avatar, Some(version)));
        }
        let user = store.user(user).await?.ok_or(ChatError::NotFound("user"))?;
        Ok((Avatar::generated(user.id, &user.display_name), None))
    }
}

/// Returns the first 64 bits of the SHA-256 of the picture.
fn version_of(avatar: &Avatar) -> AvatarVersion {
    let digest = ring::digest::digest(&ring::digest::SHA256, &avatar.bytes);
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    AvatarVersion(i64::from_be_bytes(first))
}
