//! Everything that goes out of one connection, in one order.

use std::{collections::HashMap, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use super::{
    Context, Scope,
    dialect::Voice,
    feed::{Feed, News, Repair},
    lines,
    outlet::{End, Outlet},
};
use crate::{
    chat::{Caller, ChatError},
    domain::{Message, Removal, Rev, RoomId, RoomStanding},
    hub::{Control, LiveMessage, PresenceGuard, Registration},
    protocol::{
        Bye, CloseReason, Frame, LARGE_ROOM, NAMES_SLICE, RoomView, SYNC_LIMIT, UserView,
        frame::ReadyLimits,
    },
};

/// What the reader asks of the writer.
pub(super) enum Request {
    /// Send this.
    Text(String),
    /// Send everything changed since these.
    Sync(HashMap<RoomId, Rev>),
    /// Close, and say why.
    Close(CloseReason),
    /// Say when to come back, and close.
    Drain,
    /// The peer is gone.
    Gone,
}

pub(super) struct Writer {
    context: Context,
    caller: Caller,
    scope: Scope,
    voice: Voice,
    registration: Registration,
    requests: mpsc::Receiver<Request>,
    outlet: Outlet,
    feed: Feed,
    /// Names of rooms, for parting words.
    names: HashMap<RoomId, String>,
    presence: Option<PresenceGuard>,
    heartbeat: Interval,
    /// Since when this connection has not been up to date.
    behind_since: Option<Instant>,
}

impl Writer {
    pub(super) fn new(
        context: Context,
        caller: Caller,
        scope: Scope,
        voice: Voice,
        registration: Registration,
        requests: mpsc::Receiver<Request>,
        outlet: Outlet,
    ) -> Self {
        let feed = Feed::new(context.chat.clone(), caller);
        let beat = Duration::from_millis(context.timing.heartbeat_ms);
        let mut heartbeat = interval_at(Instant::now() + beat, beat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            context,
            caller,
            scope,
            voice,
            registration,
            requests,
            outlet,
            feed,
            names: HashMap::new(),
            presence: None,
            heartbeat,
            behind_since: None,
        }
    }

    /// Speaks until the connection ends, then says goodbye.
    pub(super) async fn run(mut self) -> Outlet {
        let end = match self.open().await {
            Ok(()) => self.talk().await,
            Err(end) => end,
        };
        if let End::Close(reason) = end {
            if let Some(words) = self.voice.last_words(reason) {
                let _ = self.outlet.send(words).await;
            }
            self.outlet.close(reason).await;
        }
        self.outlet
    }

    /// Subscribes, then reads, then says what was read: whatever comes in between is in the feed.
    async fn open(&mut self) -> Result<(), End> {
        let chat = self.context.chat.clone();
        // The login may have ended between the handshake and our being listed.
        if chat.is_ended(&self.caller) {
            return Err(End::Close(CloseReason::SessionEnded));
        }
        match self.scope {
            Scope::All => {
                for room in chat
                    .room_ids(&self.caller)
                    .await
                    .map_err(|error| internal(&error))?
                {
                    self.feed.subscribe(room);
                }
            }
            Scope::Room(room) => self.feed.subscribe(room),
        }
        let user = chat
            .me(&self.caller)
            .await
            .map_err(|error| internal(&error))?;
        let standings = chat
            .rooms(&self.caller)
            .await
            .map_err(|error| internal(&error))?;
        let ids = standings.iter().map(|standing| standing.room.id);
        self.presence = Some(chat.hub().presence().enter(user.author(), ids));

        let heard: Vec<&RoomStanding> = standings
            .iter()
            .filter(|standing| self.hears_by_scope(standing.room.id))
            .collect();
        for standing in &heard {
            // A room joined since the first look is subscribed only now; its word is on the way.
            if self.feed.hears(standing.room.id) {
                self.feed.start_at(standing.room.id, standing.room.head.rev);
                self.names
                    .insert(standing.room.id, standing.room.name.clone());
            }
        }
        let rooms: Vec<RoomView> = heard
            .iter()
            .filter(|standing| self.feed.hears(standing.room.id))
            .map(|standing| self.room_view(standing))
            .collect();
        for room in self
            .feed
            .rooms()
            .filter(|room| !self.names.contains_key(room))
            .collect::<Vec<_>>()
        {
            self.feed.unsubscribe(room);
        }
        if let Scope::Room(room) = self.scope
            && !self.names.contains_key(&room)
        {
            return Err(End::Close(CloseReason::Removed));
        }
        if self.voice.text_options().is_some() {
            return self.open_text().await;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a heartbeat is seconds, not centuries"
        )]
        let heartbeat_s = self.context.timing.heartbeat_ms as f64 / 1000.0;
        let limits = ReadyLimits {
            body_chars: self.context.limits.body_chars,
        };
        let ready = Frame::Ready {
            user: UserView::new(&user, true),
            heartbeat_s,
            limits,
            rooms,
        };
        self.outlet.send(ready.encode()).await?;
        self.outlet.flush().await
    }

    /// The banner, then what the address asked for.
    async fn open_text(&mut self) -> Result<(), End> {
        let (Scope::Room(room), Some(options)) = (self.scope, self.voice.text_options()) else {
            return Err(End::Close(CloseReason::Internal));
        };
        let chat = self.context.chat.clone();
        let member = match chat.member(&self.caller, room).await {
            Ok(member) => member,
            Err(ChatError::NotFound(_)) => return Err(End::Close(CloseReason::Removed)),
            Err(error) => return Err(internal(&error)),
        };
        // Read anew, so that what is shown below ends where the feed goes on.
        let head = member.standing().room.head;
        self.feed.start_at(room, head.rev);
        for line in lines::banner(&chat, &member) {
            self.outlet.send(line).await?;
        }
        if let Some(mut after) = options.since {
            loop {
                let step = lines::since(&chat, &member, after, head.seq)
                    .await
                    .map_err(|error| internal(&error))?;
                let Some(last) = step.last() else { break };
                after = last.seq;
                for message in &step {
                    self.send(self.voice.missed(message)).await?;
                }
            }
        } else if options.history > 0 {
            let count = options.history;
            let shown = lines::history(
                &chat,
                &self.caller,
                room,
                Some(head.seq),
                count,
                options.numbers,
            )
            .await;
            for line in shown.map_err(|error| internal(&error))? {
                self.outlet.send(line).await?;
            }
        }
        self.outlet.flush().await
    }

    async fn talk(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    /// Waits for one thing and does it. Frames leave together as long as more are ready.
    async fn step(&mut self) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.registration.overflow.cancelled() => Err(End::Close(CloseReason::TooSlow)),
            Some(word) = self.registration.words.recv() => self.heed(word).await,
            request = self.requests.recv() => self.answer(request).await,
            news = self.feed.next() => self.pass_on(news).await,
            _ = self.heartbeat.tick() => self.outlet.ping().await,
            () = std::future::ready(()), if self.outlet.is_unflushed() || self.behind_since.is_some() => {
                // Nothing more is ready: we are up to date.
                self.behind_since = None;
                self.outlet.flush().await
            }
        }
    }

    async fn heed(&mut self, word: Control) -> Result<(), End> {
        match word {
            Control::SessionEnded => Err(End::Close(CloseReason::SessionEnded)),
            Control::Read {
                room,
                read_seq,
                unread,
            } if self.feed.hears(room) => self.send(self.voice.read(room, read_seq, unread)).await,
            Control::Room(room) => {
                if self.scope == Scope::All {
                    self.feed.subscribe(room);
                }
                self.tell_room(room).await
            }
            Control::Read { .. } => Ok(()),
        }
    }

    /// Tells the client of a room it is in now, or of its role there.
    async fn tell_room(&mut self, room: RoomId) -> Result<(), End> {
        let chat = self.context.chat.clone();
        match chat.member(&self.caller, room).await {
            Ok(member) => {
                chat.hub().presence().join(self.caller.user(), room);
                if !self.feed.hears(room) {
                    return Ok(());
                }
                let standing = member.standing();
                // Only a room that is new here starts at its head: one that was heard before goes
                // on where it is.
                if !self.names.contains_key(&room) {
                    self.feed.start_at(room, standing.room.head.rev);
                }
                self.names.insert(room, standing.room.name.clone());
                let frame = Frame::Room {
                    room: self.room_view(standing),
                };
                self.send(self.voice.json(&frame)).await
            }
            Err(ChatError::NotFound(_)) => {
                if self.names.contains_key(&room) {
                    return Ok(());
                }
                self.feed.unsubscribe(room);
                Ok(())
            }
            Err(error) => Err(internal(&error)),
        }
    }

    async fn answer(&mut self, request: Option<Request>) -> Result<(), End> {
        match request {
            Some(Request::Text(text)) => self.outlet.send(text).await,
            Some(Request::Sync(rooms)) => {
                for (room, rev) in rooms {
                    self.sync(room, rev).await?;
                }
                Ok(())
            }
            Some(Request::Close(reason)) => Err(End::Close(reason)),
            Some(Request::Drain) => {
                let bye = Bye {
                    reason: "draining",
                    retry_in_ms: self.retry_in_ms(),
                };
                self.outlet.send(self.voice.bye(bye)).await?;
                Err(End::Close(CloseReason::Draining))
            }
            Some(Request::Gone) | None => Err(End::Gone),
        }
    }

    async fn pass_on(&mut self, news: News) -> Result<(), End> {
        match news {
            News::Message(live) => self.send(self.voice.live(&live)).await,
            News::Presence(presence) => {
                for frame in self.voice.presence(&presence) {
                    self.outlet.send(frame).await?;
                }
                Ok(())
            }
            News::Room(changed) => {
                if self.voice.text_options().is_none() {
                    self.outlet.send(changed.json()).await?;
                }
                Ok(())
            }
            News::Missed(room) => self.repair(room).await,
            News::Removed(live, reason) => self.removed(&live, reason).await,
            News::Deleted(room) => self.left(room, Removal::Deleted).await,
        }
    }

    /// Reads what was missed in a room and goes on from there.
    async fn repair(&mut self, room: RoomId) -> Result<(), End> {
        let stall = Duration::from_millis(self.context.timing.stall_ms);
        let since = *self.behind_since.get_or_insert_with(Instant::now);
        loop {
            if since.elapsed() > stall {
                return Err(End::Close(CloseReason::TooSlow));
            }
            match self.feed.catch_up(room).await {
                Ok(Repair::Missed {
                    messages,
                    head,
                    more,
                }) => {
                    for message in &messages {
                        self.send(self.voice.missed(message)).await?;
                    }
                    if more {
                        continue;
                    }
                    // Changes that were overtaken by later ones leave holes in what was repeated;
                    // the client is told that it has everything all the same.
                    if has_holes(&messages) {
                        self.send(self.voice.synced(room, head)).await?;
                    }
                    return Ok(());
                }
                Ok(Repair::NotMember) => return self.left(room, Removal::Kicked).await,
                Err(ChatError::Overloaded) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(error) => return Err(internal(&error)),
            }
        }
    }

    /// Sends everything changed since `from`. The feed goes on behind what was sent.
    async fn sync(&mut self, room: RoomId, from: Rev) -> Result<(), End> {
        if !self.feed.hears(room) {
            let refused = self
                .voice
                .refused(None, Some(room), &ChatError::NotFound("room"));
            return self.outlet.send(refused).await;
        }
        let chat = self.context.chat.clone();
        let most = i64::try_from(SYNC_LIMIT).unwrap_or(i64::MAX);
        let changes = match chat.changed_since(&self.caller, room, from, most).await {
            Ok(changes) => changes,
            Err(error @ (ChatError::Overloaded | ChatError::NotFound(_))) => {
                return self
                    .outlet
                    .send(self.voice.refused(None, Some(room), &error))
                    .await;
            }
            Err(error) => return Err(internal(&error)),
        };
        if changes.has_after {
            return self.send(self.voice.behind(room, from, changes.head)).await;
        }
        for message in &changes.items {
            self.send(self.voice.missed(message)).await?;
        }
        self.feed.start_at(room, changes.head.rev);
        self.send(self.voice.synced(room, changes.head)).await
    }

    /// The feed says that the user is out of a room. If they are back already, it was just news.
    async fn removed(&mut self, live: &LiveMessage, reason: Removal) -> Result<(), End> {
        let room = live.message.room_id;
        match self.feed.confirm_removal(room).await {
            Ok(true) => self.left(room, reason).await,
            Ok(false) => self.send(self.voice.live(live)).await,
            Err(error) => Err(internal(&error)),
        }
    }

    async fn left(&mut self, room: RoomId, reason: Removal) -> Result<(), End> {
        self.feed.unsubscribe(room);
        self.context
            .chat
            .hub()
            .presence()
            .leave(self.caller.user(), room);
        let name = self.names.remove(&room).unwrap_or_default();
        self.outlet
            .send(self.voice.room_left(room, &name, reason))
            .await?;
        match (self.scope, reason) {
            (Scope::All, _) => Ok(()),
            (Scope::Room(_), Removal::Deleted) => Err(End::Close(CloseReason::NoSuchRoom)),
            (Scope::Room(_), _) => Err(End::Close(CloseReason::Removed)),
        }
    }

    async fn send(
        &mut self,
        frame: Option<tokio_tungstenite::tungstenite::Utf8Bytes>,
    ) -> Result<(), End> {
        match frame {
            Some(frame) => self.outlet.send(frame).await,
            None => Ok(()),
        }
    }

    fn hears_by_scope(&self, room: RoomId) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Room(only) => only == room,
        }
    }

    fn room_view(&self, standing: &RoomStanding) -> RoomView {
        let most = match usize::try_from(standing.room.member_count) {
            Ok(members) if members > LARGE_ROOM => NAMES_SLICE,
            _ => LARGE_ROOM,
        };
        let (count, online) = self
            .context
            .chat
            .hub()
            .presence()
            .in_room(standing.room.id, most);
        RoomView {
            online_count: Some(count),
            online: Some(online.iter().map(|who| who.id).collect()),
            ..RoomView::of_member(standing)
        }
    }

    /// Spread over seconds, so that a restart is not followed by everybody at once.
    fn retry_in_ms(&self) -> u64 {
        let mut random = [0; 8];
        let _ = getrandom::fill(&mut random);
        let spread = self.context.timing.drain_spread_ms.max(1);
        500 + u64::from_le_bytes(random) % spread
    }
}

fn has_holes(messages: &[Message]) -> bool {
    messages
        .windows(2)
        .any(|pair| pair[1].rev != pair[0].rev.next())
}

fn internal(error: &ChatError) -> End {
    tracing::error!(%error, "connection ended by a failure");
    End::Close(CloseReason::Internal)
}
