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

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use errand::Errand;

use super::{
    CLOSE_GRACE, Context, Scope,
    dialect::Voice,
    events::{Call, Closed, End},
    feed::Feed,
    outlet::Outlet,
};
use crate::{
    chat::ChatError,
    domain::{Removal, Rev, RoomId, RoomStanding},
    hub::{Control, LiveMessage, PresenceGuard, Registration},
    protocol::{Bye, CloseReason, Frame, LARGE_ROOM, NAMES_SLICE, RoomView, wire},
};

/// A database that is busy is asked again after this long.
const BUSY_RETRY: Duration = Duration::from_millis(100);
/// Errands that may wait before the reader is not listened to until some are done.
const MOST_ERRANDS: usize = 64;

pub(super) struct Writer {
    context: Arc<Context>,
    scope: Scope,
    voice: Arc<Voice>,
    registration: Registration,
    outlet: Arc<Outlet>,
    feed: Feed,
    /// What is to be read from the store and sent, in this order.
    errands: VecDeque<Errand>,
    presence: Option<PresenceGuard>,
    /// Since when this connection has not been up to date.
    behind_since: Option<Instant>,
    /// Rooms where news was lost that is no message. They are told anew once we are up to date.
    lossy: Vec<RoomId>,
}

impl Writer {
    pub(super) fn new(
        context: Arc<Context>,
        scope: Scope,
        voice: Arc<Voice>,
        registration: Registration,
        outlet: Arc<Outlet>,
    ) -> Self {
        let feed = Feed::new(context.chat.clone(), voice.clone(), outlet.clone());
        Self {
            context,
            scope,
            voice,
            registration,
            outlet,
            feed,
            errands: VecDeque::new(),
            presence: None,
            behind_since: None,
            lossy: Vec::new(),
        }
    }

    /// Sees to what comes up until the connection ends.
    pub(super) async fn talk(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    /// Says the last words, as far as the peer will hear them soon.
    pub(super) async fn say_goodbye(self, end: End) {
        match end {
            End::Close(reason) => {
                if let Some(words) = self.voice.last_words(reason) {
                    let _ = self.outlet.put(self.voice.frame(&words));
                }
                self.outlet.close(wire::close(reason));
            }
            End::Closed(code) => self.outlet.close(wire::close_echo(code)),
            End::Gone => return,
        }
        let _ = timeout(CLOSE_GRACE, self.outlet.drained()).await;
    }

    /// Waits for one thing and does it. What is done once or seldom is boxed: it would set the size
    /// of every idle connection's task.
    async fn step(&mut self) -> Result<(), End> {
        self.outlet.flush();
        if self.outlet.is_broken() {
            return Err(End::Gone);
        }
        if self.errands.len() < MOST_ERRANDS
            && let Some(call) = self.outlet.next_call()
        {
            return Box::pin(self.see_to(call)).await;
        }
        tokio::select! {
            biased;
            word = self.registration.words.next() => Box::pin(self.heed(word)).await,
            () = std::future::ready(()), if !self.errands.is_empty() => {
                Box::pin(self.run_errand()).await
            }
            drained = self.outlet.drained(), if !self.outlet.is_drained() => drained,
            () = std::future::ready(()), if self.behind_since.is_some() || !self.lossy.is_empty() => {
                // Nothing more is to be done: we are up to date.
                self.behind_since = None;
                match self.lossy.pop() {
                    Some(room) => Box::pin(self.tell_anew(room)).await,
                    None => Ok(()),
                }
            }
            () = self.outlet.called() => Ok(()),
        }
    }

    async fn heed(&mut self, word: Control) -> Result<(), End> {
        match word {
            Control::Read {
                room,
                read_seq,
                unread,
                mentions,
                generation,
            } if self.feed.hears(room) => {
                let read = Frame::Read {
                    room_id: room,
                    read_seq,
                    unread,
                    mentions,
                    read_generation: generation,
                };
                self.send(self.voice.json(&read)).await
            }
            Control::Room(room) => {
                if self.scope == Scope::All && self.voice.caller().rooms().includes(room) {
                    self.feed.subscribe(room);
                }
                self.tell_room(room).await
            }
            Control::Read { .. } => Ok(()),
        }
    }

    async fn see_to(&mut self, call: Call) -> Result<(), End> {
        match call {
            Call::Ear(room, closed) => self.closed(room, closed).await,
            Call::Sync(rooms) => {
                for (room, after) in rooms {
                    self.take_on(Errand::Sync {
                        room,
                        after,
                        sent: 0,
                    });
                }
                Ok(())
            }
            Call::History(room, count) => self.history(room, count).await,
            Call::Drain => {
                let bye = Bye {
                    reason: "draining",
                    retry_in_ms: self.retry_in_ms(),
                };
                self.say(&self.voice.bye(bye)).await?;
                Err(End::Close(CloseReason::Draining))
            }
            Call::Quit => {
                while !self.errands.is_empty() {
                    self.run_errand().await?;
                }
                Err(End::Close(CloseReason::Normal))
            }
            Call::End(end) => Err(end),
        }
    }

    /// An ear has closed itself.
    async fn closed(&mut self, room: RoomId, closed: Closed) -> Result<(), End> {
        match closed {
            Closed::Missed { lagged } => self.take_on(Errand::Repair {
                room,
                lagged,
                holes: false,
            }),
            Closed::Full => self.take_on(Errand::Reopen { room }),
            Closed::Removed(live, reason) => return self.removed(&live, reason).await,
            Closed::Deleted => return self.left(room, Removal::Deleted).await,
        }
        Ok(())
    }

    /// Opens the ear in a room, now that the client has been told of everything up to `rev`.
    fn open_ear(&self, room: RoomId, rev: Rev) {
        if let Some(ear) = self.feed.ear(room)
            && let Err(closed) = ear.open_at(rev)
        {
            self.outlet.call(Call::Ear(room, closed));
        }
    }

    /// An ear says that the user is out of a room. If they are back already, it was just news.
    async fn removed(&mut self, live: &LiveMessage, reason: Removal) -> Result<(), End> {
        let (room, rev) = (live.message.room_id, live.message.rev);
        let (chat, timing) = (self.context.chat.clone(), self.context.timing.clone());
        let caller = self.voice.caller().clone();
        match patiently!(timing, chat.member(&caller, room)) {
            Ok(_) => {
                if self.feed.ear(room).is_some_and(|ear| ear.rev() < rev) {
                    if let Some(frame) = self.voice.live(live) {
                        self.outlet.send(frame).await?;
                        self.voice.note_shown(live);
                    }
                    self.open_ear(room, rev);
                }
                Ok(())
            }
            Err(ChatError::NotFound(_)) => self.left(room, reason).await,
            Err(error) => Err(internal(&error)),
        }
    }

    async fn left(&mut self, room: RoomId, reason: Removal) -> Result<(), End> {
        let name = match self.feed.ear(room) {
            Some(ear) => ear.name(),
            // What is heard of one room alone ends with it, whether or not it was heard yet.
            None if self.scope == Scope::All => return Ok(()),
            None => String::new(),
        };
        self.feed.unsubscribe(room);
        self.outlet
            .send(self.voice.room_left(room, &name, reason))
            .await?;
        match (self.scope, reason) {
            (Scope::All, _) => Ok(()),
            (Scope::Room(_), Removal::Deleted) => Err(End::Close(CloseReason::NoSuchRoom)),
            (Scope::Room(_), _) => Err(End::Close(CloseReason::Removed)),
        }
    }

    async fn send(&self, frame: Option<Bytes>) -> Result<(), End> {
        match frame {
            Some(frame) => self.outlet.send(frame).await,
            None => Ok(()),
        }
    }

    async fn say(&self, text: &str) -> Result<(), End> {
        self.outlet.send(self.voice.frame(text)).await
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
