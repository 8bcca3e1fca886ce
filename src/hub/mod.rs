//! Room channels, presence, connections, and the bus to other nodes.
//!
//! The hub is not a source of truth: a lost event is read again from the store.

pub mod bus;
pub mod connections;
pub mod events;
pub mod fanout;
pub mod presence;
pub mod room;
pub(crate) mod room_channels;
pub(crate) mod shard;
pub mod shared_frame;
pub mod subscription;
pub mod typing;

use std::sync::Arc;

use dashmap::DashMap;

pub use bus::{Bus, LocalBus, Switch};
pub use connections::{
    ConnectionGuard, Connections, ControlMessage, ForcedDisconnect, TooManyConnections,
};
pub use events::{LiveMessage, LivePresence, LiveRoom, RoomEvent};
pub use fanout::{EventBatch, Listener, ListenerGuard};
pub use presence::{Presence, PresenceDiff, PresenceFlush, PresenceGuard};
pub use shared_frame::SharedFrame;
pub use subscription::Subscription;
pub use typing::Typing;

use crate::domain::{RoomId, UserId};
use room::Channel;
use room_channels::{ChannelMap, ChannelObserver};

/// Shared registry that every connection subscribes to.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<HubInner>,
}

struct HubInner {
    rooms: Rooms,
    presence: Presence,
    connections: Connections,
    bus: Box<dyn Bus>,
    backlog: usize,
}

struct Rooms(DashMap<RoomId, Channel>);

impl ChannelMap for Rooms {
    type Room = RoomId;
    type Channel = Channel;

    fn with<R>(
        &self,
        room: RoomId,
        create: impl FnOnce() -> Channel,
        f: impl FnOnce(&mut Channel) -> R,
    ) -> R {
        f(&mut self.0.entry(room).or_insert_with(create))
    }

    fn remove_if(&self, room: RoomId, f: impl FnOnce(&Channel) -> bool) {
        self.0.remove_if(&room, |_, channel| f(channel));
    }
}

impl ChannelObserver<RoomId> for Box<dyn Bus> {
    fn attach(&self, room: RoomId) {
        (**self).attach(room);
    }

    fn detach(&self, room: RoomId) {
        (**self).detach(room);
    }
}

/// Counts of the objects in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubStats {
    /// Rooms with subscribers.
    pub rooms: usize,
    /// WebSocket connections.
    pub connections: usize,
    /// Online users, including users in their grace period.
    pub online: usize,
}

impl Hub {
    /// Creates an empty hub. Its rooms buffer `backlog` events for a slow subscriber.
    #[must_use]
    pub fn new(
        backlog: usize,
        presence: Presence,
        connections: Connections,
        bus: Box<dyn Bus>,
    ) -> Self {
        let rooms = Rooms(DashMap::new());
        Self {
            inner: Arc::new(HubInner {
                rooms,
                presence,
                connections,
                bus,
                backlog,
            }),
        }
    }

    /// Subscribes to all events of `room` from now on. The first subscription creates the room's channel, and the end
    /// of the last one drops it.
    #[must_use]
    pub fn subscribe(&self, room: RoomId) -> Subscription {
        let receiver = self.open(room, |channel| channel.subscribe());
        Subscription::new(self.clone(), room, receiver)
    }

    /// Calls `f` with the channel of a room while its entry is locked.
    fn open<R>(&self, room: RoomId, f: impl FnOnce(&mut Channel) -> R) -> R {
        let HubInner {
            rooms,
            bus,
            backlog,
            ..
        } = &*self.inner;
        room_channels::open(rooms, bus, room, || Channel::new(*backlog), f)
    }

    /// Delivers all events of `room` to `listener` from now on. Several listeners share one task.
    #[must_use]
    pub fn listen(&self, room: RoomId, listener: &Arc<dyn Listener>) -> ListenerGuard {
        // A runtime that is shutting down drops the task and its subscription at once, which locks the entry. So the
        // task is spawned after the entry is unlocked.
        let (listening, fresh) = self.open(room, |channel| {
            let (listening, shard) = channel.join(listener);
            let fresh = shard.map(|shard| {
                let subscription = Subscription::new(self.clone(), room, channel.subscribe());
                (shard, subscription)
            });
            (listening, fresh)
        });
        if let Some((shard, subscription)) = fresh {
            tokio::spawn(fanout::fan_out(shard, subscription));
        }
        listening
    }

    /// Publishes an event to the room's subscribers on all nodes.
    pub fn publish(&self, room: RoomId, event: RoomEvent) {
        self.inner.bus.publish(room, &event);
        self.deliver(room, event);
    }

    /// Publishes an event to the room's subscribers on this node only.
    pub fn deliver(&self, room: RoomId, event: RoomEvent) {
        if let Some(channel) = self.inner.rooms.0.get(&room) {
            channel.send(event);
        }
    }

    /// Returns whether to publish that `user` types in that room. It is `false` if the room has no subscribers, if
    /// enough members type already, or if subscribers lag.
    #[must_use]
    pub fn may_type(&self, room: RoomId, user: UserId) -> bool {
        let Some(channel) = self.inner.rooms.0.get(&room) else {
            return false;
        };
        channel.backlog() < self.inner.backlog / 2 && channel.typing_throttle.admit(user)
    }

    /// Clears the typing state of `user` in that room.
    pub fn stop_typing(&self, room: RoomId, user: UserId) {
        if let Some(channel) = self.inner.rooms.0.get(&room) {
            channel.typing_throttle.clear(user);
        }
    }

    /// Notes that `user` stopped typing in that room without sending. Returns whether the room was told that the user
    /// types, and so must be told of the end.
    #[must_use]
    pub fn pause_typing(&self, room: RoomId, user: UserId) -> bool {
        let channel = self.inner.rooms.0.get(&room);
        channel.is_some_and(|channel| channel.typing_throttle.pause(user))
    }

    /// Returns whether this node has subscribers in that room.
    #[must_use]
    pub fn has_subscribers(&self, room: RoomId) -> bool {
        self.inner.rooms.0.contains_key(&room)
    }

    /// Returns the presence index.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.inner.presence
    }

    /// Returns the directory of connections.
    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.inner.connections
    }

    /// Returns counts of the objects in memory.
    #[must_use]
    pub fn stats(&self) -> HubStats {
        HubStats {
            rooms: self.inner.rooms.0.len(),
            connections: self.inner.connections.count(),
            online: self.inner.presence.online_users(),
        }
    }

    /// Removes the room's channel if it has no subscribers.
    fn release(&self, room: RoomId) {
        room_channels::release(&self.inner.rooms, &self.inner.bus, room);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use super::*;

    fn hub(bus: Box<dyn Bus>) -> Hub {
        Hub::new(4, Presence::new(Duration::ZERO), Connections::new(8), bus)
    }

    #[tokio::test]
    async fn room_channel_exists_while_it_has_subscribers() {
        let hub = hub(Box::new(LocalBus));
        let room = RoomId(1);
        let first = hub.subscribe(room);
        let second = hub.subscribe(room);
        assert_eq!(hub.stats().rooms, 1);
        drop(first);
        assert_eq!(hub.stats().rooms, 1);
        drop(second);
        assert_eq!(hub.stats().rooms, 0);
        hub.publish(room, RoomEvent::Deleted);
    }

    /// Bus that records the attach and detach calls.
    #[derive(Clone, Default)]
    struct Ledger(Arc<Mutex<Vec<&'static str>>>);

    impl Ledger {
        fn note(&self, word: &'static str) {
            self.0.lock().unwrap().push(word);
        }
    }

    impl Bus for Ledger {
        fn publish(&self, _: RoomId, _: &RoomEvent) {}
        fn attach(&self, _: RoomId) {
            self.note("attach");
        }
        fn detach(&self, _: RoomId) {
            self.note("detach");
        }
    }

    #[test]
    fn bus_attaches_and_detaches_in_pairs() {
        let ledger = Ledger::default();
        let hub = hub(Box::new(ledger.clone()));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        drop(hub.subscribe(RoomId(1)));
                    }
                });
            }
        });
        let told = ledger.0.lock().unwrap();
        let pairs = told.chunks(2);
        assert!(pairs.into_iter().all(|pair| pair == ["attach", "detach"]));
        assert!(!told.is_empty());
    }

    #[tokio::test]
    async fn two_hubs_on_one_bus_exchange_events() {
        let switch = Switch::default();
        let (here, there) = (hub(Box::new(switch.port())), hub(Box::new(switch.port())));
        switch.connect(&here);
        switch.connect(&there);
        let mut near = here.subscribe(RoomId(1));
        let mut far = there.subscribe(RoomId(1));
        here.publish(RoomId(1), RoomEvent::Deleted);
        assert!(matches!(far.recv().await, Ok(RoomEvent::Deleted)));
        assert!(matches!(near.recv().await, Ok(RoomEvent::Deleted)));
        assert!(near.try_recv().is_none(), "its own event came back");
        drop(far);
        here.publish(RoomId(1), RoomEvent::Deleted);
        assert_eq!(there.stats().rooms, 0);
    }
}
