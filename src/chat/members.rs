//! Being in a room: the proof of it, coming in and going out.

use std::net::IpAddr;

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{
        AccessCode, Actor, Membership, Permission, RoomId, RoomLimit, Roster, Timestamp, UserId,
        UserSummary,
    },
    store::{Joined, LeaveOutcome, MemberRow},
};

/// Somebody who was in a room when it was asked. Only [`Chat::member`] makes one, so that no code
/// path to a room's content can forget to ask.
///
/// It is proof for one act, or for a subscription, which learns of a removal by itself. Whatever
/// writes is checked once more in its own transaction.
#[derive(Clone, Debug)]
pub struct Member {
    author: UserSummary,
    standing: Membership,
    address: Option<IpAddr>,
    limit: RoomLimit,
}

impl Member {
    /// The room.
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.standing.room.id
    }

    /// The member.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.author.id
    }

    /// The member as an author.
    #[must_use]
    pub fn author(&self) -> &UserSummary {
        &self.author
    }

    /// The member as the audit log names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            author: self.author.clone(),
            address: self.address,
        }
    }

    /// The room as this member has it.
    #[must_use]
    pub fn standing(&self) -> &Membership {
        &self.standing
    }

    /// Returns the rooms that the member's token is limited to.
    #[must_use]
    pub fn limit(&self) -> &RoomLimit {
        &self.limit
    }

    /// # Errors
    /// [`ChatError::Forbidden`] unless the member's role allows it.
    pub fn require(&self, permission: Permission) -> Result<(), ChatError> {
        if self.standing.role.may(permission) {
            Ok(())
        } else {
            Err(ChatError::Forbidden(permission))
        }
    }
}

impl Chat {
    /// The caller as a member of that room.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such room or the caller is not in it: the answer is
    /// the same.
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

    /// Lets the caller in by a code as it was typed. To be in already is no error.
    ///
    /// # Errors
    /// [`ChatError::BadCode`] for a code that does not admit, [`ChatError::RateLimited`] for too
    /// many tries.
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

    /// Lets the caller into a public room.
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

    /// Takes a member out of the room at their own wish.
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

    /// A page of the room's members, by id.
    ///
    /// # Errors
    /// [`ChatError`] if it could not be read.
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
        joined: Joined,
        refusal: ChatError,
    ) -> Result<Member, ChatError> {
        match joined {
            Joined::In(room) => self.member(caller, room).await,
            Joined::NoSuchRoom => Err(refusal),
            Joined::TooManyRooms => Err(ChatError::TooManyRooms),
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
