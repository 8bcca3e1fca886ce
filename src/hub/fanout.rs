//! From a room's channel to those who hear it: a task for many of them, which hands each batch of
//! news to one after the other. Nobody needs to be woken to be told.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use tokio::{sync::Notify, task::yield_now};

use super::{
    events::RoomEvent,
    subscription::{Lagged, Subscription},
};
use crate::{domain::Rev, protocol::Agreed};

/// Listeners of one task. A larger room has more of them, for more than one core.
const SHARD: usize = 1024;
/// Events of one batch.
const MOST_EVENTS: usize = 64;
/// A batch with so many bytes of text takes no further event.
const MOST_BYTES: usize = 32 * 1024;
/// Listeners after which other tasks get their turn.
const TURN: usize = 128;

/// Somebody who hears a room.
pub trait Listener: Send + Sync + 'static {
    /// Takes what happened. It must not wait: whoever comes next in the room waits for it.
    fn hear(&self, news: &Batch);

    /// There will be nothing more to hear, through a fault of ours.
    fn deafened(&self);

    /// It has left, and hears nothing from now on.
    fn leave(&self);

    /// Whether it has left.
    fn is_gone(&self) -> bool;
}

/// What happened in a room, in order.
pub struct Batch {
    events: Vec<RoomEvent>,
    lagged: bool,
    uniform: Option<Uniform>,
    json: OnceLock<Bytes>,
    /// The same for connections that take large frames compressed.
    compressed: OnceLock<Bytes>,
}

/// A batch that reads the same to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uniform {
    /// The first and the last of its messages, which follow one another, if it has any.
    pub revs: Option<(Rev, Rev)>,
}

impl Batch {
    /// That event and what is ready behind it.
    fn collect(first: Result<RoomEvent, Lagged>, subscription: &mut Subscription) -> Self {
        let (mut events, mut lagged) = (Vec::new(), false);
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(event) = next.take() {
            if let Ok(event) = event {
                bytes += weight(&event);
                events.push(event);
            } else {
                // What was lost lies between events: whoever lost it reads it from the store, and
                // those before it with it.
                events.clear();
                lagged = true;
            }
            if events.len() < MOST_EVENTS && bytes < MOST_BYTES {
                next = subscription.try_recv();
            }
        }
        let uniform = if lagged { None } else { uniform(&events) };
        Self {
            events,
            lagged,
            uniform,
            json: OnceLock::new(),
            compressed: OnceLock::new(),
        }
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &[RoomEvent] {
        &self.events
    }

    /// Whether events before these were lost.
    #[must_use]
    pub fn lagged(&self) -> bool {
        self.lagged
    }

    /// What to look at before [`json`](Self::json) is passed on; `None` if some of it is not for
    /// everybody alike.
    #[must_use]
    pub fn uniform(&self) -> Option<Uniform> {
        self.uniform
    }

    /// The JSON frames of all events, joined once for all connections.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        self.json.get_or_init(|| self.joined(None))
    }

    /// The same for connections that agreed to this, joined once for all of them; `None` for one whose window is
    /// smaller than that of others, for which each frame is looked at by itself.
    #[must_use]
    pub fn compressed(&self, agreed: Agreed) -> Option<&Bytes> {
        let all = || self.joined(Some(agreed));
        agreed
            .has_full_window()
            .then(|| self.compressed.get_or_init(all))
    }

    fn joined(&self, agreed: Option<Agreed>) -> Bytes {
        let mut frames = self.events.iter().filter_map(|event| event.json(agreed));
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

fn uniform(events: &[RoomEvent]) -> Option<Uniform> {
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
    Some(Uniform { revs })
}

/// The listeners of one task.
pub(super) struct Shard {
    state: Mutex<State>,
    /// Somebody left.
    left: Notify,
}

struct State {
    /// Those whom the task has yet to take in.
    joined: Vec<Arc<dyn Listener>>,
    count: usize,
    /// The task ends, or has ended.
    closed: bool,
}

/// A listener's place in a room. Dropping it ends it.
pub struct Listening {
    shard: Arc<Shard>,
    listener: Arc<dyn Listener>,
}

impl Shard {
    /// A shard with its first listener.
    pub(super) fn of(listener: Arc<dyn Listener>) -> (Arc<Self>, Listening) {
        let state = State {
            joined: vec![listener.clone()],
            count: 1,
            closed: false,
        };
        let shard = Arc::new(Self {
            state: Mutex::new(state),
            left: Notify::new(),
        });
        let listening = Listening {
            shard: shard.clone(),
            listener,
        };
        (shard, listening)
    }

    /// A place that hears everything published from now on, unless this shard is full or ending.
    pub(super) fn join(self: &Arc<Self>, listener: &Arc<dyn Listener>) -> Option<Listening> {
        let mut state = self.lock();
        if state.closed || state.count >= SHARD {
            return None;
        }
        state.count += 1;
        state.joined.push(listener.clone());
        Some(Listening {
            shard: self.clone(),
            listener: listener.clone(),
        })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.listener.leave();
        let mut state = self.shard.lock();
        state.count -= 1;
        state.closed |= state.count == 0;
        drop(state);
        self.shard.left.notify_one();
    }
}

/// Hands on what is published, as long as somebody listens.
pub(super) async fn fan_out(shard: Arc<Shard>, mut subscription: Subscription) {
    let mut audience = Audience {
        shard,
        listeners: Vec::new(),
    };
    loop {
        let first = tokio::select! {
            biased;
            () = audience.shard.left.notified() => {
                if audience.see_off() {
                    return;
                }
                continue;
            }
            event = subscription.recv() => event,
        };
        let batch = Batch::collect(first, &mut subscription);
        // Whoever joined before an event was published is taken in before it is handed on.
        audience.take_in();
        for turn in audience.listeners.chunks(TURN) {
            for listener in turn {
                listener.hear(&batch);
            }
            if audience.listeners.len() > TURN {
                yield_now().await;
            }
        }
    }
}

/// Those whom a task tells.
struct Audience {
    shard: Arc<Shard>,
    listeners: Vec<Arc<dyn Listener>>,
}

impl Audience {
    fn take_in(&mut self) {
        self.listeners.append(&mut self.shard.lock().joined);
    }

    /// Whether nobody is left.
    fn see_off(&mut self) -> bool {
        self.take_in();
        self.listeners.retain(|listener| !listener.is_gone());
        self.listeners.shrink_to(self.listeners.len() * 2);
        self.shard.is_closed()
    }
}

impl Drop for Audience {
    /// Nobody is left, unless the task panicked or the runtime goes away.
    fn drop(&mut self) {
        self.shard.lock().closed = true;
        self.take_in();
        for listener in &self.listeners {
            if !listener.is_gone() {
                listener.deafened();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::{Author, Message, MessageKind, RoomId, Seq, Timestamp, UserId},
        hub::{Connections, Hub, LiveMessage, LocalBus, Presence},
    };

    fn message(rev: i64, body: String) -> RoomEvent {
        let message = Message {
            room_id: RoomId(1),
            seq: Seq(rev),
            rev: Rev(rev),
            kind: MessageKind::Text,
            author: Author {
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

    /// What is joined for those who take it compressed are the frames that each would get by itself, and
    /// what two tasks of a room join is compressed once for both.
    #[tokio::test]
    async fn a_batch_is_joined_once_as_it_is_and_once_with_large_frames_compressed() {
        let presence = Presence::new(Duration::ZERO);
        let hub = Hub::new(8, presence, Connections::new(8), Box::new(LocalBus));
        let mut subscriptions = [hub.subscribe(RoomId(1)), hub.subscribe(RoomId(1))];
        let bodies = ["small".to_owned(), "large ".repeat(500), "x".repeat(3000)];
        for (rev, body) in (1..).zip(bodies) {
            hub.publish(RoomId(1), message(rev, body));
        }
        let agreed = Agreed::new(1024, 15);
        let mut all = Vec::new();
        for subscription in &mut subscriptions {
            let first = subscription.recv().await;
            let batch = Batch::collect(first, subscription);
            assert_eq!(batch.events().len(), 3);
            let frames = |agreed| {
                let frames = batch
                    .events()
                    .iter()
                    .filter_map(move |event| event.json(agreed));
                frames.cloned().collect::<Vec<Bytes>>()
            };
            assert_eq!(batch.json()[..], frames(None).concat());
            let compressed = batch.compressed(agreed.unwrap()).unwrap();
            assert_eq!(compressed[..], frames(agreed).concat());
            assert!(compressed.len() < 1000 && batch.json().len() > 6000);
            assert_eq!(batch.compressed(Agreed::new(1024, 12).unwrap()), None);
            all.push(frames(agreed));
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
