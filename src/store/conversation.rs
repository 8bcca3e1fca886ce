//! The contract for what happens to a message after it was written.

use std::{net::IpAddr, time::Duration};

use super::{Backend, Store, StoreError};
use crate::domain::{
    Body, Emoji, Key, MentionTokens, Message, Notify, Permission, PostingRestriction, Rev, Role,
    RoomId, Seq, Timestamp, UserId, Version,
};

/// What somebody wants to do to which message.
#[derive(Clone, Copy, Debug)]
pub struct Alteration {
    /// The room.
    pub room: RoomId,
    /// The message.
    pub seq: Seq,
    /// Who wants it. Their right is looked at in the transaction.
    pub by: UserId,
    /// From where, for the audit log.
    pub address: Option<IpAddr>,
    /// When the server took it.
    pub at: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum AlterOutcome {
    /// The message as it is now: changed, or as it was if that is what was wanted.
    Done(Box<Message>),
    /// The key is known: the command was done before.
    Repeated {
        /// The message as it is now.
        message: Box<Message>,
        /// The `rev` that the first command was acked with.
        rev: Rev,
    },
    /// The key is known and went with another command.
    KeyConflict,
    /// Whoever asked is not in the room.
    NotMember,
    /// The room has no such message, or it was deleted.
    NoSuchMessage,
    /// They may not do that.
    Forbidden(Permission),
    /// They may not write just now.
    Restrained(PostingRestriction),
    /// The one other person of a direct room does not want to hear of them.
    Blocked,
    /// Nothing would be left of it: neither words nor files.
    Blank,
    /// The time for edits is over.
    TooLate,
    /// There are as many as there may be.
    Full,
}

/// What a message said at each time, oldest first, the latest last.
#[derive(Clone, Debug)]
pub enum Versions {
    /// These.
    Read(Vec<Version>),
    /// Whoever asked is not in the room, or it has no such message.
    NotFound,
    /// Their role may not read them.
    Forbidden,
}

/// Emoji that one message can have.
pub const REACTION_KINDS: i64 = 20;
/// Reactions that one message can have in all.
pub const REACTIONS: i64 = 2000;
/// Pins that one room can have.
pub const PINS: i64 = 50;
/// Idempotency keys of commands that are remembered for one user at most, the newest ones.
pub const COMMAND_KEYS: i64 = 1000;
/// How long an idempotency key of a command is remembered.
pub const COMMAND_KEYS_KEPT: Duration = Duration::from_hours(24);

impl Store {
    /// Gives a message another text and keeps the former one. Only its author may, and no later than
    /// `window_ms` after it was written if that is given.
    ///
    /// With a `key`, a repetition returns [`AlterOutcome::Repeated`] and changes nothing; so it is for
    /// [`delete_message`](Self::delete_message) and [`react`](Self::react).
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

    /// Leaves of a message its number alone. Its author may, and who may delete messages.
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

    /// Sets or takes back a reaction. At most [`REACTION_KINDS`] and [`REACTIONS`] a message.
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

    /// Deletes expired idempotency keys of commands, so many at most; whether there may be more.
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

    /// Pins or unpins a message. At most [`PINS`] a room.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn pin(&self, which: Alteration, on: bool) -> Result<AlterOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.pin(which, on).await,
        }
    }

    /// A room's pinned messages, the latest pin first. `None` if `reader` is not in the room.
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

    /// What a message said before, for members of at least the role `least`.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn versions(
        &self,
        room: RoomId,
        reader: UserId,
        seq: Seq,
        least: Option<Role>,
    ) -> Result<Versions, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.versions(room, reader, seq, least).await,
        }
    }

    /// What of a room's news a member wants to be told of. `false` if they are not in the room.
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
