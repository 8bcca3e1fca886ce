//! Start of a connection: subscribe, then read, then send the result.

use super::{
    ConnectionDriver,
    catch_up_task::{CatchUpTask, HistoryReplay},
    internal,
};
use crate::socket::{Scope, events::Disconnect, lines};
use crate::{
    chat::ChatError,
    domain::{Membership, Rev, RoomId, User},
    protocol::{CloseReason, ServerEvent, UserView, server_event::ReadyLimits},
};

/// Line for a terminal whose address states the numbers of another history.
const OTHER_HISTORY: &str = "! epoch_changed: the history on this server is not the one you know, because a backup was restored; \
     message numbers that you noted may be wrong";

impl ConnectionDriver {
    /// Subscribes to the connection's room, if it is limited to one.
    pub(in crate::socket) fn subscribe_initial(&mut self, name: &str) {
        let Scope::Room(room) = self.scope else {
            return;
        };
        self.subscriptions.subscribe(room);
        if let Some(gate) = self.subscriptions.gate(room) {
            gate.set_name(name);
        }
    }

    /// Subscribes, reads, then sends the result. The gates buffer events in between.
    pub(in crate::socket) async fn open(&mut self) -> Result<(), Disconnect> {
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.encoder.caller());
        // The login may have ended between the handshake and the registration in the hub.
        if chat.is_ended(self.encoder.caller()) {
            return Err(Disconnect::Close(CloseReason::SessionEnded));
        }
        let permit = self.context.acquire_read_permit().await;
        if self.scope == Scope::All {
            let rooms = patiently!(timing, chat.room_ids(caller));
            for room in rooms.map_err(|error| internal(&error))? {
                self.subscriptions.subscribe(room);
            }
        }
        let user = patiently!(timing, chat.me(caller));
        let user = user.map_err(|error| internal(&error))?;
        let standings = self.enter(&user).await?;

        let subscription: Vec<&Membership> = standings
            .iter()
            .filter(|standing| self.in_scope(standing.room.id))
            .collect();
        if let Scope::Room(room) = self.scope
            && subscription.is_empty()
        {
            drop(permit);
            return self.out_of(room).await;
        }
        // A room joined since the first read is subscribed only now; its control message is on the way.
        for standing in &subscription {
            self.subscriptions
                .announce(standing.room.id, &standing.room.name);
        }
        self.subscriptions.remove_unannounced();
        let subscription: Vec<&Membership> = subscription
            .into_iter()
            .filter(|standing| self.subscriptions.is_subscribed(standing.room.id))
            .collect();
        if self.encoder.text_options().is_some() {
            drop(permit);
            return self.open_text().await;
        }
        let heartbeat_s = self.context.timing.heartbeat_ms.div_ceil(1000);
        let limits = ReadyLimits {
            body_chars: self.context.limits.body_chars,
        };
        let rooms = subscription.iter().map(|standing| self.room_view(standing));
        let ready = ServerEvent::Ready {
            user: UserView::own(&user, true),
            heartbeat_s,
            epoch: chat.epoch(),
            limits,
            rooms: rooms.collect(),
        };
        let ready = ready.encode();
        drop(permit);
        self.send_text(&ready).await?;
        for standing in &subscription {
            self.resume_gate(standing.room.id, standing.room.head.rev);
        }
        Ok(())
    }

    /// Handles a user who left the room since the handshake.
    async fn out_of(&mut self, room: RoomId) -> Result<(), Disconnect> {
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.encoder.caller());
        let reason = patiently!(timing, chat.removal(caller, room, Rev(0)));
        let reason = reason.map_err(|error| internal(&error))?;
        self.on_left(room, reason).await
    }

    /// Registers the user's rooms in the presence index.
    async fn enter(&mut self, user: &User) -> Result<Vec<Membership>, Disconnect> {
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.encoder.caller());
        let guard = chat.hub().presence().enter(user.author());
        // Read again if the user joined or left a room meanwhile.
        let standings = loop {
            let epoch = guard.membership_epoch();
            let standings = patiently!(timing, chat.rooms(caller));
            let standings = standings.map_err(|error| internal(&error))?;
            let ids = if caller.rooms().rooms().is_some() {
                let ids = patiently!(timing, chat.presence_rooms(caller));
                ids.map_err(|error| internal(&error))?
            } else {
                standings.iter().map(|standing| standing.room.id).collect()
            };
            if guard.join_rooms(epoch, ids) {
                break standings;
            }
        };
        self.presence = Some(guard);
        Ok(standings)
    }

    /// Sends the banner and the history that the address asked for.
    async fn open_text(&mut self) -> Result<(), Disconnect> {
        let (Scope::Room(room), Some(options)) = (self.scope, self.encoder.text_options()) else {
            return Err(Disconnect::Close(CloseReason::Internal));
        };
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.encoder.caller());
        let member = patiently!(timing, chat.member(caller, room));
        let member = match member {
            Ok(member) => member,
            Err(ChatError::NotFound(_)) => return self.out_of(room).await,
            Err(error) => return Err(internal(&error)),
        };
        // Read the head again, so that the history below ends where the gate resumes.
        let head = member.standing().room.head;
        for line in lines::banner(&chat, &member) {
            self.send_text(&line).await?;
        }
        let upto = head.seq;
        let is_ahead = options.since.is_some_and(|since| since > upto);
        if options.other_epoch || is_ahead {
            self.send_text(OTHER_HISTORY).await?;
        }
        if let Some(gate) = self.subscriptions.gate(room) {
            gate.advance_to(head.rev);
            gate.mark_shown(upto);
        }
        let after = match options.since {
            Some(since) if !(options.other_epoch || is_ahead) => Some(since),
            _ if options.history > 0 => Some(lines::start_of_last(options.history, upto)),
            _ => None,
        };
        match after {
            Some(after) => self.enqueue(CatchUpTask::HistoryReplay(HistoryReplay {
                room,
                after,
                upto,
                by_command: false,
                is_first: true,
            })),
            None => self.resume_gate(room, head.rev),
        }
        Ok(())
    }
}
