//! Changes to existing messages: edits, deletions, reactions and pins. Also notification levels and typing.

use super::{Caller, Chat, ChatError};
use crate::{
    config::VersionsFor,
    domain::{
        Body, Emoji, Invalid, Key, MentionTokens, Message, Notify, Permission, Rev, Role, RoomId,
        Seq, Timestamp, Version,
    },
    hub::{RoomEvent, Typing},
    store::{AlterOutcome, Alteration, PINS, Versions},
};

/// Result of a change to a message.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The message after the change.
    pub message: Message,
    /// `rev` of the change. For a repeated key, this is the `rev` of the first change.
    pub rev: Rev,
}

impl Chat {
    /// Replaces a message's text and keeps the former text as a version.
    ///
    /// A repeated `key` changes nothing and returns the result of the first command. This also holds for deletions and
    /// reactions.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] unless the caller is the author, [`ChatError::TooLate`], [`ChatError::KeyConflict`].
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

    /// Deletes a message. Only its number stays.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] unless the caller is the author or may delete messages of others.
    pub async fn delete_message(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
        key: Option<Key>,
    ) -> Result<Changed, ChatError> {
        let which = self.alteration(caller, room, seq)?;
        let deleted = altered(self.inner.store.delete_message(which, key).await?, "")?;
        // The message's files are deleted too.
        self.inner.files_gone.notify_one();
        Ok(deleted)
    }

    /// Adds or removes a reaction. Repeating the command has no further effect.
    ///
    /// # Errors
    /// [`ChatError::TooMany`] if the message has the maximum number of reactions.
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
        let full = "this message has the maximum number of reactions";
        altered(self.inner.store.react(which, emoji, on, key).await?, full)
    }

    /// Pins or unpins a message.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] without the permission, or [`ChatError::TooMany`] if the room has the maximum number
    /// of pins.
    pub async fn pin(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
        on: bool,
    ) -> Result<Changed, ChatError> {
        const { assert!(PINS == 50, "the text below states the number") };
        let which = self.alteration(caller, room, seq)?;
        let full = "a room has at most 50 pins; unpin one first";
        altered(self.inner.store.pin(which, on).await?, full)
    }

    /// Returns a room's pinned messages, the latest pin first.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn pins(&self, caller: &Caller, room: RoomId) -> Result<Vec<Message>, ChatError> {
        let pins = self.inner.store.pins(room, caller.user_in(room)?).await?;
        pins.ok_or(ChatError::NotFound("room"))
    }

    /// Returns the versions of a message's text, oldest first.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] if the server's settings do not show versions to the caller.
    pub async fn versions(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
    ) -> Result<Vec<Version>, ChatError> {
        let min_role = match self.inner.messages.versions {
            VersionsFor::All => Some(Role::Member),
            VersionsFor::Moderators => Some(Role::Moderator),
            VersionsFor::Nobody => None,
        };
        // Check membership first, so that non-members learn nothing from the refusal.
        self.member(caller, room).await?;
        let user = caller.user_in(room)?;
        let versions = self.inner.store.versions(room, user, seq, min_role);
        match versions.await? {
            Versions::Read(versions) => Ok(versions),
            Versions::NotFound => Err(ChatError::NotFound("message")),
            Versions::Forbidden => Err(ChatError::Forbidden(Permission::ReadVersions)),
        }
    }

    /// Sets the events of a room that the caller is notified of.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
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

    /// Tells the room that the caller is typing, or with `on` false that they stopped without sending. The event is
    /// dropped if the room is busy.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn typing(&self, caller: &Caller, room: RoomId, on: bool) -> Result<(), ChatError> {
        let (hub, store) = (&self.inner.hub, &self.inner.store);
        // A user who has a connection is listed in all of their rooms.
        let user = caller.user_in(room)?;
        if !hub.presence().is_in(user, room) {
            return Err(ChatError::NotFound("room"));
        }
        if !on {
            // Only a room that received the start is told of the end.
            if hub.pause_typing(room, user) {
                hub.publish(room, RoomEvent::Typing(Typing::stopped(room, user)));
            }
            return Ok(());
        }
        if !hub.may_type(room, user) {
            return Ok(());
        }
        // Members who may not post are not announced. If the database is busy, the event is dropped.
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

fn altered(outcome: AlterOutcome, full: &'static str) -> Result<Changed, ChatError> {
    match outcome {
        AlterOutcome::Done(message) => Ok(Changed {
            rev: message.rev,
            message: *message,
        }),
        AlterOutcome::Repeated { message, rev } => Ok(Changed {
            message: *message,
            rev,
        }),
        AlterOutcome::KeyConflict => Err(ChatError::KeyConflict),
        AlterOutcome::NotMember => Err(ChatError::NotFound("room")),
        AlterOutcome::NoSuchMessage => Err(ChatError::NotFound("message")),
        AlterOutcome::Forbidden(permission) => Err(ChatError::Forbidden(permission)),
        AlterOutcome::Restrained(restraint) => Err(restraint.into()),
        AlterOutcome::Blocked => Err(ChatError::Blocked),
        AlterOutcome::Blank => Err(Invalid::new("body", "must not be blank").into()),
        AlterOutcome::TooLate => Err(ChatError::TooLate),
        AlterOutcome::Full => Err(ChatError::TooMany(full)),
    }
}
