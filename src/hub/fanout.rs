//! Fan-out from a room's channel to its listeners. One task serves many listeners and hands each batch to one after the
//! other, so that no listener's own task is woken.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::{sync::Notify, task::yield_now};

use super::{
    events::RoomEvent,
    shard::Shard,
    subscription::{LaggedError, Subscription},
};
use crate::{domain::Rev, protocol::DeflateParams};

/// Maximum listeners of one task. A larger room has several tasks, to use more than one core.
const MAX_LISTENERS_PER_SHARD: usize = 1024;
/// Maximum events of one batch.
const MAX_EVENTS: usize = 64;
/// Bytes of text at which a batch takes no further event.
const MAX_BYTES: usize = 32 * 1024;
/// Number of listeners after which the task yields to others.
const YIELD_EVERY: usize = 128;

/// Receiver of a room's events.
pub trait Listener: Send + Sync + 'static {
    /// Takes a batch. It must not block: the room's other listeners wait for it.
    fn deliver(&self, news: &EventBatch);

    /// Reports that no more events will come because the fan-out task failed.
    fn on_channel_closed(&self);

    /// Closes the listener: it takes no events from now on.
    fn close(&self);

    /// Returns whether the listener is closed.
    fn is_closed(&self) -> bool;
}

/// Events of a room that were ready together, in order.
pub struct EventBatch {
    events: Vec<RoomEvent>,
    lagged: bool,
    shared_range: Option<SharedRange>,
    json: OnceLock<Bytes>,
    /// The joined JSON frames for connections that take large frames compressed.
    compressed: OnceLock<Bytes>,
}

/// Property of a batch that has the same frames for all listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedRange {
    /// First and last `rev` of its messages, which are consecutive; `None` without messages.
    pub revs: Option<(Rev, Rev)>,
}

impl EventBatch {
    /// Collects `first` and the events that are ready after it, up to the limits.
    fn collect(first: Result<RoomEvent, LaggedError>, subscription: &mut Subscription) -> Self {
        let (mut events, mut lagged) = (Vec::new(), false);
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(event) = next.take() {
            if let Ok(event) = event {
                bytes += weight(&event);
                events.push(event);
            } else {
                // Lost events lie before the next one. A listener that missed them reads the store, which also
                // covers the events collected so far.
                events.clear();
                lagged = true;
            }
            if events.len() < MAX_EVENTS && bytes < MAX_BYTES {
                next = subscription.try_recv();
            }
        }
        let shared_range = if lagged { None } else { shared_range(&events) };
        Self {
            events,
            lagged,
            shared_range,
            json: OnceLock::new(),
            compressed: OnceLock::new(),
        }
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &[RoomEvent] {
        &self.events
    }

    /// Returns whether events before this batch were lost.
    #[must_use]
    pub fn lagged(&self) -> bool {
        self.lagged
    }

    /// Returns the range to check before [`json`](Self::json) is forwarded as a whole. Returns `None` if some events
    /// differ between listeners.
    #[must_use]
    pub fn shared_range(&self) -> Option<SharedRange> {
        self.shared_range
    }

    /// Returns the JSON frames of all events, joined once for all connections.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        self.json.get_or_init(|| self.joined(None))
    }

    /// Returns the joined frames for connections that negotiated `deflate`, joined once for all of them. Returns `None`
    /// for a connection with a smaller window, which must check each frame by itself.
    #[must_use]
    pub fn compressed(&self, deflate: DeflateParams) -> Option<&Bytes> {
        let all = || self.joined(Some(deflate));
        deflate
            .has_full_window()
            .then(|| self.compressed.get_or_init(all))
    }

    fn joined(&self, deflate: Option<DeflateParams>) -> Bytes {
        let mut frames = self.events.iter().filter_map(|event| event.json(deflate));
        match &self.events[..] {
            [_] => frames.next().cloned().unwrap_or_default(),
            _ => frames
                .map(|frame| &frame[..])
                .collect::<Vec<_>>()
                .concat()
                .into(),
        }
    }
}

fn weight(event: &RoomEvent) -> usize {
    match event {
        RoomEvent::Message(live) => live.message.body.len(),
        _ => 0,
    }
}

fn shared_range(events: &[RoomEvent]) -> Option<SharedRange> {
    let mut revs: Option<(Rev, Rev)> = None;
    for event in events {
        match event {
            RoomEvent::Message(live) if live.removes.is_none() => {
                let rev = live.message.rev;
                revs = match revs {
                    None => Some((rev, rev)),
                    Some((first, last)) if last.next() == rev => Some((first, rev)),
                    Some(_) => return None,
                };
            }
            RoomEvent::Presence(_) | RoomEvent::Changed(_) => {}
            RoomEvent::Message(_) | RoomEvent::Typing(_) | RoomEvent::Deleted => return None,
        }
    }
    Some(SharedRange { revs })
}

/// Listeners of one fan-out task.
pub(super) struct ListenerShard {
    members: Shard<Arc<dyn Listener>>,
    /// Notified when a listener leaves.
    left: Notify,
}

/// Registration of a listener in a room. Dropping it closes the listener.
pub struct ListenerGuard {
    shard: Arc<ListenerShard>,
    listener: Arc<dyn Listener>,
}

impl ListenerShard {
    /// Creates a shard with its first listener.
    pub(super) fn new_with(listener: Arc<dyn Listener>) -> (Arc<Self>, ListenerGuard) {
        let shard = Arc::new(Self {
            members: Shard::new(listener.clone(), MAX_LISTENERS_PER_SHARD),
            left: Notify::new(),
        });
        let listening = ListenerGuard {
            shard: shard.clone(),
            listener,
        };
        (shard, listening)
    }

    /// Adds a listener to this shard. Returns `None` if the shard is full or ending.
    pub(super) fn join(self: &Arc<Self>, listener: &Arc<dyn Listener>) -> Option<ListenerGuard> {
        let has_joined = self.members.join(|| listener.clone());
        has_joined.then(|| ListenerGuard {
            shard: self.clone(),
            listener: listener.clone(),
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.members.is_closed()
    }
}

impl Drop for ListenerGuard {
    fn drop(&mut self) {
        self.listener.close();
        self.shard.members.leave();
        self.shard.left.notify_one();
    }
}

/// Delivers a room's events to the listeners of a shard until none is left.
pub(super) async fn fan_out(shard: Arc<ListenerShard>, mut subscription: Subscription) {
    let mut task = ShardTask {
        shard,
        listeners: Vec::new(),
    };
    loop {
        let first = tokio::select! {
            biased;
            () = task.shard.left.notified() => {
                if task.remove_closed() {
                    return;
                }
                continue;
            }
            event = subscription.recv() => event,
        };
        let batch = EventBatch::collect(first, &mut subscription);
        // A listener that joined before an event was published must receive it.
        task.admit_joined();
        for turn in task.listeners.chunks(YIELD_EVERY) {
            for listener in turn {
                listener.deliver(&batch);
            }
            if task.listeners.len() > YIELD_EVERY {
                yield_now().await;
            }
        }
    }
}

/// Listeners that one task serves.
struct ShardTask {
    shard: Arc<ListenerShard>,
    listeners: Vec<Arc<dyn Listener>>,
}

impl ShardTask {
    fn admit_joined(&mut self) {
        self.shard.members.admit_joined(&mut self.listeners);
    }

    /// Removes closed listeners. Returns whether the shard is closed.
    fn remove_closed(&mut self) -> bool {
        self.admit_joined();
        self.listeners.retain(|listener| !listener.is_closed());
        self.listeners.shrink_to(self.listeners.len() * 2);
        self.shard.is_closed()
    }
}

impl Drop for ShardTask {
    /// Reports the end to listeners that are left. This happens only if the task panicked or the runtime ends.
    fn drop(&mut self) {
        self.shard.members.close();
        self.admit_joined();
        for listener in &self.listeners {
            if !listener.is_closed() {
                listener.on_channel_closed();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::{Message, MessageKind, RoomId, Seq, Timestamp, UserId, UserSummary},
        hub::{Connections, Hub, LiveMessage, LocalBus, Presence},
    };

    fn message(rev: i64, body: String) -> RoomEvent {
        let message = Message {
            room_id: RoomId(1),
            seq: Seq(rev),
            rev: Rev(rev),
            kind: MessageKind::Text,
            author: UserSummary {
                id: UserId(1),
                username: "ada".to_owned(),
                display_name: "Ada".to_owned(),
                avatar: None,
            },
            body,
            event: None,
            reply_to: None,
            key: None,
            created_at: Timestamp(0),
            edited_at: None,
            deleted_at: None,
            extras: None,
        };
        RoomEvent::Message(Arc::new(LiveMessage::new(message, None)))
    }

    /// Each connection gets the same bytes from a joined batch as from single frames. Batches of two tasks share the
    /// compressed frames.
    #[tokio::test]
    async fn batch_is_joined_once_plain_and_once_compressed() {
        let presence = Presence::new(Duration::ZERO);
        let hub = Hub::new(8, presence, Connections::new(8), Box::new(LocalBus));
        let mut subscriptions = [hub.subscribe(RoomId(1)), hub.subscribe(RoomId(1))];
        let bodies = ["small".to_owned(), "large ".repeat(500), "x".repeat(3000)];
        for (rev, body) in (1..).zip(bodies) {
            hub.publish(RoomId(1), message(rev, body));
        }
        let deflate = DeflateParams::new(1024, 15);
        let mut all = Vec::new();
        for subscription in &mut subscriptions {
            let first = subscription.recv().await;
            let batch = EventBatch::collect(first, subscription);
            assert_eq!(batch.events().len(), 3);
            let frames = |deflate| {
                let frames = batch
                    .events()
                    .iter()
                    .filter_map(move |event| event.json(deflate));
                frames.cloned().collect::<Vec<Bytes>>()
            };
            assert_eq!(batch.json()[..], frames(None).concat());
            let compressed = batch.compressed(deflate.unwrap()).unwrap();
            assert_eq!(compressed[..], frames(deflate).concat());
            assert!(compressed.len() < 1000 && batch.json().len() > 6000);
            assert_eq!(
                batch.compressed(DeflateParams::new(1024, 12).unwrap()),
                None
            );
            all.push(frames(deflate));
        }
        let places = |frames: &[Bytes]| {
            frames
                .iter()
                .map(|frame| frame.as_ptr())
                .collect::<Vec<_>>()
        };
        assert_eq!(places(&all[0]), places(&all[1]));
    }
}
