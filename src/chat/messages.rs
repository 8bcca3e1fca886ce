//! Saying something, and reading what was said.

use super::{Caller, Chat, ChatError, Member};
use crate::{
    domain::{
        Body, Draft, Invalid, Key, Message, MessagePage, Rev, RoomId, Seq, Timestamp, Window,
    },
    store::{Append, Appended, Changes, PendingAppend, Receipt},
};

/// A message that is on its way to the disk.
#[derive(Debug)]
pub struct PendingPost(PendingAppend);

/// A message that is on disk.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The message.
    pub message: Message,
    /// Whether its key was known, so that nothing new was written.
    pub replayed: bool,
}

impl PendingPost {
    /// Waits until the message is on disk.
    ///
    /// # Errors
    /// [`ChatError`] if nothing was written.
    pub async fn done(self) -> Result<Posted, ChatError> {
        match self.0.done().await? {
            Appended::New(message) => Ok(Posted {
                message,
                replayed: false,
            }),
            Appended::Replayed(message) => Ok(Posted {
                message,
                replayed: true,
            }),
            Appended::KeyConflict => Err(ChatError::KeyConflict),
            Appended::NotMember => Err(ChatError::NotFound("room")),
            Appended::NoSuchReply => {
                Err(Invalid::new("reply_to", "is no message of this room").into())
            }
        }
    }
}

impl Chat {
    /// Reads what somebody wants to say.
    ///
    /// # Errors
    /// [`ChatError::Invalid`], naming the field.
    pub fn draft(
        &self,
        body: &str,
        key: Option<&str>,
        reply_to: Option<Seq>,
    ) -> Result<Draft, ChatError> {
        let body = Body::parse(body, self.inner.limits.body_chars)?;
        let key = key.map(Key::parse).transpose()?;
        Ok(Draft {
            body,
            key,
            reply_to,
        })
    }

    /// Queues a message. Calls made one after the other are written in that order, whether or not
    /// anybody has waited in between.
    ///
    /// # Errors
    /// [`ChatError::RateLimited`] or [`ChatError::Overloaded`]: then nothing is written.
    pub fn submit(
        &self,
        caller: &Caller,
        room: RoomId,
        draft: Draft,
    ) -> Result<PendingPost, ChatError> {
        let author = caller.user();
        self.inner.sends.take(&author)?;
        let append = Append {
            room,
            author,
            draft,
            at: Timestamp::now(),
        };
        Ok(PendingPost(self.inner.store.append(append)?))
    }

    /// A stretch of the room's history.
    ///
    /// # Errors
    /// [`ChatError`] if it could not be read.
    pub async fn history(
        &self,
        member: &Member,
        window: Window,
        limit: i64,
    ) -> Result<MessagePage, ChatError> {
        Ok(self.inner.store.page(member.room(), window, limit).await?)
    }

    /// One message of the room.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the room has no such message.
    pub async fn message(&self, member: &Member, seq: Seq) -> Result<Message, ChatError> {
        let message = self.inner.store.message(member.room(), seq).await?;
        message.ok_or(ChatError::NotFound("message"))
    }

    /// What changed in a room since a `rev`. Membership is looked at in the same moment.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn changed_since(
        &self,
        caller: &Caller,
        room: RoomId,
        after: Rev,
        limit: i64,
    ) -> Result<Changes, ChatError> {
        let changes = self
            .inner
            .store
            .changed_since(room, caller.user(), after, limit)
            .await?;
        changes.ok_or(ChatError::NotFound("room"))
    }

    /// Moves the caller's receipt; their devices are told in the order of the moves.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the caller is not in the room.
    pub async fn mark_read(
        &self,
        caller: &Caller,
        room: RoomId,
        seq: Seq,
        force: bool,
    ) -> Result<Receipt, ChatError> {
        let receipt = self
            .inner
            .store
            .mark_read(room, caller.user(), seq, force)
            .await?;
        receipt.ok_or(ChatError::NotFound("room"))
    }
}
