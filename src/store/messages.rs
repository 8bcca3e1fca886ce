//! Contract for messages and receipts.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Backend, Store, StoreError};
use crate::domain::{
    Draft, Head, LeaveReason, Message, MessagePage, PostingRestriction, ReadGeneration,
    ReceiptStep, Rev, RoomId, Seq, Timestamp, UserId, Window,
};

/// A message to write.
#[derive(Debug)]
pub struct Append {
    /// The room.
    pub room: RoomId,
    /// Author. Their membership is checked again in the transaction.
    pub author: UserId,
    /// Content of the message.
    pub draft: Draft,
    /// Time at which the server received it.
    pub at: Timestamp,
}

/// Outcome of an append.
#[derive(Clone, Debug)]
pub enum AppendOutcome {
    /// The message is on disk.
    New(Message),
    /// The key is known.
    Replayed {
        /// The first message with the key, as it is now.
        message: Message,
        /// The `rev` with which it was posted.
        rev: Rev,
    },
    /// The key was used with other content.
    KeyConflict,
    /// The author is not in the room.
    NotMember,
    /// It replies to a message that does not exist.
    NoSuchReply,
    /// It takes a file that is not an unused upload of the author to this room.
    NoSuchFile,
    /// The recipient has blocked the author.
    Blocked,
    /// The author may not post at present.
    Restrained(PostingRestriction),
}

/// A queued message. Its outcome arrives after the commit.
#[derive(Debug)]
pub struct PendingAppend(pub(super) oneshot::Receiver<Result<AppendOutcome, StoreError>>);

impl PendingAppend {
    /// Waits until the message is on disk.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn done(self) -> Result<AppendOutcome, StoreError> {
        // The writer answers every request, unless it ends early.
        self.0.await.unwrap_or(Err(StoreError::Gone))
    }
}

/// Messages that changed after a `rev`, and the room's newest numbers at the same moment.
#[derive(Clone, Debug)]
pub struct Changes {
    /// In ascending order of `rev`, each once in its latest state.
    pub items: Vec<Message>,
    /// The room's newest numbers.
    pub head: Head,
    /// Whether more messages changed.
    pub has_after: bool,
}

/// Lag of a reader behind a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The room's newest numbers.
    pub head: Head,
    /// Whether more messages changed than the given number.
    pub exceeds_limit: bool,
}

/// Maximum size of one read. Bytes are limited as well as rows, because the answer stays in memory until the client
/// has read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// Number of messages.
    pub messages: i64,
    /// Bytes of their bodies. The message that exceeds them is the last one, so that every read makes progress.
    pub bytes: usize,
}

impl PageLimit {
    /// Default size of a page.
    pub const PAGE: Self = Self {
        messages: 50,
        bytes: 512 * 1024,
    };
}

/// An encoded page.
#[derive(Clone, Debug)]
pub struct EncodedPage {
    /// Its bytes.
    pub body: Bytes,
    /// The compressed bytes, made on first use; `None` if they are not fewer.
    pub smaller: Arc<OnceLock<Option<Bytes>>>,
    /// Number of its first message, if older messages exist.
    pub older_than: Option<Seq>,
}

/// A member's receipt after a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Newest message that the member has read.
    pub read_seq: Seq,
    /// Text messages after it.
    pub unread: i64,
    /// Number of those that mention the member or reply to them.
    pub mentions: i64,
    /// Number of forced moves.
    pub generation: ReadGeneration,
    /// Whether it moved or has a new generation.
    pub moved: bool,
}

impl Store {
    /// Queues a message, in the order of the calls, and returns at once.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] if the queue is full.
    pub fn append(&self, append: Append) -> Result<PendingAppend, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.append(append),
        }
    }

    /// Returns a page of a room's history. `None` if `reader` is not in the room at that moment.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn page(
        &self,
        room: RoomId,
        reader: UserId,
        window: Window,
        limit: PageLimit,
    ) -> Result<Option<MessagePage>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.page(room, reader, window, limit).await,
        }
    }

    /// Returns the newest page of a room, encoded by `write_out`. The encoded page is cached until something changes.
    /// `None` if `reader` is not in the room at that moment.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn newest(
        &self,
        room: RoomId,
        reader: UserId,
        write_out: fn(&MessagePage) -> EncodedPage,
    ) -> Result<Option<EncodedPage>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.newest(room, reader, write_out).await,
        }
    }

    /// Returns messages of `room` whose `rev` is greater than `after`, as of one moment. `None` if `reader` is not in
    /// the room at that moment.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn changed_since(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        limit: PageLimit,
    ) -> Result<Option<Changes>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.changed_since(room, reader, after, limit).await,
        }
    }

    /// Returns the newest numbers of a room, and whether more than `count` messages changed after `after`. It reads no
    /// message. `None` if `reader` is not in the room.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn lag(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        count: i64,
    ) -> Result<Option<Lag>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.lag(room, reader, after, count).await,
        }
    }

    /// Returns how `user` left `room` after `after`, for connections that missed the event.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn removal(
        &self,
        room: RoomId,
        user: UserId,
        after: Rev,
    ) -> Result<LeaveReason, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.removal(room, user, after).await,
        }
    }

    /// Moves a member's receipt, never beyond the newest message. `None` if the user is not in the room.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn mark_read(
        &self,
        room: RoomId,
        user: UserId,
        step: ReceiptStep,
    ) -> Result<Option<Receipt>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.mark_read(room, user, step).await,
        }
    }
}
