//! Everything that goes out of one connection, in one order.

mod opening;
mod repair;

use std::{collections::HashMap, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout},
};

use super::{
    CLOSE_GRACE, Context, Scope,
    dialect::Voice,
    feed::{Feed, News},
    outlet::{End, Outlet},
};
use crate::{
    chat::{Caller, ChatError},
    domain::{Removal, Rev, RoomId, RoomStanding},
    hub::{Control, LiveMessage, PresenceGuard, Registration},
    protocol::{Bye, CloseReason, Frame, LARGE_ROOM, NAMES_SLICE, RoomView},
};

/// What the reader asks of the writer.
pub(super) enum Request {
    /// Send this.
    Text(String),
    /// Send everything changed since these.
    Sync(Vec<(RoomId, Rev)>),
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
        // What is done once or seldom is boxed, here and below: it would set the size of every idle
        // connection's task.
        let registration = &self.registration;
        let (ended, overflow) = (registration.ended.clone(), registration.overflow.clone());
        // Whatever it is in the middle of, a write to a peer that does not read among them.
        let end = tokio::select! {
            biased;
            () = ended.cancelled() => End::Close(CloseReason::SessionEnded),
            () = overflow.cancelled() => End::Close(CloseReason::TooSlow),
            end = self.talk() => end,
        };
        if let End::Close(reason) = end {
            if let Some(words) = self.voice.last_words(reason) {
                let _ = timeout(CLOSE_GRACE, self.outlet.send(words)).await;
            }
            self.outlet.close(reason).await;
        }
        self.outlet
    }

    async fn talk(&mut self) -> End {
        if let Err(end) = Box::pin(self.open()).await {
            return end;
        }
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
            Some(word) = self.registration.words.recv() => Box::pin(self.heed(word)).await,
            request = self.requests.recv() => self.answer(request).await,
            _ = self.heartbeat.tick() => self.outlet.ping().await,
            news = self.feed.next() => self.pass_on_all(news).await,
            () = std::future::ready(()), if self.outlet.is_unflushed() || self.behind_since.is_some() => {
                // Nothing more is ready: we are up to date.
                self.behind_since = None;
                self.outlet.flush().await
            }
        }
    }

    async fn heed(&mut self, word: Control) -> Result<(), End> {
        match word {
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
        if !self.feed.hears(room) {
            return Ok(());
        }
        let chat = self.context.chat.clone();
        match chat.member(&self.caller, room).await {
            Ok(member) => {
                chat.hub().presence().join(self.caller.user(), room);
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
                    Box::pin(self.sync(room, rev)).await?;
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

    /// Passes on `news` and what is ready behind it, without a look at anything else in between.
    async fn pass_on_all(&mut self, news: News) -> Result<(), End> {
        let mut next = Some(news);
        while let Some(news) = next {
            self.pass_on(news).await?;
            next = self.feed.ready();
        }
        Ok(())
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
            News::Missed(room) => Box::pin(self.repair(room)).await,
            News::Removed(live, reason) => Box::pin(self.removed(&live, reason)).await,
            News::Deleted(room) => Box::pin(self.left(room, Removal::Deleted)).await,
        }
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

fn internal(error: &ChatError) -> End {
    tracing::error!(%error, "connection ended by a failure");
    End::Close(CloseReason::Internal)
}
