//! Moderation of members: kicks, bans, mutes and roles.

use super::{Chat, ChatError, Member, members::done};
use crate::domain::{
    Ban, Invalid, Mute, MuteDuration, Permission, Role, Timestamp, UserId, fold_username,
};

impl Chat {
    /// Removes a member of a lower role from the room.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`], or [`ChatError::NotFound`] if the user is not in the room.
    pub async fn kick(&self, member: &Member, user: UserId) -> Result<(), ChatError> {
        member.require(Permission::Kick)?;
        self.inner.sends.take(&member.user())?;
        let (store, by) = (&self.inner.store, member.actor());
        let outcome = store.kick(member.room(), user, by, Timestamp::now());
        done(outcome.await?, Permission::Kick)
    }

    /// Bans a user of a lower role. A member is removed; a banned user cannot join by any code.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`], or [`ChatError::NotFound`] if `member` may not see the user.
    pub async fn ban(&self, member: &Member, user: UserId) -> Result<(), ChatError> {
        member.require(Permission::Ban)?;
        self.inner.sends.take(&member.user())?;
        let (store, by) = (&self.inner.store, member.actor());
        let (room, limit) = (member.room(), member.limit().clone());
        let outcome = store.ban(room, user, by, limit, Timestamp::now());
        done(outcome.await?, Permission::Ban)
    }

    /// Lifts a ban. The user does not become a member again by this.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission.
    pub async fn unban(&self, member: &Member, user: UserId) -> Result<(), ChatError> {
        member.require(Permission::Ban)?;
        let (store, by) = (&self.inner.store, member.actor());
        let outcome = store.unban(member.room(), user, by, Timestamp::now());
        done(outcome.await?, Permission::Ban)
    }

    /// Returns the users who are banned from the room, by user id.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission.
    pub async fn bans(
        &self,
        member: &Member,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Ban>, ChatError> {
        member.require(Permission::Ban)?;
        Ok(self.inner.store.bans(member.room(), after, limit).await?)
    }

    /// Returns the banned user of that name, even if the member cannot see the user elsewhere.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`], or [`ChatError::NotFound`] if no user of that name is banned.
    pub async fn banned(&self, member: &Member, username: &str) -> Result<UserId, ChatError> {
        const PAGE: i64 = 200;
        let name = fold_username(username);
        let mut after = UserId(0);
        loop {
            let bans = self.bans(member, after, PAGE).await?;
            let of_name = |ban: &&Ban| fold_username(&ban.user.username) == name;
            if let Some(ban) = bans.iter().find(of_name) {
                return Ok(ban.user.id);
            }
            let Some(last) = bans.last() else {
                return Err(ChatError::NotFound("ban"));
            };
            after = last.user.id;
        }
    }

    /// Mutes a member of a lower role for a time.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`], or [`ChatError::NotFound`] if the user is not in the room.
    pub async fn mute(
        &self,
        member: &Member,
        user: UserId,
        span: MuteDuration,
    ) -> Result<(), ChatError> {
        member.require(Permission::Mute)?;
        self.inner.sends.take(&member.user())?;
        let (store, by) = (&self.inner.store, member.actor());
        let outcome = store.mute(member.room(), user, span, by, Timestamp::now());
        done(outcome.await?, Permission::Mute)
    }

    /// Lifts a mute.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission.
    pub async fn unmute(&self, member: &Member, user: UserId) -> Result<(), ChatError> {
        member.require(Permission::Mute)?;
        let (store, by) = (&self.inner.store, member.actor());
        let outcome = store.unmute(member.room(), user, by, Timestamp::now());
        done(outcome.await?, Permission::Mute)
    }

    /// Returns the muted members of the room, by user id.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission.
    pub async fn mutes(
        &self,
        member: &Member,
        after: UserId,
        limit: i64,
    ) -> Result<Vec<Mute>, ChatError> {
        member.require(Permission::Mute)?;
        let (store, now) = (&self.inner.store, Timestamp::now());
        Ok(store.mutes(member.room(), after, limit, now).await?)
    }

    /// Changes the role of a member.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`], [`ChatError::NotFound`] if the user is not in the room, or [`ChatError::LastOwner`].
    pub async fn set_role(
        &self,
        member: &Member,
        user: UserId,
        role: Role,
    ) -> Result<(), ChatError> {
        member.require(Permission::SetRoles)?;
        self.inner.sends.take(&member.user())?;
        let (store, by) = (&self.inner.store, member.actor());
        let outcome = store.set_role(member.room(), user, role, by, Timestamp::now());
        done(outcome.await?, Permission::SetRoles)
    }

    /// Makes another member the owner. The caller becomes a moderator.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`], [`ChatError::NotFound`] if the user is not in the room, or [`ChatError::Invalid`] if
    /// the user is the caller.
    pub async fn transfer(&self, member: &Member, user: UserId) -> Result<(), ChatError> {
        member.require(Permission::Transfer)?;
        if user == member.user() {
            return Err(Invalid::new("user_id", "must be somebody else").into());
        }
        self.inner.sends.take(&member.user())?;
        let (store, by) = (&self.inner.store, member.actor());
        let outcome = store.transfer(member.room(), user, by, Timestamp::now());
        done(outcome.await?, Permission::Transfer)
    }
}
