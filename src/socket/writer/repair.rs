//! Giving a client what it missed: by itself when the feed shows a gap, or when the client asks.

use std::time::Duration;

use tokio::time::Instant;

use super::{Writer, internal};
use crate::socket::{feed::Repair, outlet::End};
use crate::{
    chat::ChatError,
    domain::{Message, Removal, Rev, RoomId},
    protocol::{CloseReason, SYNC_LIMIT},
};

impl Writer {
    /// Reads what was missed in a room and goes on from there.
    pub(super) async fn repair(&mut self, room: RoomId) -> Result<(), End> {
        let stall = Duration::from_millis(self.context.timing.stall_ms);
        let since = *self.behind_since.get_or_insert_with(Instant::now);
        let mut holes = false;
        loop {
            if since.elapsed() > stall {
                return Err(End::Close(CloseReason::TooSlow));
            }
            match self.feed.catch_up(room).await {
                Ok(Repair::Missed {
                    after,
                    messages,
                    head,
                    more,
                }) => {
                    holes |= has_holes(after, &messages);
                    for message in &messages {
                        self.send(self.voice.missed(message)).await?;
                    }
                    if more {
                        continue;
                    }
                    // Changes that were overtaken by later ones leave holes in what was repeated;
                    // the client is told that it has everything all the same.
                    if holes {
                        self.send(self.voice.synced(room, head)).await?;
                    }
                    return Ok(());
                }
                Ok(Repair::NotMember) => return self.left(room, Removal::Kicked).await,
                Err(ChatError::Overloaded) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(error) => return Err(internal(&error)),
            }
        }
    }

    /// Sends everything changed since `from`. The feed goes on behind what was sent.
    pub(super) async fn sync(&mut self, room: RoomId, from: Rev) -> Result<(), End> {
        if !self.feed.hears(room) {
            let refused = self
                .voice
                .refused(None, Some(room), &ChatError::NotFound("room"));
            return self.outlet.send(refused).await;
        }
        let chat = self.context.chat.clone();
        let most = i64::try_from(SYNC_LIMIT).unwrap_or(i64::MAX);
        let changes = match chat.changed_since(&self.caller, room, from, most).await {
            Ok(changes) => changes,
            Err(error @ (ChatError::Overloaded | ChatError::NotFound(_))) => {
                return self
                    .outlet
                    .send(self.voice.refused(None, Some(room), &error))
                    .await;
            }
            Err(error) => return Err(internal(&error)),
        };
        if changes.has_after {
            return self.send(self.voice.behind(room, from, changes.head)).await;
        }
        for message in &changes.items {
            self.send(self.voice.missed(message)).await?;
        }
        self.feed.start_at(room, changes.head.rev);
        self.send(self.voice.synced(room, changes.head)).await
    }
}

/// Whether these do not follow `after` and one another one by one.
fn has_holes(after: Rev, messages: &[Message]) -> bool {
    let wanted = std::iter::successors(Some(after.next()), |rev| Some(rev.next()));
    messages
        .iter()
        .zip(wanted)
        .any(|(message, wanted)| message.rev != wanted)
}
