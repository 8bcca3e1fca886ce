//! How a connection begins: subscribe, then read, then say what was read.

use super::{
    Writer,
    errand::{Errand, Replay},
    internal,
};
use crate::socket::{Scope, events::End, lines};
use crate::{
    chat::ChatError,
    domain::{Rev, RoomId, RoomStanding, User},
    protocol::{CloseReason, Frame, UserView, frame::ReadyLimits},
};

/// What a person reads whose address names the numbers of another history.
const OTHER_HISTORY: &str = "! epoch_changed: the history on this server is not the one you know, because a backup was restored; \
     message numbers that you noted may be wrong";

impl Writer {
    /// Subscribes to the one room that this connection is for, if it is for one.
    pub(in crate::socket) fn hear_only(&mut self, name: &str) {
        let Scope::Room(room) = self.scope else {
            return;
        };
        self.feed.subscribe(room);
        if let Some(ear) = self.feed.ear(room) {
            ear.set_name(name);
        }
    }

    /// Subscribes, then reads, then says what was read: whatever comes in between is in the feed.
    pub(in crate::socket) async fn open(&mut self) -> Result<(), End> {
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.voice.caller());
        // The login may have ended between the handshake and our being listed.
        if chat.is_ended(self.voice.caller()) {
            return Err(End::Close(CloseReason::SessionEnded));
        }
        let turn = self.context.turn().await;
        if self.scope == Scope::All {
            let rooms = patiently!(timing, chat.room_ids(caller));
            for room in rooms.map_err(|error| internal(&error))? {
                self.feed.subscribe(room);
            }
        }
        let user = patiently!(timing, chat.me(caller));
        let user = user.map_err(|error| internal(&error))?;
        let standings = self.enter(&user).await?;

        let heard: Vec<&RoomStanding> = standings
            .iter()
            .filter(|standing| self.hears_by_scope(standing.room.id))
            .collect();
        if let Scope::Room(room) = self.scope
            && heard.is_empty()
        {
            drop(turn);
            return self.out_of(room).await;
        }
        // A room joined since the first look is subscribed only now; its word is on the way.
        for standing in &heard {
            self.feed.know(standing.room.id, &standing.room.name);
        }
        self.feed.forget_unknown();
        let heard: Vec<&RoomStanding> = heard
            .into_iter()
            .filter(|standing| self.feed.hears(standing.room.id))
            .collect();
        if self.voice.text_options().is_some() {
            drop(turn);
            return self.open_text().await;
        }
        let heartbeat_s = self.context.timing.heartbeat_ms.div_ceil(1000);
        let limits = ReadyLimits {
            body_chars: self.context.limits.body_chars,
        };
        let rooms = heard.iter().map(|standing| self.room_view(standing));
        let ready = Frame::Ready {
            user: UserView::own(&user, true),
            heartbeat_s,
            epoch: chat.epoch(),
            limits,
            rooms: rooms.collect(),
        };
        let ready = ready.encode();
        drop(turn);
        self.say(&ready).await?;
        for standing in &heard {
            self.open_ear(standing.room.id, standing.room.head.rev);
        }
        Ok(())
    }

    /// The user came out of the room between the handshake and now.
    async fn out_of(&mut self, room: RoomId) -> Result<(), End> {
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.voice.caller());
        let reason = patiently!(timing, chat.removal(caller, room, Rev(0)));
        let reason = reason.map_err(|error| internal(&error))?;
        self.left(room, reason).await
    }

    /// Makes the user online in their rooms.
    async fn enter(&mut self, user: &User) -> Result<Vec<RoomStanding>, End> {
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.voice.caller());
        let guard = chat.hub().presence().enter(user.author());
        // Once more if the user came to a room or went from one while their rooms were read.
        let standings = loop {
            let mark = guard.mark();
            let standings = patiently!(timing, chat.rooms(caller));
            let standings = standings.map_err(|error| internal(&error))?;
            let ids = if caller.rooms().rooms().is_some() {
                let ids = patiently!(timing, chat.presence_rooms(caller));
                ids.map_err(|error| internal(&error))?
            } else {
                standings.iter().map(|standing| standing.room.id).collect()
            };
            if guard.settle_in(mark, ids) {
                break standings;
            }
        };
        self.presence = Some(guard);
        Ok(standings)
    }

    /// The banner, then what the address asked for.
    async fn open_text(&mut self) -> Result<(), End> {
        let (Scope::Room(room), Some(options)) = (self.scope, self.voice.text_options()) else {
            return Err(End::Close(CloseReason::Internal));
        };
        let chat = self.context.chat.clone();
        let (timing, caller) = (self.context.timing.clone(), self.voice.caller());
        let member = patiently!(timing, chat.member(caller, room));
        let member = match member {
            Ok(member) => member,
            Err(ChatError::NotFound(_)) => return self.out_of(room).await,
            Err(error) => return Err(internal(&error)),
        };
        // Read anew, so that what is shown below ends where the feed goes on.
        let head = member.standing().room.head;
        for line in lines::banner(&chat, &member) {
            self.say(&line).await?;
        }
        let upto = head.seq;
        let is_ahead = options.since.is_some_and(|since| since > upto);
        if options.other_epoch || is_ahead {
            self.say(OTHER_HISTORY).await?;
        }
        if let Some(ear) = self.feed.ear(room) {
            ear.reached(head.rev);
            ear.show(upto);
        }
        let after = match options.since {
            Some(since) if !(options.other_epoch || is_ahead) => Some(since),
            _ if options.history > 0 => Some(lines::start_of_last(options.history, upto)),
            _ => None,
        };
        match after {
            Some(after) => self.take_on(Errand::Replay(Replay {
                room,
                after,
                upto,
                by_command: false,
                is_first: true,
            })),
            None => self.open_ear(room, head.rev),
        }
        Ok(())
    }
}
