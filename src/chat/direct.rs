//! Speaking to somebody alone, and not wanting to.

use super::{Caller, Chat, ChatError, Member};
use crate::{
    domain::{Invalid, Timestamp, UserId, UserSummary, fold_username},
    store::Direct,
};

/// People in one direct room, the caller among them.
const PEOPLE: std::ops::RangeInclusive<usize> = 2..=10;

impl Chat {
    /// The one direct room of the caller and `others`, and whether it was made just now.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for too few, too many or unknown people, [`ChatError::Blocked`].
    pub async fn direct_room(
        &self,
        caller: &Caller,
        others: Vec<UserId>,
    ) -> Result<(Member, bool), ChatError> {
        caller.require_all_rooms()?;
        let mut people = others;
        if people.len() > *PEOPLE.end() {
            return Err(Invalid::new("user_ids", "must be 1 to 9 others").into());
        }
        people.push(caller.user());
        people.sort_unstable();
        people.dedup();
        if !PEOPLE.contains(&people.len()) {
            return Err(Invalid::new("user_ids", "must be 1 to 9 others").into());
        }
        self.inner.sends.take(&caller.user())?;
        let asked = self
            .inner
            .store
            .direct_room(caller.user(), people, Timestamp::now());
        match asked.await? {
            Direct::Room { room, new } => Ok((self.member(caller, room).await?, new)),
            Direct::NoSuchUser(user) => {
                Err(Invalid::new("user_ids", format!("names nobody you can see: {user}")).into())
            }
            Direct::Blocked(_) => Err(ChatError::Blocked),
            Direct::TooManyRooms => Err(ChatError::TooManyRooms),
        }
    }

    /// The caller's direct room with the user of that name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for a name that is nobody's, or not for the caller; [`ChatError::Invalid`]
    /// for the caller's own.
    pub async fn direct_room_with(
        &self,
        caller: &Caller,
        username: &str,
    ) -> Result<Member, ChatError> {
        caller.require_all_rooms()?;
        let user = self.user_named(caller, username).await?;
        if user == caller.user() {
            return Err(Invalid::new("user", "is yourself").into());
        }
        Ok(self.direct_room(caller, vec![user]).await?.0)
    }

    /// The user of that name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for a name that is nobody's, or not for the caller.
    pub async fn user_named(&self, caller: &Caller, username: &str) -> Result<UserId, ChatError> {
        let key = fold_username(username);
        let store = &self.inner.store;
        let user = store.user_named(caller.user(), &key, caller.rooms());
        user.await?.ok_or(ChatError::NotFound("user"))
    }

    /// Does not want to hear of somebody any more, or does again.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user, or none that the caller's token lets them see.
    pub async fn set_block(
        &self,
        caller: &Caller,
        user: UserId,
        on: bool,
    ) -> Result<(), ChatError> {
        if user == caller.user() {
            return Err(Invalid::new("user_id", "is your own").into());
        }
        self.inner.sends.take(&caller.user())?;
        if !self.is_within_limit(caller, user).await? {
            return Err(ChatError::NotFound("user"));
        }
        let now = Timestamp::now();
        let set = self.inner.store.set_block(caller.user(), user, on, now);
        if set.await? {
            Ok(())
        } else {
            Err(ChatError::NotFound("user"))
        }
    }

    /// Whom the caller has blocked.
    ///
    /// # Errors
    /// [`ChatError`] if they could not be read.
    pub async fn blocks(&self, caller: &Caller) -> Result<Vec<UserSummary>, ChatError> {
        let mut blocks = Vec::new();
        for blocked in self.inner.store.blocks(caller.user()).await? {
            if self.is_within_limit(caller, blocked.id).await? {
                blocks.push(blocked);
            }
        }
        Ok(blocks)
    }

    /// Whether a token that is limited to some rooms lets the caller see that user there. Without a
    /// limit it does not ask.
    async fn is_within_limit(&self, caller: &Caller, user: UserId) -> Result<bool, ChatError> {
        let limit = caller.rooms();
        let store = &self.inner.store;
        Ok(limit.rooms().is_none() || store.may_see(caller.user(), user, limit).await?)
    }
}
