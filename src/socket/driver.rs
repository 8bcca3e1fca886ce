//! Driver of one connection. It does everything that takes more than one write.

/// Repeats a read while the database is busy, for at most `stall_ms`.
macro_rules! patiently {
    ($timing:expr, $read:expr) => {{
        let since = tokio::time::Instant::now();
        let patience = std::time::Duration::from_millis($timing.stall_ms);
        loop {
            match $read.await {
                Err(crate::chat::ChatError::Overloaded) if since.elapsed() < patience => {
                    tokio::time::sleep($crate::socket::driver::BUSY_RETRY).await;
                }
                done => break done,
            }
        }
    }};
}

mod catch_up_task;
mod startup;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use catch_up_task::CatchUpTask;

use super::{
    CLOSE_GRACE, Context, Scope,
    events::{ConnectionEvent, Disconnect, PauseReason},
    frame_encoder::FrameEncoder,
    outbound::Outbound,
    room_subscriptions::RoomSubscriptions,
};
use crate::{
    chat::ChatError,
    domain::{LeaveReason, Membership, Rev, RoomId},
    hub::{ConnectionGuard, ControlMessage, LiveMessage, PresenceGuard},
    protocol::{Bye, CloseReason, LARGE_ROOM, NAMES_SLICE, RoomView, ServerEvent, ws_frame},
};

/// Delay before a read is repeated because the database is busy.
const BUSY_RETRY: Duration = Duration::from_millis(100);
/// Maximum queued catch-up tasks. Further connection events wait.
const MAX_TASKS: usize = 64;

pub(super) struct ConnectionDriver {
    context: Arc<Context>,
    scope: Scope,
    encoder: Arc<FrameEncoder>,
    registration: ConnectionGuard,
    outbound: Arc<Outbound>,
    subscriptions: RoomSubscriptions,
    /// Catch-up tasks, in the order in which they run.
    tasks: VecDeque<CatchUpTask>,
    presence: Option<PresenceGuard>,
    /// Time since which the connection is not up to date.
    behind_since: Option<Instant>,
    /// Rooms that lost events other than messages. Their state is sent again once the connection is up to date.
    lossy: Vec<RoomId>,
}

impl ConnectionDriver {
    pub(super) fn new(
        context: Arc<Context>,
        scope: Scope,
        encoder: Arc<FrameEncoder>,
        registration: ConnectionGuard,
        outbound: Arc<Outbound>,
    ) -> Self {
        let subscriptions =
            RoomSubscriptions::new(context.chat.clone(), encoder.clone(), outbound.clone());
        Self {
            context,
            scope,
            encoder,
            registration,
            outbound,
            subscriptions,
            tasks: VecDeque::new(),
            presence: None,
            behind_since: None,
            lossy: Vec::new(),
        }
    }

    /// Handles events until the connection ends.
    pub(super) async fn run(&mut self) -> Disconnect {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    /// Sends the last frames, if the peer reads them soon.
    pub(super) async fn finish(self, end: Disconnect) {
        match end {
            Disconnect::Close(reason) => {
                if let Some(line) = self.encoder.closing_line(reason) {
                    let _ = self.outbound.enqueue(self.encoder.frame(&line));
                }
                self.outbound.close(ws_frame::close(reason));
            }
            Disconnect::PeerClosed(code) => self.outbound.close(ws_frame::close_echo(code)),
            Disconnect::ConnectionLost => return,
        }
        let _ = timeout(CLOSE_GRACE, self.outbound.drained()).await;
    }

    /// Waits for one event and handles it. Rare work is boxed, because it would enlarge the tasks of idle connections.
    async fn step(&mut self) -> Result<(), Disconnect> {
        self.outbound.flush();
        if self.outbound.is_broken() {
            return Err(Disconnect::ConnectionLost);
        }
        if self.tasks.len() < MAX_TASKS
            && let Some(event) = self.outbound.next_event()
        {
            return Box::pin(self.handle_event(event)).await;
        }
        tokio::select! {
            biased;
            word = self.registration.controls.recv() => Box::pin(self.handle_control(word)).await,
            () = std::future::ready(()), if !self.tasks.is_empty() => {
                Box::pin(self.run_task()).await
            }
            drained = self.outbound.drained(), if !self.outbound.is_drained() => drained,
            () = std::future::ready(()), if self.behind_since.is_some() || !self.lossy.is_empty() => {
                // No catch-up task is left, so the connection is up to date.
                self.behind_since = None;
                match self.lossy.pop() {
                    Some(room) => Box::pin(self.resend_room_state(room)).await,
                    None => Ok(()),
                }
            }
            () = self.outbound.wakeup() => Ok(()),
        }
    }

    async fn handle_control(&mut self, word: ControlMessage) -> Result<(), Disconnect> {
        match word {
            ControlMessage::Read {
                room,
                read_seq,
                unread,
                mentions,
                generation,
            } if self.subscriptions.is_subscribed(room) => {
                let read = ServerEvent::Read {
                    room_id: room,
                    read_seq,
                    unread,
                    mentions,
                    read_generation: generation,
                };
                self.send(self.encoder.json(&read)).await
            }
            ControlMessage::Room(room) => {
                if self.scope == Scope::All && self.encoder.caller().rooms().includes(room) {
                    self.subscriptions.subscribe(room);
                }
                self.send_room(room).await
            }
            ControlMessage::Read { .. } => Ok(()),
        }
    }

    async fn handle_event(&mut self, event: ConnectionEvent) -> Result<(), Disconnect> {
        match event {
            ConnectionEvent::GatePaused(room, reason) => self.on_gate_paused(room, reason).await,
            ConnectionEvent::Sync(rooms) => {
                for (room, after) in rooms {
                    self.enqueue(CatchUpTask::Sync {
                        room,
                        after,
                        sent: 0,
                    });
                }
                Ok(())
            }
            ConnectionEvent::History(room, count) => self.history(room, count).await,
            ConnectionEvent::Drain => {
                let bye = Bye {
                    reason: "draining",
                    retry_in_ms: self.retry_in_ms(),
                };
                self.send_text(&self.encoder.bye(bye)).await?;
                Err(Disconnect::Close(CloseReason::Draining))
            }
            ConnectionEvent::Quit => {
                while !self.tasks.is_empty() {
                    self.run_task().await?;
                }
                Err(Disconnect::Close(CloseReason::Normal))
            }
            ConnectionEvent::Disconnect(end) => Err(end),
        }
    }

    /// Handles a gate that has paused.
    async fn on_gate_paused(
        &mut self,
        room: RoomId,
        reason: PauseReason,
    ) -> Result<(), Disconnect> {
        match reason {
            PauseReason::Missed { lagged } => self.enqueue(CatchUpTask::Repair {
                room,
                lagged,
                holes: false,
            }),
            PauseReason::BufferFull => self.enqueue(CatchUpTask::Resume { room }),
            PauseReason::Removed(live, reason) => return self.on_removed(&live, reason).await,
            PauseReason::Deleted => return self.on_left(room, LeaveReason::Deleted).await,
        }
        Ok(())
    }

    /// Resumes the gate of a room. The client has everything up to `rev`.
    fn resume_gate(&self, room: RoomId, rev: Rev) {
        if let Some(gate) = self.subscriptions.gate(room)
            && let Err(reason) = gate.resume_at(rev)
        {
            self.outbound
                .post_event(ConnectionEvent::GatePaused(room, reason));
        }
    }

    /// Handles a gate that saw the user leave. A user who has already returned has only missed events.
    async fn on_removed(
        &mut self,
        live: &LiveMessage,
        reason: LeaveReason,
    ) -> Result<(), Disconnect> {
        let (room, rev) = (live.message.room_id, live.message.rev);
        let (chat, timing) = (self.context.chat.clone(), self.context.timing.clone());
        let caller = self.encoder.caller().clone();
        match patiently!(timing, chat.member(&caller, room)) {
            Ok(_) => {
                if self
                    .subscriptions
                    .gate(room)
                    .is_some_and(|gate| gate.rev() < rev)
                {
                    if let Some(frame) = self.encoder.live(live) {
                        self.outbound.send(frame).await?;
                        self.encoder.record_shown(live);
                    }
                    self.resume_gate(room, rev);
                }
                Ok(())
            }
            Err(ChatError::NotFound(_)) => self.on_left(room, reason).await,
            Err(error) => Err(internal(&error)),
        }
    }

    async fn on_left(&mut self, room: RoomId, reason: LeaveReason) -> Result<(), Disconnect> {
        let name = match self.subscriptions.gate(room) {
            Some(gate) => gate.name(),
            // A connection to one room ends with the room, even before its first event.
            None if self.scope == Scope::All => return Ok(()),
            None => String::new(),
        };
        self.subscriptions.unsubscribe(room);
        self.outbound
            .send(self.encoder.room_left(room, &name, reason))
            .await?;
        match (self.scope, reason) {
            (Scope::All, _) => Ok(()),
            (Scope::Room(_), LeaveReason::Deleted) => {
                Err(Disconnect::Close(CloseReason::NoSuchRoom))
            }
            (Scope::Room(_), _) => Err(Disconnect::Close(CloseReason::Removed)),
        }
    }

    async fn send(&self, frame: Option<Bytes>) -> Result<(), Disconnect> {
        match frame {
            Some(frame) => self.outbound.send(frame).await,
            None => Ok(()),
        }
    }

    async fn send_text(&self, text: &str) -> Result<(), Disconnect> {
        self.outbound.send(self.encoder.frame(text)).await
    }

    fn in_scope(&self, room: RoomId) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Room(only) => only == room,
        }
    }

    fn room_view(&self, standing: &Membership) -> RoomView {
        let limit = match usize::try_from(standing.room.member_count) {
            Ok(members) if members > LARGE_ROOM => NAMES_SLICE,
            _ => LARGE_ROOM,
        };
        let (count, online) = self
            .context
            .chat
            .hub()
            .presence()
            .in_room(standing.room.id, limit);
        RoomView {
            online_count: Some(count),
            online: Some(online.iter().map(|who| who.id).collect()),
            ..RoomView::of_member(standing)
        }
    }

    /// Returns a random delay, so that not all clients reconnect at the same time after a restart.
    fn retry_in_ms(&self) -> u64 {
        let mut random = [0; 8];
        let _ = getrandom::fill(&mut random);
        let spread = self.context.timing.drain_spread_ms.max(1);
        500 + u64::from_le_bytes(random) % spread
    }
}

fn internal(error: &ChatError) -> Disconnect {
    if matches!(error, ChatError::Overloaded | ChatError::Draining) {
        return Disconnect::Close(CloseReason::Busy);
    }
    tracing::error!(%error, "connection ended by an internal error");
    Disconnect::Close(CloseReason::Internal)
}
