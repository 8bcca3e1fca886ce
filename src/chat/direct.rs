//! Direct rooms, and blocking users.

use super::{Caller, Chat, ChatError, Member};
use crate::{
    domain::{Invalid, Timestamp, UserId, UserSummary, fold_username},
    store::DirectRoomOutcome,
};

/// Members of a direct room, including the caller.
const PEOPLE: std::ops::RangeInclusive<usize> = 2..=10;

impl Chat {
    /// Returns the direct room of the caller and `others`, and whether this call created it.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] if there are too few, too many or unknown users, or [`ChatError::Blocked`].
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
            DirectRoomOutcome::Room { room, new } => Ok((self.member(caller, room).await?, new)),
            DirectRoomOutcome::NoSuchUser(user) => {
                Err(Invalid::new("user_ids", format!("names a user you cannot see: {user}")).into())
            }
            DirectRoomOutcome::Blocked(_) => Err(ChatError::Blocked),
            DirectRoomOutcome::TooManyRooms => Err(ChatError::TooManyRooms),
        }
    }

    /// Returns the caller's direct room with the user of that name, and creates it if needed.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user or the caller may not see them, or [`ChatError::Invalid`] for
    /// the caller's own name.
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

    /// Returns the user of that name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user or the caller may not see them.
    pub async fn user_named(&self, caller: &Caller, username: &str) -> Result<UserId, ChatError> {
        let key = fold_username(username);
        let store = &self.inner.store;
        let user = store.user_named(caller.user(), &key, caller.rooms());
        user.await?.ok_or(ChatError::NotFound("user"))
    }

    /// Blocks or unblocks a user for the caller.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such user, or the caller's token does not let them see the user.
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

    /// Returns the users whom the caller has blocked.
    ///
    /// # Errors
    /// [`ChatError`] if the users could not be read.
    pub async fn blocks(&self, caller: &Caller) -> Result<Vec<UserSummary>, ChatError> {
        let mut blocks = Vec::new();
        for blocked in self.inner.store.blocks(caller.user()).await? {
            if self.is_within_limit(caller, blocked.id).await? {
                blocks.push(blocked);
            }
        }
        Ok(blocks)
    }

    /// Returns whether the caller's token lets them see the user in one of its rooms. Without a room limit, this is
    /// true and the database is not read.
    async fn is_within_limit(&self, caller: &Caller, user: UserId) -> Result<bool, ChatError> {
        let limit = caller.rooms();
        let store = &self.inner.store;
        Ok(limit.rooms().is_none() || store.may_see(caller.user(), user, limit).await?)
    }
}
