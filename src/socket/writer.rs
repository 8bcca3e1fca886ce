//! Everything that goes out of one connection, in one order.

/// Reads again while the database is busy, as long as a client may keep us waiting.
macro_rules! patiently {
    ($timing:expr, $read:expr) => {{
        let since = tokio::time::Instant::now();
        let patience = std::time::Duration::from_millis($timing.stall_ms);
        loop {
            match $read.await {
                Err(crate::chat::ChatError::Overloaded) if since.elapsed() < patience => {
                    tokio::time::sleep($crate::socket::writer::BUSY_RETRY).await;
                }
                done => break done,
            }
        }
    }};
}

mod errand;
mod opening;

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout},
};

use errand::Errand;

use super::{
    CLOSE_GRACE, Context, Scope,
    dialect::Voice,
    feed::{Feed, News},
    outlet::{End, Outlet},
};
use crate::{
    chat::{Caller, ChatError},
    domain::{Removal, Rev, RoomId, RoomStanding, Seq},
    hub::{Control, LiveMessage, PresenceGuard, Registration},
    protocol::{Bye, CloseReason, Frame, LARGE_ROOM, NAMES_SLICE, RoomView},
};

/// A database that is busy is asked again after this long.
const BUSY_RETRY: Duration = Duration::from_millis(100);
/// Errands that may wait before the reader is not listened to until some are done.
const MOST_ERRANDS: usize = 64;

/// What the reader asks of the writer.
pub(super) enum Request {
    /// Send this.
    Text(String),
    /// Send everything changed since these.
    Sync(Vec<(RoomId, Rev)>),
    /// Show the last so many messages of this room.
    History(RoomId, usize),
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
    /// What is to be read from the store and sent, in this order.
    errands: VecDeque<Errand>,
    /// Names of rooms, for parting words.
    names: HashMap<RoomId, String>,
    presence: Option<PresenceGuard>,
    heartbeat: Interval,
    /// Since when this connection has not been up to date.
    behind_since: Option<Instant>,
    /// Rooms where news was lost that is no message. They are told anew once we are up to date.
    lossy: Vec<RoomId>,
    /// The newest message that has gone out, for a terminal, which hears one room.
    shown: Seq,
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
            errands: VecDeque::new(),
            names: HashMap::new(),
            presence: None,
            heartbeat,
            behind_since: None,
            lossy: Vec::new(),
            shown: Seq(0),
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
            word = self.registration.words.next() => Box::pin(self.heed(word)).await,
            request = self.requests.recv(), if self.errands.len() < MOST_ERRANDS => {
                self.answer(request).await
            }
            _ = self.heartbeat.tick() => self.outlet.ping().await,
            () = std::future::ready(()), if !self.errands.is_empty() => {
                Box::pin(self.run_errand()).await
            }
            news = self.feed.next() => self.pass_on_all(news).await,
            () = std::future::ready(()), if self.outlet.is_unflushed() || self.behind_since.is_some() => {
                // Nothing more is ready: we are up to date.
                if let Some(room) = self.lossy.pop() {
                    return Box::pin(self.tell_anew(room)).await;
                }
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
                mentions,
            } if self.feed.hears(room) => {
                let read = Frame::Read {
                    room_id: room,
                    read_seq,
                    unread,
                    mentions,
                };
                self.send(self.voice.json(&read)).await
            }
            Control::Room(room) => {
                if self.scope == Scope::All {
                    self.feed.subscribe(room);
                }
                self.tell_room(room).await
            }
            Control::Read { .. } => Ok(()),
        }
    }

    async fn answer(&mut self, request: Option<Request>) -> Result<(), End> {
        match request {
            Some(Request::Text(text)) => self.outlet.send(text).await,
            Some(Request::Sync(rooms)) => {
                for (room, after) in rooms {
                    self.take_on(Errand::Sync {
                        room,
                        after,
                        sent: 0,
                    });
                }
                Ok(())
            }
            Some(Request::History(room, count)) => Box::pin(self.history(room, count)).await,
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
            // What was missed comes before what is ready behind it.
            next = if self.errands.is_empty() {
                self.feed.ready()
            } else {
                None
            };
        }
        Ok(())
    }

    async fn pass_on(&mut self, news: News) -> Result<(), End> {
        match news {
            News::Message(live) => {
                self.shown = self.shown.max(live.message.seq);
                self.send(self.voice.live(&live)).await
            }
            News::Presence(presence) => {
                for frame in self.voice.presence(&presence) {
                    self.outlet.send(frame).await?;
                }
                Ok(())
            }
            News::Room(changed) => {
                if let Some(name) = self.names.get_mut(&changed.room) {
                    name.clone_from(&changed.name);
                }
                if self.voice.text_options().is_none() {
                    self.outlet.send(changed.json()).await?;
                }
                Ok(())
            }
            News::Typing(typing) => {
                if self.voice.text_options().is_none() {
                    self.outlet.send(typing.json()).await?;
                }
                Ok(())
            }
            News::Missed { room, lagged } => {
                self.take_on(Errand::Repair {
                    room,
                    lagged,
                    holes: false,
                });
                Ok(())
            }
            News::Removed(live, reason) => Box::pin(self.removed(&live, reason)).await,
            News::Deleted(room) => Box::pin(self.left(room, Removal::Deleted)).await,
        }
    }

    /// The feed says that the user is out of a room. If they are back already, it was just news.
    async fn removed(&mut self, live: &LiveMessage, reason: Removal) -> Result<(), End> {
        let room = live.message.room_id;
        let (chat, timing) = (self.context.chat.clone(), self.context.timing.clone());
        let caller = self.caller;
        match patiently!(timing, chat.member(&caller, room)) {
            Ok(_) => self.send(self.voice.live(live)).await,
            Err(ChatError::NotFound(_)) => self.left(room, reason).await,
            Err(error) => Err(internal(&error)),
        }
    }

    async fn left(&mut self, room: RoomId, reason: Removal) -> Result<(), End> {
        self.feed.unsubscribe(room);
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
    if matches!(error, ChatError::Overloaded | ChatError::Draining) {
        return End::Close(CloseReason::Busy);
    }
    tracing::error!(%error, "connection ended by a failure");
    End::Close(CloseReason::Internal)
}
