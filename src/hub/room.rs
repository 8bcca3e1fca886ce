//! A room's channel, and what goes through it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

use super::{
    Diff, Hub, Shared,
    fanout::{Listener, Listening, Shard},
    typing::{Typing, Typists},
};
use crate::{
    domain::{Aspect, Message, Removal, Room, RoomId, UserId},
    protocol::{
        Agreed, Frame, LARGE_ROOM, NAMES_SLICE, RoomView,
        frame::{AbsentView, PresenceView},
        line::{self, LineStyle},
        wire,
    },
};

/// Something new in a room. Cloning one is a few counters, whatever it holds.
#[derive(Clone)]
pub enum RoomEvent {
    /// A message is new or changed. These come in `rev` order.
    Message(Arc<LiveMessage>),
    /// Somebody came or went.
    Presence(Arc<LivePresence>),
    /// The room has another name or topic.
    Changed(Arc<LiveRoom>),
    /// Somebody types.
    Typing(Typing),
    /// The room is gone.
    Deleted,
}

impl RoomEvent {
    /// Its JSON frame for connections that agreed to this; `None` for the end of a room, which each hears
    /// in its own way.
    #[must_use]
    pub fn json(&self, agreed: Option<Agreed>) -> Option<&Bytes> {
        match self {
            Self::Message(live) => Some(live.json(agreed)),
            Self::Presence(presence) => Some(presence.json(agreed)),
            Self::Changed(changed) => Some(changed.json(agreed)),
            Self::Typing(typing) => Some(typing.json()),
            Self::Deleted => None,
        }
    }
}

/// A message on its way: encoded by whoever needs it first, for everybody.
pub struct LiveMessage {
    /// The message.
    pub message: Message,
    /// Who is out of the room with this message, and must hear neither it nor what follows.
    pub removes: Option<(UserId, Removal)>,
    /// What of it is new.
    pub aspect: Aspect,
    json: OnceLock<Shared>,
    plain: OnceLock<Shared>,
}

impl LiveMessage {
    /// The message, not yet encoded.
    #[must_use]
    pub fn new(message: Message, removes: Option<(UserId, Removal)>) -> Self {
        Self {
            message,
            removes,
            aspect: Aspect::Message,
            json: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// A message that has changed.
    #[must_use]
    pub fn altered(message: Message, aspect: Aspect) -> Self {
        Self {
            aspect,
            ..Self::new(message, None)
        }
    }

    /// Its JSON frame.
    #[must_use]
    pub fn json(&self, agreed: Option<Agreed>) -> &Bytes {
        let json = || Shared::new(wire::text(&Frame::encoded_message(&self.message)));
        self.json.get_or_init(json).of(agreed)
    }

    /// Its line of text in [`LineStyle::PLAIN`].
    #[must_use]
    pub fn plain(&self, agreed: Option<Agreed>) -> &Bytes {
        let plain = || Shared::new(wire::lines(&line::render(&self.message, LineStyle::PLAIN)));
        self.plain.get_or_init(plain).of(agreed)
    }
}

/// Comings and goings on their way.
pub struct LivePresence {
    /// Who came and went.
    pub diff: Diff,
    json: OnceLock<Shared>,
    room: RoomId,
}

impl LivePresence {
    /// The comings and goings of `room`, not yet encoded.
    #[must_use]
    pub fn new(room: RoomId, diff: Diff) -> Self {
        Self {
            diff,
            json: OnceLock::new(),
            room,
        }
    }

    /// Their JSON frame; in a large room only a slice of the names.
    #[must_use]
    pub fn json(&self, agreed: Option<Agreed>) -> &Bytes {
        let json = || Shared::new(wire::text(&self.frame().encode()));
        self.json.get_or_init(json).of(agreed)
    }

    fn frame(&self) -> Frame<'_> {
        let diff = &self.diff;
        let most_listed = diff.online.len().max(diff.offline.len());
        let most = if diff.online_count.max(most_listed) > LARGE_ROOM {
            NAMES_SLICE
        } else {
            usize::MAX
        };
        let absent = |(who, last_seen): &(Arc<_>, _)| {
            let who: &crate::domain::Author = who;
            AbsentView {
                id: who.id,
                last_seen: *last_seen,
            }
        };
        Frame::Presence(PresenceView {
            room_id: self.room,
            online: diff.online.iter().take(most).map(|who| &**who).collect(),
            offline: diff.offline.iter().take(most).map(absent).collect(),
            online_count: diff.online_count,
        })
    }
}

/// A room's new name or topic on its way.
pub struct LiveRoom {
    /// Which.
    pub room: RoomId,
    /// Its name now.
    pub name: String,
    json: Shared,
}

impl LiveRoom {
    /// What all members see of the changed room.
    #[must_use]
    pub fn new(room: &Room) -> Self {
        Self {
            room: room.id,
            name: room.name.clone(),
            json: Shared::new(wire::text(
                &Frame::Room {
                    room: RoomView::shared(room),
                }
                .encode(),
            )),
        }
    }

    /// Its JSON frame.
    #[must_use]
    pub fn json(&self, agreed: Option<Agreed>) -> &Bytes {
        self.json.of(agreed)
    }
}

/// One room's broadcast channel.
pub(super) struct Channel {
    sender: broadcast::Sender<RoomEvent>,
    pub(super) typists: Typists,
    shards: Vec<Arc<Shard>>,
}

impl Channel {
    pub(super) fn new(backlog: usize) -> Self {
        Self {
            sender: broadcast::Sender::new(backlog),
            typists: Typists::default(),
            shards: Vec::new(),
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<RoomEvent> {
        self.sender.subscribe()
    }

    /// A place among the room's listeners, and the shard that is new for it.
    pub(super) fn join(&mut self, listener: &Arc<dyn Listener>) -> (Listening, Option<Arc<Shard>>) {
        if let Some(listening) = self.shards.iter().find_map(|shard| shard.join(listener)) {
            return (listening, None);
        }
        self.shards.retain(|shard| !shard.is_closed());
        let (shard, listening) = Shard::of(listener.clone());
        self.shards.push(shard.clone());
        (listening, Some(shard))
    }

    /// Events that some subscriber has yet to read.
    pub(super) fn backlog(&self) -> usize {
        self.sender.len()
    }

    pub(super) fn send(&self, event: RoomEvent) {
        if let RoomEvent::Message(live) = &event {
            self.typists.done(live.message.author.id);
        }
        // An error says that nobody listens, which is nobody's loss.
        let _ = self.sender.send(event);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sender.receiver_count() == 0
    }
}

/// Events were missed; the store has what they told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged;

/// Somebody's interest in one room. Dropping it ends it.
pub struct Subscription {
    hub: Hub,
    room: RoomId,
    /// `None` only while dropping.
    receiver: Option<broadcast::Receiver<RoomEvent>>,
}

impl Subscription {
    pub(super) fn new(hub: Hub, room: RoomId, receiver: broadcast::Receiver<RoomEvent>) -> Self {
        Self {
            hub,
            room,
            receiver: Some(receiver),
        }
    }

    /// The room it is about.
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Waits for the next event. Cancelling it loses nothing.
    ///
    /// # Errors
    /// [`Lagged`] if events were dropped because this subscriber was slow.
    pub async fn recv(&mut self) -> Result<RoomEvent, Lagged> {
        match &mut self.receiver {
            // The channel outlives its subscribers, so that it cannot be closed under one.
            Some(receiver) => receiver.recv().await.map_err(|error| match error {
                RecvError::Lagged(_) | RecvError::Closed => Lagged,
            }),
            None => std::future::pending().await,
        }
    }

    /// The next event if it is there already.
    pub fn try_recv(&mut self) -> Option<Result<RoomEvent, Lagged>> {
        match self.receiver.as_mut()?.try_recv() {
            Ok(event) => Some(Ok(event)),
            Err(TryRecvError::Lagged(_)) => Some(Err(Lagged)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // The receiver must be gone before the channel is asked whether it has any.
        self.receiver = None;
        self.hub.release(self.room);
    }
}
