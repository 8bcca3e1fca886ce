//! Membership: proof of it, joining and leaving.

use std::net::IpAddr;

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{
        AccessCode, Actor, Membership, Permission, RoomId, RoomLimit, Roster, Timestamp, UserId,
        UserSummary,
    },
    store::{JoinOutcome, LeaveOutcome, MemberRow},
};

/// Proof that a user was a member of a room when asked. Only [`Chat::member`] creates it, so that no code path to a
/// room's content can skip the check.
///
/// It is valid for one command or for a subscription, which learns of a removal from the room's events. Each write
/// checks membership again in its own transaction.
#[derive(Clone, Debug)]
pub struct Member {
    author: UserSummary,
    standing: Membership,
    address: Option<IpAddr>,
    limit: RoomLimit,
}

impl Member {
    /// Returns the room's id.
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.standing.room.id
    }

    /// Returns the member's user id.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.author.id
    }

    /// Returns the member as the author of a message.
    #[must_use]
    pub fn author(&self) -> &UserSummary {
        &self.author
    }

    /// Returns the member and their address, for the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            author: self.author.clone(),
            address: self.address,
        }
    }

    /// Returns the member's view of the room.
    #[must_use]
    pub fn standing(&self) -> &Membership {
        &self.standing
    }

    /// Returns the rooms that the member's token is limited to.
    #[must_use]
    pub fn limit(&self) -> &RoomLimit {
        &self.limit
    }

    /// Checks that the member's role allows `permission`.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] if it does not.
    pub fn require(&self, permission: Permission) -> Result<(), ChatError> {
        if self.standing.role.may(permission) {
            Ok(())
        } else {
            Err(ChatError::Forbidden(permission))
        }
    }
}

impl Chat {
    /// Returns the caller as a member of the room.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such room or the caller is not in it. The two are not told apart.
    pub async fn member(&self, caller: &Caller, room: RoomId) -> Result<Member, ChatError> {
        let row = self.inner.store.member(room, caller.user_in(room)?).await?;
        let MemberRow { standing, author } = row.ok_or(ChatError::NotFound("room"))?;
        Ok(Member {
            author,
            standing,
            address: caller.address(),
            limit: caller.rooms().clone(),
        })
    }

    /// Adds the caller to the room of a typed code. A member may repeat this without an error.
    ///
    /// # Errors
    /// [`ChatError::BadCode`] if the code is not valid, or [`ChatError::RateLimited`].
    pub async fn join_by_code(&self, caller: &Caller, code: &str) -> Result<Member, ChatError> {
        caller.require_all_rooms()?;
        self.inner.codes.take(&caller.user())?;
        let code = AccessCode::parse(code).ok_or(ChatError::BadCode)?;
        let user = self.me(caller).await?.author();
        let joined = self
            .inner
            .store
            .join_by_code(user, code, Timestamp::now())
            .await?;
        self.joined(caller, joined, ChatError::BadCode).await
    }

    /// Adds the caller to a public room.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such public room.
    pub async fn join_public(&self, caller: &Caller, room: RoomId) -> Result<Member, ChatError> {
        caller.require_all_rooms()?;
        self.inner.sends.take(&caller.user())?;
        let user = self.me(caller).await?.author();
        let joined = self
            .inner
            .store
            .join_public(user, room, Timestamp::now())
            .await?;
        self.joined(caller, joined, ChatError::NotFound("room"))
            .await
    }

    /// Removes the member from the room at their own request.
    ///
    /// # Errors
    /// [`ChatError::LastOwner`] if the room would be left without an owner.
    pub async fn leave(&self, member: &Member) -> Result<(), ChatError> {
        self.inner.sends.take(&member.user())?;
        let outcome = self
            .inner
            .store
            .leave(member.room(), member.author.clone(), Timestamp::now())
            .await?;
        done(outcome, Permission::LeaveDirect)
    }

    /// Returns a page of the room's members, by id.
    ///
    /// # Errors
    /// [`ChatError`] if the members could not be read.
    pub async fn roster(
        &self,
        member: &Member,
        after: UserId,
        limit: i64,
    ) -> Result<Roster, ChatError> {
        Ok(self.inner.store.roster(member.room(), after, limit).await?)
    }

    async fn joined(
        &self,
        caller: &Caller,
        joined: JoinOutcome,
        refusal: ChatError,
    ) -> Result<Member, ChatError> {
        match joined {
            JoinOutcome::In(room) => self.member(caller, room).await,
            JoinOutcome::NoSuchRoom => Err(refusal),
            JoinOutcome::TooManyRooms => Err(ChatError::TooManyRooms),
        }
    }
}

pub(super) fn done(outcome: LeaveOutcome, permission: Permission) -> Result<(), ChatError> {
    match outcome {
        LeaveOutcome::Done => Ok(()),
        LeaveOutcome::NotMember => Err(ChatError::NotFound("member")),
        LeaveOutcome::LastOwner => Err(ChatError::LastOwner),
        LeaveOutcome::Forbidden => Err(ChatError::Forbidden(permission)),
    }
}
