//! A room's channel.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::{
    RoomEvent,
    fanout::{Listener, Listening, Shard},
    typing::Typists,
};

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
