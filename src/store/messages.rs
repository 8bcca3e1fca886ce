//! The contract for messages and receipts.

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
    /// Who writes. Whether they still may is looked at again in the transaction.
    pub author: UserId,
    /// What they write.
    pub draft: Draft,
    /// When the server took it.
    pub at: Timestamp,
}

/// What came of writing a message.
#[derive(Clone, Debug)]
pub enum AppendOutcome {
    /// It is on disk.
    New(Message),
    /// The key is known.
    Replayed {
        /// The first one, as it is now.
        message: Message,
        /// The `rev` that it came with.
        rev: Rev,
    },
    /// The key is known and went with another body.
    KeyConflict,
    /// The author is not in the room.
    NotMember,
    /// It answers a message that does not exist.
    NoSuchReply,
    /// It brings a file that is not the author's own upload to the room, or in a message already.
    NoSuchFile,
    /// The one it is for has blocked its author.
    Blocked,
    /// The author may not write just now.
    Restrained(PostingRestriction),
}

/// A message in the queue; what came of it arrives after the commit.
#[derive(Debug)]
pub struct PendingAppend(pub(super) oneshot::Receiver<Result<AppendOutcome, StoreError>>);

impl PendingAppend {
    /// Waits until the message is on disk.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn done(self) -> Result<AppendOutcome, StoreError> {
        // The writer answers whatever it takes, unless it ends before its time.
        self.0.await.unwrap_or(Err(StoreError::Gone))
    }
}

/// Messages changed since a `rev`, and where the room stood at that same moment.
#[derive(Clone, Debug)]
pub struct Changes {
    /// By ascending `rev`, each once in its latest state.
    pub items: Vec<Message>,
    /// The room's newest numbers.
    pub head: Head,
    /// Whether more changed than were asked for.
    pub has_after: bool,
}

/// How far a reader is behind a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The room's newest numbers.
    pub head: Head,
    /// Whether more messages changed than were asked about.
    pub exceeds_limit: bool,
}

/// How much one read may answer. Memory is held until the reader's client has taken it, so that
/// bytes are bounded as well as rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit {
    /// Messages.
    pub messages: i64,
    /// Bytes of their bodies. The message that goes beyond is the last one, so that there is always
    /// a way on.
    pub bytes: usize,
}

impl PageLimit {
    /// A page, where nobody says how much they want.
    pub const PAGE: Self = Self {
        messages: 50,
        bytes: 512 * 1024,
    };
}

/// A page as it goes out.
#[derive(Clone, Debug)]
pub struct EncodedPage {
    /// Its bytes.
    pub body: Bytes,
    /// The same in fewer bytes, once somebody has wanted them so, if there are fewer.
    pub smaller: Arc<OnceLock<Option<Bytes>>>,
    /// Its first message, if there are older ones.
    pub older_than: Option<Seq>,
}

/// A member's receipt after it was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The furthest message read.
    pub read_seq: Seq,
    /// Text messages after it.
    pub unread: i64,
    /// Those of them that ask for the member's attention.
    pub mentions: i64,
    /// How often it was moved by force.
    pub generation: ReadGeneration,
    /// Whether it moved, or has a new generation.
    pub moved: bool,
}

impl Store {
    /// Queues a message in the order of the calls, and returns at once.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] if as many writes wait as may.
    pub fn append(&self, append: Append) -> Result<PendingAppend, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.append(append),
        }
    }

    /// A stretch of a room's history. `None` if `reader` is not in the room at that moment.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn page(
        &self,
        room: RoomId,
        reader: UserId,
        window: Window,
        most: PageLimit,
    ) -> Result<Option<MessagePage>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.page(room, reader, window, most).await,
        }
    }

    /// The newest page of a room as `write_out` makes it; what that once made is handed out again as long
    /// as nothing changes. `None` if `reader` is not in the room at that moment.
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

    /// Messages of `room` whose `rev` is greater than `after`, as of one moment. `None` if `reader`
    /// is not in the room at that moment.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn changed_since(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        most: PageLimit,
    ) -> Result<Option<Changes>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.changed_since(room, reader, after, most).await,
        }
    }

    /// Where the room stands, and whether more than `count` messages changed since `after`: no
    /// message is read for it. `None` if `reader` is not in the room.
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

    /// How `user` came out of `room` since `after`, for whoever missed the news of it.
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

    /// Moves a member's receipt, never past the head. `None` if they are not in the room.
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
