//! Posting and reading messages, and read receipts.

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{
        Body, Draft, FILES_PER_MESSAGE, FileId, Invalid, Key, LeaveReason, MentionTokens, Message,
        MessagePage, ReceiptStep, Rev, RoomId, Seq, Timestamp, Window,
    },
    store::{Append, AppendOutcome, Changes, EncodedPage, Lag, PageLimit, PendingAppend, Receipt},
};

/// A message in the writer's queue.
#[derive(Debug)]
pub struct PendingPost(PendingAppend);

/// A message on disk.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The message as it is now.
    pub message: Message,
    /// `rev` with which the message was created. The ack contains it, also for a repeated key.
    pub rev: Rev,
    /// Whether the key was known, so that nothing new was written.
    pub replayed: bool,
}

impl PendingPost {
    /// Waits until the message is on disk.
    ///
    /// # Errors
    /// [`ChatError`] if the message was not written.
    pub async fn done(self) -> Result<Posted, ChatError> {
        match self.0.done().await? {
            AppendOutcome::New(message) => Ok(Posted {
                rev: message.rev,
                message,
                replayed: false,
            }),
            AppendOutcome::Replayed { message, rev } => Ok(Posted {
                message,
                rev,
                replayed: true,
            }),
            AppendOutcome::KeyConflict => Err(ChatError::KeyConflict),
            AppendOutcome::NotMember => Err(ChatError::NotFound("room")),
            AppendOutcome::Blocked => Err(ChatError::Blocked),
            AppendOutcome::Restrained(restraint) => Err(restraint.into()),
            AppendOutcome::NoSuchFile => {
                let detail = "must be your own uploads to this room, and in no message yet";
                Err(Invalid::new("files", detail).into())
            }
            AppendOutcome::NoSuchReply => {
                Err(Invalid::new("reply_to", "is no message of this room").into())
            }
        }
    }
}

impl Chat {
    /// Parses and checks a message.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for the field that is not valid.
    pub fn draft(
        &self,
        body: &str,
        key: Option<&str>,
        reply_to: Option<Seq>,
    ) -> Result<Draft, ChatError> {
        self.draft_with(body, key, reply_to, Vec::new())
    }

    /// Parses and checks a message with files. With files, the body may be empty.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for the field that is not valid.
    pub fn draft_with(
        &self,
        body: &str,
        key: Option<&str>,
        reply_to: Option<Seq>,
        files: Vec<FileId>,
    ) -> Result<Draft, ChatError> {
        if files.len() > FILES_PER_MESSAGE {
            let detail = format!("may name at most {FILES_PER_MESSAGE}");
            return Err(Invalid::new("files", detail).into());
        }
        let limit = self.inner.limits.body_chars;
        let body = if files.is_empty() {
            Body::parse(body, limit)?
        } else {
            Body::parse_or_none(body, limit)?
        };
        let key = key.map(Key::parse).transpose()?;
        let named = MentionTokens::find(body.as_str());
        Ok(Draft {
            body,
            key,
            reply_to,
            named,
            files,
        })
    }

    /// Queues a message. Messages are written in the order of the calls, even if earlier calls are not awaited.
    ///
    /// # Errors
    /// [`ChatError::RateLimited`] or [`ChatError::Overloaded`]. In both cases nothing is written.
    pub fn submit(
        &self,
        caller: &Caller,
        room: RoomId,
        draft: Draft,
    ) -> Result<PendingPost, ChatError> {
        let author = caller.user_in(room)?;
        self.inner.sends.take(&author)?;
        let append = Append {
            room,
            author,
            draft,
            at: Timestamp::now(),
        };
        Ok(PendingPost(self.inner.store.append(append)?))
    }

    /// Returns a page of a room's history. Membership is checked in the same read.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn history(
        &self,
        caller: &Caller,
        room: RoomId,
        window: Window,
        limit: PageLimit,
    ) -> Result<MessagePage, ChatError> {
        let user = caller.user_in(room)?;
        let page = self.inner.store.page(room, user, window, limit).await?;
        page.ok_or(ChatError::NotFound("room"))
    }

    /// Returns the newest page of a room, encoded by `write_out`. The encoded page is cached until the room changes.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn newest(
        &self,
        caller: &Caller,
        room: RoomId,
        write_out: fn(&MessagePage) -> EncodedPage,
    ) -> Result<EncodedPage, ChatError> {
        let store = &self.inner.store;
        let user = caller.user_in(room)?;
        let page = store.newest(room, user, write_out).await?;
        page.ok_or(ChatError::NotFound("room"))
    }

    /// Returns one message of a room.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the room has no such message or the caller is not in the room.
    pub async fn message(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
    ) -> Result<Message, ChatError> {
        let window = Window::After(Seq(seq.0.saturating_sub(1)));
        let one = PageLimit {
            messages: 1,
            bytes: 1,
        };
        let page = self.history(caller, room, window, one).await?;
        let message = page.items.into_iter().find(|message| message.seq == seq);
        message.ok_or(ChatError::NotFound("message"))
    }

    /// Returns the messages that changed after a `rev`. Membership is checked in the same read.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room, or [`ChatError::EpochChanged`] if `after` is ahead of
    /// the head.
    pub async fn changed_since(
        &self,
        caller: &Caller,
        room: RoomId,
        after: Rev,
        limit: PageLimit,
    ) -> Result<Changes, ChatError> {
        let user = caller.user_in(room)?;
        let changes = self.inner.store.changed_since(room, user, after, limit);
        let changes = changes.await?.ok_or(ChatError::NotFound("room"))?;
        if after > changes.head.rev {
            return Err(ChatError::EpochChanged);
        }
        Ok(changes)
    }

    /// Returns the head of a room and whether more than `count` messages changed after `after`.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room, or [`ChatError::EpochChanged`] if `after` is ahead of
    /// the head.
    pub async fn lag(
        &self,
        caller: &Caller,
        room: RoomId,
        after: Rev,
        count: i64,
    ) -> Result<Lag, ChatError> {
        let user = caller.user_in(room)?;
        let lag = self.inner.store.lag(room, user, after, count).await?;
        let lag = lag.ok_or(ChatError::NotFound("room"))?;
        if after > lag.head.rev {
            return Err(ChatError::EpochChanged);
        }
        Ok(lag)
    }

    /// Returns why the caller left a room after the `rev` `after`.
    ///
    /// # Errors
    /// [`ChatError`] if the reason could not be read.
    pub async fn removal(
        &self,
        caller: &Caller,
        room: RoomId,
        after: Rev,
    ) -> Result<LeaveReason, ChatError> {
        let user = caller.user_in(room)?;
        Ok(self.inner.store.removal(room, user, after).await?)
    }

    /// Moves the caller's receipt. All devices of the caller are told, in the order of the moves.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn mark_read(
        &self,
        caller: &Caller,
        room: RoomId,
        step: ReceiptStep,
    ) -> Result<Receipt, ChatError> {
        let user = caller.user_in(room)?;
        let receipt = self.inner.store.mark_read(room, user, step).await?;
        receipt.ok_or(ChatError::NotFound("room"))
    }
}
