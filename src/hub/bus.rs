//! Bus between nodes. It carries events at most once, so that a lost event must be read from the store.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{Hub, HubInner, RoomEvent};
use crate::domain::RoomId;

/// Carries events to the *other* nodes, at most once. It must not block: a bus that cannot keep up drops events, and
/// the nodes that missed them read the store.
pub trait Bus: Send + Sync + 'static {
    /// Publishes an event to the other nodes.
    fn publish(&self, room: RoomId, event: &RoomEvent);
    /// Starts the delivery of the events of `room` to this node.
    fn attach(&self, room: RoomId);
    /// Stops the delivery of the events of `room` to this node.
    fn detach(&self, room: RoomId);
}

/// Bus of a server without other nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalBus;

impl Bus for LocalBus {
    fn publish(&self, _: RoomId, _: &RoomEvent) {}
    fn attach(&self, _: RoomId) {}
    fn detach(&self, _: RoomId) {}
}

/// Connects several hubs in one process, in place of a network.
#[derive(Clone, Default)]
pub struct Switch {
    hubs: Arc<Mutex<Vec<Weak<HubInner>>>>,
    ports: Arc<std::sync::atomic::AtomicUsize>,
}

/// Port of one hub on a [`Switch`].
pub struct Port {
    number: usize,
    switch: Switch,
}

impl Switch {
    /// Creates a port for one more hub. Ports are numbered in the order in which hubs are connected.
    #[must_use]
    pub fn port(&self) -> Port {
        let number = self
            .ports
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Port {
            number,
            switch: self.clone(),
        }
    }

    /// Connects `hub` to the others. Hubs must be connected in the order of their ports.
    pub fn connect(&self, hub: &Hub) {
        let mut hubs = self.hubs.lock().unwrap_or_else(PoisonError::into_inner);
        hubs.push(Arc::downgrade(&hub.inner));
    }
}

impl Bus for Port {
    fn publish(&self, room: RoomId, event: &RoomEvent) {
        let others: Vec<Hub> = {
            let hubs = self
                .switch
                .hubs
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let others = hubs
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != self.number);
            others
                .filter_map(|(_, hub)| hub.upgrade())
                .map(|inner| Hub { inner })
                .collect()
        };
        for hub in others {
            hub.deliver(room, event.clone());
        }
    }

    fn attach(&self, _: RoomId) {}
    fn detach(&self, _: RoomId) {}
}
