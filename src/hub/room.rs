//! Channel of a room.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::{
    RoomEvent,
    fanout::{Listener, ListenerGuard, ListenerShard},
    room_channels,
    typing::TypingThrottle,
};

/// Broadcast channel of one room.
pub(super) struct Channel {
    sender: broadcast::Sender<RoomEvent>,
    pub(super) typing_throttle: TypingThrottle,
    shards: Vec<Arc<ListenerShard>>,
}

impl Channel {
    pub(super) fn new(backlog: usize) -> Self {
        Self {
            sender: broadcast::Sender::new(backlog),
            typing_throttle: TypingThrottle::default(),
            shards: Vec::new(),
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<RoomEvent> {
        self.sender.subscribe()
    }

    /// Adds a listener. Returns its registration, and the shard if a new one was created for it.
    pub(super) fn join(
        &mut self,
        listener: &Arc<dyn Listener>,
    ) -> (ListenerGuard, Option<Arc<ListenerShard>>) {
        if let Some(listening) = self.shards.iter().find_map(|shard| shard.join(listener)) {
            return (listening, None);
        }
        self.shards.retain(|shard| !shard.is_closed());
        let (shard, listening) = ListenerShard::new_with(listener.clone());
        self.shards.push(shard.clone());
        (listening, Some(shard))
    }

    /// Returns the number of events that some subscriber has not read yet.
    pub(super) fn backlog(&self) -> usize {
        self.sender.len()
    }

    pub(super) fn send(&self, event: RoomEvent) {
        if let RoomEvent::Message(live) = &event {
            self.typing_throttle.clear(live.message.author.id);
        }
        // `send` fails only if the room has no subscribers, and then the event is not needed.
        let _ = self.sender.send(event);
    }
}

impl room_channels::Channel for Channel {
    fn is_empty(&self) -> bool {
        self.sender.receiver_count() == 0
    }
}
