//! What a connection hears of its rooms: every change once, in order, with nothing left out.
//!
//! Each room has a cursor, the last `rev` that went out. News is passed on only if it is the very
//! next one; whatever is older is a repeat, and whatever is newer shows that something was missed
//! and is read from the store. That one rule covers a lagging receiver, a lost message of the bus
//! and the time between subscribing and reading.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::oneshot;

use crate::{
    chat::{Caller, Chat, ChatError, Most},
    domain::{Head, Message, Removal, Rev, RoomId},
    hub::{LiveMessage, LivePresence, LiveRoom, RoomEvent, Subscription, Typing, room::Lagged},
};

/// Events taken from one room before others get their turn.
const TURN: u32 = 64;

/// What a connection must pass on.
pub(super) enum News {
    /// The next change of a room.
    Message(Arc<LiveMessage>),
    /// Somebody came or went.
    Presence(Arc<LivePresence>),
    /// Somebody else is typing.
    Typing(Typing),
    /// A room has another name or topic.
    Room(Arc<LiveRoom>),
    /// Changes of a room were missed: [`Feed::catch_up`].
    Missed {
        /// The room.
        room: RoomId,
        /// Whether it may have been more than messages.
        lagged: bool,
    },
    /// The user seems to be out of this room; they may have come back since.
    Removed(Arc<LiveMessage>, Removal),
    /// The room is gone.
    Deleted(RoomId),
}

/// A step of a repair.
pub(super) enum Repair {
    /// These were missed after `after`; more follow if `more`.
    Missed {
        after: Rev,
        messages: Vec<Message>,
        head: Head,
        more: bool,
    },
    /// The user is not in the room any more.
    Removed(Removal),
}

type Next = BoxFuture<'static, Option<(Subscription, Result<RoomEvent, Lagged>)>>;

/// The rooms that a connection hears.
pub(super) struct Feed {
    chat: Chat,
    caller: Caller,
    rooms: HashMap<RoomId, Cursor>,
    waiting: FuturesUnordered<Next>,
    /// The room whose turn it is, and how much of its turn is left.
    current: Option<(Subscription, u32)>,
}

struct Cursor {
    rev: Rev,
    /// Dropping it ends the subscription where it waits; `None` while it is the current one.
    alive: Option<oneshot::Sender<()>>,
}

impl Feed {
    pub(super) fn new(chat: Chat, caller: Caller) -> Self {
        Self {
            chat,
            caller,
            rooms: HashMap::new(),
            waiting: FuturesUnordered::new(),
            current: None,
        }
    }

    /// Starts to hear a room. Until [`start_at`](Self::start_at) every change counts as new.
    pub(super) fn subscribe(&mut self, room: RoomId) {
        let Entry::Vacant(place) = self.rooms.entry(room) else {
            return;
        };
        let subscription = self.chat.hub().subscribe(room);
        place.insert(Cursor {
            rev: Rev(0),
            alive: None,
        });
        if self.current.is_none() && self.waiting.is_empty() {
            self.current = Some((subscription, TURN));
        } else {
            self.wait(subscription);
        }
    }

    /// What the client has been told of this room goes up to `rev`.
    pub(super) fn start_at(&mut self, room: RoomId, rev: Rev) {
        if let Some(cursor) = self.rooms.get_mut(&room) {
            cursor.rev = cursor.rev.max(rev);
        }
    }

    /// Hears a room no longer.
    pub(super) fn unsubscribe(&mut self, room: RoomId) {
        self.rooms.remove(&room);
        if self
            .current
            .as_ref()
            .is_some_and(|(subscription, _)| subscription.room() == room)
        {
            self.current = None;
        }
    }

    pub(super) fn hears(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    /// The rooms it hears.
    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> + '_ {
        self.rooms.keys().copied()
    }

    /// Waits for what must be passed on next. Cancelling it loses nothing.
    pub(super) async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.ready() {
                return news;
            }
            // A connection that hears one room, as most do, waits for that one and for nothing else.
            if self.waiting.is_empty()
                && let Some((subscription, left)) = &mut self.current
            {
                let room = subscription.room();
                let event = subscription.recv().await;
                *left = TURN;
                if let Some(news) = self.sort(room, event) {
                    return news;
                }
                continue;
            }
            if let Some((subscription, _)) = self.current.take() {
                self.wait(subscription);
            }
            match self.waiting.next().await {
                Some(Some((subscription, event))) => {
                    let room = subscription.room();
                    if !self.hears(room) {
                        continue;
                    }
                    self.current = Some((subscription, TURN));
                    if let Some(news) = self.sort(room, event) {
                        return news;
                    }
                }
                Some(None) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// What must be passed on next, if it is there already and still this room's turn.
    pub(super) fn ready(&mut self) -> Option<News> {
        loop {
            let (subscription, left) = self.current.as_mut()?;
            if *left == 0 {
                return None;
            }
            let room = subscription.room();
            let event = subscription.try_recv()?;
            *left -= 1;
            if let Some(news) = self.sort(room, event) {
                return Some(news);
            }
        }
    }

    /// Reads a step of what was missed in `room` and moves its cursor past it.
    pub(super) async fn catch_up(&mut self, room: RoomId, most: Most) -> Result<Repair, ChatError> {
        let Some(cursor) = self.rooms.get(&room) else {
            return Ok(Repair::Removed(Removal::Left));
        };
        let (chat, caller, after) = (&self.chat, &self.caller, cursor.rev);
        match chat.changed_since(caller, room, after, most).await {
            Ok(changes) => {
                let reached = match changes.items.last() {
                    Some(last) if changes.has_after => last.rev,
                    _ => changes.head.rev,
                };
                self.start_at(room, reached);
                Ok(Repair::Missed {
                    after,
                    messages: changes.items,
                    head: changes.head,
                    more: changes.has_after,
                })
            }
            Err(ChatError::NotFound(_)) => {
                Ok(Repair::Removed(chat.removal(caller, room, after).await?))
            }
            Err(error) => Err(error),
        }
    }

    fn sort(&mut self, room: RoomId, event: Result<RoomEvent, Lagged>) -> Option<News> {
        let cursor = self.rooms.get_mut(&room)?;
        match event {
            Err(Lagged) => Some(News::Missed { room, lagged: true }),
            Ok(RoomEvent::Presence(presence)) => Some(News::Presence(presence)),
            Ok(RoomEvent::Typing(typing)) => {
                (typing.user != self.caller.user()).then_some(News::Typing(typing))
            }
            Ok(RoomEvent::Changed(changed)) => Some(News::Room(changed)),
            Ok(RoomEvent::Deleted) => Some(News::Deleted(room)),
            Ok(RoomEvent::Message(live)) => {
                let rev = live.message.rev;
                if rev <= cursor.rev {
                    return None;
                }
                if rev != cursor.rev.next() {
                    return Some(News::Missed {
                        room,
                        lagged: false,
                    });
                }
                cursor.rev = rev;
                match live.removes {
                    Some((user, reason)) if user == self.caller.user() => {
                        Some(News::Removed(live, reason))
                    }
                    _ => Some(News::Message(live)),
                }
            }
        }
    }

    /// The room waits among the others.
    fn wait(&mut self, subscription: Subscription) {
        if let Some(cursor) = self.rooms.get_mut(&subscription.room()) {
            let (alive, dropped) = oneshot::channel();
            cursor.alive = Some(alive);
            self.waiting.push(wait(subscription, dropped));
        }
    }
}

/// Waits for the room's next event, or for the end of its subscription.
fn wait(mut subscription: Subscription, dropped: oneshot::Receiver<()>) -> Next {
    Box::pin(async move {
        tokio::select! {
            biased;
            _ = dropped => None,
            event = subscription.recv() => Some((subscription, event)),
        }
    })
}
