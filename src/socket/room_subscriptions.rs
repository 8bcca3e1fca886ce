//! Rooms that a connection is subscribed to.

use std::sync::Arc;

use super::{
    delivery_gate::{DeliveryGate, RoomSubscription},
    frame_encoder::FrameEncoder,
    outbound::Outbound,
};
use crate::{
    chat::{Chat, ChatError, PageLimit},
    domain::{Head, LeaveReason, Message, Rev, RoomId},
    hub::Listener,
};

/// One step of a catch-up.
pub(super) enum CatchUp {
    /// Messages missed after `after`. More follow if `more`.
    Missed {
        after: Rev,
        messages: Vec<Message>,
        head: Head,
        more: bool,
    },
    /// The user is no longer in the room.
    Removed(LeaveReason),
}

pub(super) struct RoomSubscriptions {
    chat: Chat,
    encoder: Arc<FrameEncoder>,
    outbound: Arc<Outbound>,
    /// Sorted by room id.
    rooms: Vec<SubscriptionEntry>,
}

struct SubscriptionEntry {
    room: RoomId,
    subscription: RoomSubscription,
    /// Whether the client was told of this room.
    announced: bool,
}

impl RoomSubscriptions {
    pub(super) fn new(chat: Chat, encoder: Arc<FrameEncoder>, outbound: Arc<Outbound>) -> Self {
        Self {
            chat,
            encoder,
            outbound,
            rooms: Vec::new(),
        }
    }

    /// Subscribes to a room with a paused gate.
    pub(super) fn subscribe(&mut self, room: RoomId) {
        let Err(place) = self.place(room) else {
            return;
        };
        let gate = DeliveryGate::new(room, self.encoder.clone(), self.outbound.clone());
        let listener: Arc<dyn Listener> = gate.clone();
        let listening = self.chat.hub().listen(room, &listener);
        let entry = SubscriptionEntry {
            room,
            subscription: RoomSubscription::new(gate, listening),
            announced: false,
        };
        // Most connections have one room, so reserve no space for more.
        if self.rooms.is_empty() {
            self.rooms.reserve_exact(1);
        }
        self.rooms.insert(place, entry);
    }

    /// Ends the subscription to a room.
    pub(super) fn unsubscribe(&mut self, room: RoomId) {
        if let Ok(place) = self.place(room) {
            self.rooms.remove(place);
        }
    }

    pub(super) fn gate(&self, room: RoomId) -> Option<&Arc<DeliveryGate>> {
        let place = self.place(room).ok()?;
        Some(&self.rooms[place].subscription.gate)
    }

    pub(super) fn is_subscribed(&self, room: RoomId) -> bool {
        self.place(room).is_ok()
    }

    /// Returns whether the client was told of a room.
    pub(super) fn is_announced(&self, room: RoomId) -> bool {
        self.place(room)
            .is_ok_and(|place| self.rooms[place].announced)
    }

    /// Notes that the client is told of a room by that name. Returns whether it was not told before.
    pub(super) fn announce(&mut self, room: RoomId, name: &str) -> bool {
        let Ok(place) = self.place(room) else {
            return false;
        };
        let entry = &mut self.rooms[place];
        entry.subscription.gate.set_name(name);
        !std::mem::replace(&mut entry.announced, true)
    }

    /// Ends subscriptions that the client was not told of.
    pub(super) fn remove_unannounced(&mut self) {
        self.rooms.retain(|entry| entry.announced);
    }

    /// Reads one step of the messages that were missed in `room`, and moves the cursor of the catch-up past it.
    pub(super) async fn catch_up(
        &self,
        room: RoomId,
        limit: PageLimit,
    ) -> Result<CatchUp, ChatError> {
        let Some(gate) = self.gate(room) else {
            return Ok(CatchUp::Removed(LeaveReason::Left));
        };
        let (chat, caller, after) = (&self.chat, self.encoder.caller(), gate.rev());
        match chat.changed_since(caller, room, after, limit).await {
            Ok(changes) => {
                let reached = match changes.items.last() {
                    Some(last) if changes.has_after => last.rev,
                    _ => changes.head.rev,
                };
                gate.advance_to(reached);
                Ok(CatchUp::Missed {
                    after,
                    messages: changes.items,
                    head: changes.head,
                    more: changes.has_after,
                })
            }
            Err(ChatError::NotFound(_)) => {
                Ok(CatchUp::Removed(chat.removal(caller, room, after).await?))
            }
            Err(error) => Err(error),
        }
    }

    fn place(&self, room: RoomId) -> Result<usize, usize> {
        self.rooms.binary_search_by_key(&room, |entry| entry.room)
    }
}
