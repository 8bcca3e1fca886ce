//! Creation, listing, editing and deletion of rooms.

use super::{Caller, Chat, ChatError, Member};
use crate::{
    domain::{
        AccessCode, CreatedRoom, Membership, Permission, Room, RoomId, RoomKind, RoomName,
        Timestamp, Topic, fold::fold,
    },
    store::{NewRoom, RoomActionOutcome, RoomEdit},
};

impl Chat {
    /// Creates a room with the caller as owner and first member.
    ///
    /// # Errors
    /// [`ChatError::TooManyRooms`] if the caller is in the maximum number of rooms.
    pub async fn create_room(
        &self,
        caller: &Caller,
        name: RoomName,
        topic: Topic,
        kind: RoomKind,
    ) -> Result<CreatedRoom, ChatError> {
        caller.require_all_rooms()?;
        self.inner.sends.take(&caller.user())?;
        let owner = self.me(caller).await?.author();
        let code = AccessCode::generate()?;
        let new = NewRoom {
            name,
            topic,
            kind,
            code,
            owner,
        };
        self.inner
            .store
            .create_room(new, Timestamp::now())
            .await?
            .ok_or(ChatError::TooManyRooms)
    }

    /// Returns the caller's rooms, by id.
    ///
    /// # Errors
    /// [`ChatError`] if the rooms could not be read.
    pub async fn rooms(&self, caller: &Caller) -> Result<Vec<Membership>, ChatError> {
        let mut rooms = self.inner.store.rooms_of(caller.user()).await?;
        rooms.retain(|standing| caller.rooms().includes(standing.room.id));
        Ok(rooms)
    }

    /// Returns the ids of the caller's rooms.
    ///
    /// # Errors
    /// [`ChatError`] if the rooms could not be read.
    pub async fn room_ids(&self, caller: &Caller) -> Result<Vec<RoomId>, ChatError> {
        let mut rooms = self.inner.store.room_ids_of(caller.user()).await?;
        rooms.retain(|room| caller.rooms().includes(*room));
        Ok(rooms)
    }

    /// Returns the ids of all rooms of the caller's user, including those beyond a token's room limit.
    ///
    /// A user is online in all of their rooms, no matter what a token is limited to. The ids are for the presence index
    /// only and must not be sent to the caller.
    ///
    /// # Errors
    /// [`ChatError`] if the rooms could not be read.
    pub async fn presence_rooms(&self, caller: &Caller) -> Result<Vec<RoomId>, ChatError> {
        Ok(self.inner.store.room_ids_of(caller.user()).await?)
    }

    /// Returns the ids of the caller's rooms of that name. Names are compared as in a search: without regard to case
    /// and width.
    ///
    /// # Errors
    /// [`ChatError`] if the rooms could not be read.
    pub async fn rooms_named(&self, caller: &Caller, name: &str) -> Result<Vec<RoomId>, ChatError> {
        let name = fold(name.trim());
        let rooms = self.rooms(caller).await?.into_iter();
        let named = rooms.filter(|standing| fold(&standing.room.name) == name);
        Ok(named.map(|standing| standing.room.id).collect())
    }

    /// Returns public rooms with ids above `after`, by id, and whether the caller is in each.
    ///
    /// # Errors
    /// [`ChatError`] if the rooms could not be read.
    pub async fn public_rooms(
        &self,
        caller: &Caller,
        after: RoomId,
        limit: i64,
    ) -> Result<Vec<(Room, bool)>, ChatError> {
        Ok(self
            .inner
            .store
            .public_rooms(caller.user(), caller.rooms(), after, limit)
            .await?)
    }

    /// Changes the given settings of a room: name, topic, slow mode and lock.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] if the member may not change one of them. Then none is changed.
    pub async fn edit_room(&self, member: &Member, edit: RoomEdit) -> Result<Room, ChatError> {
        self.inner.sends.take(&member.user())?;
        let by = member.actor();
        let edited = self
            .inner
            .store
            .edit_room(member.room(), by, edit, Timestamp::now())
            .await?;
        ruled(edited)
    }

    /// Deletes the room and its messages.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] unless the member is an owner.
    pub async fn delete_room(&self, member: &Member) -> Result<(), ChatError> {
        self.inner.sends.take(&member.user())?;
        let (room, now) = (member.room(), Timestamp::now());
        ruled(
            self.inner
                .store
                .delete_room(room, member.actor(), now)
                .await?,
        )?;
        self.inner.rooms_gone.notify_one();
        Ok(())
    }

    /// Returns the room's access code.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] unless the member may invite.
    pub async fn access_code(&self, member: &Member) -> Result<AccessCode, ChatError> {
        member.require(Permission::Invite)?;
        let code = self.inner.store.access_code(member.room()).await?;
        code.ok_or(ChatError::NotFound("access code"))
    }

    /// Replaces the room's access code. The old code becomes invalid.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission.
    pub async fn replace_access_code(&self, member: &Member) -> Result<AccessCode, ChatError> {
        self.inner.sends.take(&member.user())?;
        let code = AccessCode::generate()?;
        let (room, by, now) = (member.room(), member.actor(), Timestamp::now());
        let replaced = self
            .inner
            .store
            .replace_access_code(room, by, code.clone(), now);
        ruled(replaced.await?)?;
        Ok(code)
    }
}

pub(super) fn ruled<T>(outcome: RoomActionOutcome<T>) -> Result<T, ChatError> {
    match outcome {
        RoomActionOutcome::Done(value) => Ok(value),
        RoomActionOutcome::NotMember => Err(ChatError::NotFound("room")),
        RoomActionOutcome::Forbidden(permission) => Err(ChatError::Forbidden(permission)),
    }
}
