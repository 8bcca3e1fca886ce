//! What happens to a message after it was said: edits, deletions, reactions, pins.

use super::{Caller, Chat, ChatError};
use crate::{
    config::VersionsFor,
    domain::{
        Body, Emoji, Invalid, Key, MentionTokens, Message, Notify, Permission, Rev, Role, RoomId,
        Seq, Timestamp, Version,
    },
    hub::{RoomEvent, Typing},
    store::{Alteration, Altered, PINS, Versions},
};

/// Result of a change to a message.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The message as it is now.
    pub message: Message,
    /// The change's number. For a key that is known, the number of the first one.
    pub rev: Rev,
}

impl Chat {
    /// Gives a message another text; the former one is kept as a version.
    ///
    /// With a `key` that is known, nothing changes and the result of the first command is returned; so it is for
    /// deletions and reactions.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for anybody but its author, [`ChatError::TooLate`], [`ChatError::KeyConflict`].
    pub async fn edit_message(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
        body: &str,
        key: Option<Key>,
    ) -> Result<Changed, ChatError> {
        let body = Body::parse_or_none(body, self.inner.limits.body_chars)?;
        let which = self.alteration(caller, room, seq)?;
        let named = MentionTokens::find(body.as_str());
        let window_ms = match self.inner.messages.edit_window_s {
            0 => None,
            seconds => Some(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX)),
        };
        let store = &self.inner.store;
        let edited = store.edit_message(which, body, named, window_ms, key);
        altered(edited.await?, "")
    }

    /// Leaves of a message its number alone.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for who neither wrote it nor may delete what others say.
    pub async fn delete_message(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
        key: Option<Key>,
    ) -> Result<Changed, ChatError> {
        let which = self.alteration(caller, room, seq)?;
        let deleted = altered(self.inner.store.delete_message(which, key).await?, "")?;
        // Whatever files it had are gone with it.
        self.inner.files_gone.notify_one();
        Ok(deleted)
    }

    /// Sets or takes back a reaction. Either is done once, however often it is asked for.
    ///
    /// # Errors
    /// [`ChatError::TooMany`] if the message has as many as one may have.
    pub async fn react(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
        emoji: Emoji,
        on: bool,
        key: Option<Key>,
    ) -> Result<Changed, ChatError> {
        let which = self.alteration(caller, room, seq)?;
        let full = "this message has as many reactions as one can have";
        altered(self.inner.store.react(which, emoji, on, key).await?, full)
    }

    /// Pins or unpins a message.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the right, [`ChatError::TooMany`] if the room is full of them.
    pub async fn pin(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
        on: bool,
    ) -> Result<Changed, ChatError> {
        const { assert!(PINS == 50, "the words below name it") };
        let which = self.alteration(caller, room, seq)?;
        let full = "a room has at most 50 pins; unpin one first";
        altered(self.inner.store.pin(which, on).await?, full)
    }

    /// A room's pinned messages, the latest pin first.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn pins(&self, caller: &Caller, room: RoomId) -> Result<Vec<Message>, ChatError> {
        let pins = self.inner.store.pins(room, caller.user_in(room)?).await?;
        pins.ok_or(ChatError::NotFound("room"))
    }

    /// What a message said at each time, oldest first.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] if the server does not show versions to the caller.
    pub async fn versions(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
    ) -> Result<Vec<Version>, ChatError> {
        let least = match self.inner.messages.versions {
            VersionsFor::All => Some(Role::Member),
            VersionsFor::Moderators => Some(Role::Moderator),
            VersionsFor::Nobody => None,
        };
        // Who is not in the room must not learn that from the refusal.
        self.member(caller, room).await?;
        let user = caller.user_in(room)?;
        let versions = self.inner.store.versions(room, user, seq, least);
        match versions.await? {
            Versions::Read(versions) => Ok(versions),
            Versions::NotFound => Err(ChatError::NotFound("message")),
            Versions::Forbidden => Err(ChatError::Forbidden(Permission::ReadVersions)),
        }
    }

    /// What of a room's news the caller wants to be told of.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if they are not in the room.
    pub async fn set_notify(
        &self,
        caller: &Caller,
        room: RoomId,
        level: Notify,
    ) -> Result<(), ChatError> {
        let user = caller.user_in(room)?;
        let set = self.inner.store.set_notify(room, user, level);
        if set.await? {
            Ok(())
        } else {
            Err(ChatError::NotFound("room"))
        }
    }

    /// Tells the room that the caller is typing, or with `on` false that they stopped without
    /// sending. It is news that may be dropped, and is where the room has better to do.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn typing(&self, caller: &Caller, room: RoomId, on: bool) -> Result<(), ChatError> {
        let (hub, store) = (&self.inner.hub, &self.inner.store);
        // Whoever has a connection open is listed in all of their rooms.
        let user = caller.user_in(room)?;
        if !hub.presence().is_in(user, room) {
            return Err(ChatError::NotFound("room"));
        }
        if !on {
            // Only a room that was told of a start is told of the end.
            if hub.pause_typing(room, user) {
                hub.publish(room, RoomEvent::Typing(Typing::stopped(room, user)));
            }
            return Ok(());
        }
        if !hub.may_type(room, user) {
            return Ok(());
        }
        // Nobody is told that somebody types who cannot say it. A database that is busy has better to
        // do, too.
        if let Ok(true) = store.may_write(room, user, Timestamp::now()).await {
            hub.publish(room, RoomEvent::Typing(Typing::new(room, user)));
        } else {
            hub.stop_typing(room, user);
        }
        Ok(())
    }

    fn alteration(&self, caller: &Caller, room: RoomId, seq: Seq) -> Result<Alteration, ChatError> {
        let by = caller.user_in(room)?;
        self.inner.sends.take(&by)?;
        Ok(Alteration {
            room,
            seq,
            by,
            address: caller.address(),
            at: Timestamp::now(),
        })
    }
}

fn altered(outcome: Altered, full: &'static str) -> Result<Changed, ChatError> {
    match outcome {
        Altered::Done(message) => Ok(Changed {
            rev: message.rev,
            message: *message,
        }),
        Altered::Repeated { message, rev } => Ok(Changed {
            message: *message,
            rev,
        }),
        Altered::KeyConflict => Err(ChatError::KeyConflict),
        Altered::NotMember => Err(ChatError::NotFound("room")),
        Altered::NoSuchMessage => Err(ChatError::NotFound("message")),
        Altered::Forbidden(permission) => Err(ChatError::Forbidden(permission)),
        Altered::Restrained(restraint) => Err(restraint.into()),
        Altered::Blocked => Err(ChatError::Blocked),
        Altered::Blank => Err(Invalid::new("body", "must not be blank").into()),
        Altered::TooLate => Err(ChatError::TooLate),
        Altered::Full => Err(ChatError::TooMany(full)),
    }
}
