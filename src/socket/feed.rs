//! The rooms that a connection hears.

use std::sync::Arc;

use super::{
    dialect::Voice,
    ear::{Ear, Heard},
    outlet::Outlet,
};
use crate::{
    chat::{Chat, ChatError, Most},
    domain::{Head, Message, Removal, Rev, RoomId},
    hub::Listener,
};

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

pub(super) struct Feed {
    chat: Chat,
    voice: Arc<Voice>,
    outlet: Arc<Outlet>,
    /// In the order of their ids.
    rooms: Vec<Entry>,
}

struct Entry {
    room: RoomId,
    heard: Heard,
    /// The client has been told of this room.
    known: bool,
}

impl Feed {
    pub(super) fn new(chat: Chat, voice: Arc<Voice>, outlet: Arc<Outlet>) -> Self {
        Self {
            chat,
            voice,
            outlet,
            rooms: Vec::new(),
        }
    }

    /// Starts to hear a room, with an ear that is closed.
    pub(super) fn subscribe(&mut self, room: RoomId) {
        let Err(place) = self.place(room) else {
            return;
        };
        let ear = Ear::new(room, self.voice.clone(), self.outlet.clone());
        let listener: Arc<dyn Listener> = ear.clone();
        let listening = self.chat.hub().listen(room, &listener);
        let entry = Entry {
            room,
            heard: Heard::new(ear, listening),
            known: false,
        };
        // Most connections hear one room alone, and have no room for more.
        if self.rooms.is_empty() {
            self.rooms.reserve_exact(1);
        }
        self.rooms.insert(place, entry);
    }

    /// Hears a room no longer.
    pub(super) fn unsubscribe(&mut self, room: RoomId) {
        if let Ok(place) = self.place(room) {
            self.rooms.remove(place);
        }
    }

    pub(super) fn ear(&self, room: RoomId) -> Option<&Arc<Ear>> {
        let place = self.place(room).ok()?;
        Some(&self.rooms[place].heard.ear)
    }

    pub(super) fn hears(&self, room: RoomId) -> bool {
        self.place(room).is_ok()
    }

    /// Whether the client has been told of a room.
    pub(super) fn knows(&self, room: RoomId) -> bool {
        self.place(room).is_ok_and(|place| self.rooms[place].known)
    }

    /// Notes that the client is told of a room by that name, and answers whether it was not before.
    pub(super) fn know(&mut self, room: RoomId, name: &str) -> bool {
        let Ok(place) = self.place(room) else {
            return false;
        };
        let entry = &mut self.rooms[place];
        entry.heard.ear.set_name(name);
        !std::mem::replace(&mut entry.known, true)
    }

    /// Hears no longer what the client has not been told of.
    pub(super) fn forget_unknown(&mut self) {
        self.rooms.retain(|entry| entry.known);
    }

    /// Reads a step of what was missed in `room` and moves its cursor past it.
    pub(super) async fn catch_up(&self, room: RoomId, most: Most) -> Result<Repair, ChatError> {
        let Some(ear) = self.ear(room) else {
            return Ok(Repair::Removed(Removal::Left));
        };
        let (chat, caller, after) = (&self.chat, self.voice.caller(), ear.rev());
        match chat.changed_since(caller, room, after, most).await {
            Ok(changes) => {
                let reached = match changes.items.last() {
                    Some(last) if changes.has_after => last.rev,
                    _ => changes.head.rev,
                };
                ear.reached(reached);
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

    fn place(&self, room: RoomId) -> Result<usize, usize> {
        self.rooms.binary_search_by_key(&room, |entry| entry.room)
    }
}
