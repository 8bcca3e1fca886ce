//! Contract for changes of posted messages.

use std::{net::IpAddr, time::Duration};

use super::{Backend, Store, StoreError};
use crate::domain::{
    Body, Emoji, Key, MentionTokens, Message, Notify, Permission, PostingRestriction, Rev, Role,
    RoomId, Seq, Timestamp, UserId, Version,
};

/// A message, and the user who wants to change it.
#[derive(Clone, Copy, Debug)]
pub struct Alteration {
    /// The room.
    pub room: RoomId,
    /// The message.
    pub seq: Seq,
    /// User who asks. Their right is checked in the transaction.
    pub by: UserId,
    /// Address of the user, for the audit log.
    pub address: Option<IpAddr>,
    /// Time at which the server received the request.
    pub at: Timestamp,
}

/// Outcome of a change.
#[derive(Clone, Debug)]
pub enum AlterOutcome {
    /// The message as it is now. It is unchanged if it was as wanted before.
    Done(Box<Message>),
    /// The key is known: the command took effect before.
    Repeated {
        /// The message as it is now.
        message: Box<Message>,
        /// The `rev` in the ack of the first command.
        rev: Rev,
    },
    /// The key was used with another command.
    KeyConflict,
    /// The user is not in the room.
    NotMember,
    /// The room has no such message, or it is deleted.
    NoSuchMessage,
    /// The user lacks the permission.
    Forbidden(Permission),
    /// The user may not post at present.
    Restrained(PostingRestriction),
    /// The other member of the direct room has blocked the user.
    Blocked,
    /// The message would have neither text nor files.
    Blank,
    /// The time for edits is over.
    TooLate,
    /// The limit is reached.
    Full,
}

/// Versions of a message, oldest first, including the current one.
#[derive(Clone, Debug)]
pub enum Versions {
    /// The versions.
    Read(Vec<Version>),
    /// The user is not in the room, or it has no such message.
    NotFound,
    /// The role of the user does not allow it.
    Forbidden,
}

/// Maximum number of different emoji on one message.
pub const REACTION_KINDS: i64 = 20;
/// Maximum number of reactions on one message.
pub const REACTIONS: i64 = 2000;
/// Maximum number of pins in one room.
pub const PINS: i64 = 50;
/// Maximum number of remembered command keys of one user. Older ones are forgotten.
pub const COMMAND_KEYS: i64 = 1000;
/// Time for which a command key is remembered.
pub const COMMAND_KEYS_KEPT: Duration = Duration::from_hours(24);

impl Store {
    /// Changes the text of a message and keeps the former one. Only the author may, and no later than `window_ms`
    /// after posting if that is set.
    ///
    /// With a `key`, a repetition returns [`AlterOutcome::Repeated`] and changes nothing.
    /// [`delete_message`](Self::delete_message) and [`react`](Self::react) work the same way.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn edit_message(
        &self,
        which: Alteration,
        body: Body,
        named: MentionTokens,
        window_ms: Option<i64>,
        key: Option<Key>,
    ) -> Result<AlterOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => {
                sqlite
                    .edit_message(which, body, named, window_ms, key)
                    .await
            }
        }
    }

    /// Deletes a message. Its number stays. The author may, and members who may delete messages.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn delete_message(
        &self,
        which: Alteration,
        key: Option<Key>,
    ) -> Result<AlterOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.delete_message(which, key).await,
        }
    }

    /// Adds or removes a reaction, within [`REACTION_KINDS`] and [`REACTIONS`].
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn react(
        &self,
        which: Alteration,
        emoji: Emoji,
        on: bool,
        key: Option<Key>,
    ) -> Result<AlterOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.react(which, emoji, on, key).await,
        }
    }

    /// Deletes up to `slice` expired command keys. Returns whether more may be left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was deleted.
    pub async fn forget_command_keys(
        &self,
        now: Timestamp,
        slice: i64,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_command_keys(now, slice).await,
        }
    }

    /// Pins or unpins a message, within [`PINS`].
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn pin(&self, which: Alteration, on: bool) -> Result<AlterOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.pin(which, on).await,
        }
    }

    /// Returns the pinned messages of a room, latest pin first. `None` if `reader` is not in the room.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn pins(
        &self,
        room: RoomId,
        reader: UserId,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.pins(room, reader).await,
        }
    }

    /// Returns the versions of a message, for members with at least the role `min_role`.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn versions(
        &self,
        room: RoomId,
        reader: UserId,
        seq: Seq,
        min_role: Option<Role>,
    ) -> Result<Versions, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.versions(room, reader, seq, min_role).await,
        }
    }

    /// Sets which messages of a room notify a member. Returns `false` if the user is not in the room.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn set_notify(
        &self,
        room: RoomId,
        user: UserId,
        level: Notify,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.set_notify(room, user, level).await,
        }
    }
}
