//! Invites with optional expiry and maximum number of uses.

use super::{Chat, ChatError, Member, rooms::ruled};
use crate::{
    domain::{
        AccessCode, CreatedInvite, Invite, InviteId, InviteTerms, Permission, Room, SessionOrigin,
        Timestamp,
    },
    store::{NewInvite, RevokeInviteOutcome},
};

impl Chat {
    /// Creates an invite to the room. Its code is returned only here.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission, or [`ChatError::TooManyInvites`].
    pub async fn create_invite(
        &self,
        member: &Member,
        terms: InviteTerms,
    ) -> Result<CreatedInvite, ChatError> {
        self.inner.sends.take(&member.user())?;
        let new = NewInvite {
            room: member.room(),
            by: member.user(),
            code: AccessCode::generate()?,
            terms,
        };
        let made = self.inner.store.create_invite(new, Timestamp::now());
        ruled(made.await?)?.ok_or(ChatError::TooManyInvites)
    }

    /// Returns the room's valid invites without their codes.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission.
    pub async fn invites(&self, member: &Member) -> Result<Vec<Invite>, ChatError> {
        member.require(Permission::Invite)?;
        let now = Timestamp::now();
        Ok(self.inner.store.invites(member.room(), now).await?)
    }

    /// Revokes an invite. Members who used it stay in the room.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission, [`ChatError::NotFound`], or [`ChatError::StandingInvite`] for
    /// the access code.
    pub async fn revoke_invite(&self, member: &Member, invite: InviteId) -> Result<(), ChatError> {
        self.inner.sends.take(&member.user())?;
        let revoked = self
            .inner
            .store
            .revoke_invite(member.room(), member.user(), invite);
        match ruled(revoked.await?)? {
            RevokeInviteOutcome::Done => Ok(()),
            RevokeInviteOutcome::NoSuchInvite => Err(ChatError::NotFound("invite")),
            RevokeInviteOutcome::Standing => Err(ChatError::StandingInvite),
        }
    }

    /// Returns the room that a typed code admits to. The caller need not be signed in.
    ///
    /// # Errors
    /// [`ChatError::BadCode`] if the code is not valid, or [`ChatError::RateLimited`].
    pub async fn invited_to(&self, code: &str, from: &SessionOrigin) -> Result<Room, ChatError> {
        self.inner.attempts.take(&from.network())?;
        let code = AccessCode::parse(code).ok_or(ChatError::BadCode)?;
        let room = self.inner.store.invited_to(code, Timestamp::now()).await?;
        room.ok_or(ChatError::BadCode)
    }
}
