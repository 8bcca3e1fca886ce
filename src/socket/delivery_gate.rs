//! Gate between one room and one connection. It forwards every change once and in order.
//!
//! The room's fan-out task hands it batches. The gate forwards only the next `rev`: an older one is a repeat, and a
//! newer one shows a gap. At a gap the gate pauses and buffers events, and the connection's driver reads the gap from
//! the store and resumes the gate. This one rule covers a lagging channel, a lost message of the bus, the time between
//! subscribing and reading, and a peer that does not read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    events::{ConnectionEvent, Disconnect, PauseReason},
    frame_encoder::FrameEncoder,
    outbound::{BufferFull, Outbound},
};
use crate::{
    domain::{Rev, RoomId, Seq},
    hub::{EventBatch, Listener, ListenerGuard, RoomEvent},
    protocol::{CloseReason, DeflateParams},
};

/// Maximum events that a paused gate buffers. Further ones are read from the store.
const MAX_BUFFERED: usize = 128;

/// Delivery gate of one connection in one room.
pub(super) struct DeliveryGate {
    room: RoomId,
    /// Whether the connection is a terminal. It is stored here because each delivery needs it.
    is_text: bool,
    /// Parameters for compressed frames, stored here because each delivery needs them.
    deflate: Option<DeflateParams>,
    encoder: Arc<FrameEncoder>,
    outbound: Arc<Outbound>,
    state: Mutex<GateState>,
}

/// Gate that is registered as a listener. Dropping it unsubscribes.
pub(super) struct RoomSubscription {
    pub(super) gate: Arc<DeliveryGate>,
    _guard: ListenerGuard,
}

struct GateState {
    is_open: bool,
    /// Whether the connection has left this room.
    closed: bool,
    /// `rev` of the last change sent.
    rev: Rev,
    /// `seq` of the newest message sent, for a terminal.
    last_shown: Seq,
    /// Name of the room, for a terminal's last line.
    name: String,
    buffered: Vec<RoomEvent>,
    /// Whether the buffer overflowed.
    overflowed: bool,
}

impl DeliveryGate {
    /// Creates a paused gate. It buffers events until it is resumed.
    pub(super) fn new(
        room: RoomId,
        encoder: Arc<FrameEncoder>,
        outbound: Arc<Outbound>,
    ) -> Arc<Self> {
        let state = GateState {
            is_open: false,
            closed: false,
            rev: Rev(0),
            last_shown: Seq(0),
            name: String::new(),
            buffered: Vec::new(),
            overflowed: false,
        };
        Arc::new(Self {
            room,
            is_text: encoder.text_options().is_some(),
            deflate: encoder.deflate(),
            encoder,
            outbound,
            state: Mutex::new(state),
        })
    }

    /// Pauses the gate. It buffers events from now on.
    pub(super) fn pause(&self) {
        self.lock().is_open = false;
    }

    /// Forwards the changes after `rev`, buffered ones first.
    ///
    /// # Errors
    /// The reason why the gate has paused again.
    pub(super) fn resume_at(&self, rev: Rev) -> Result<(), PauseReason> {
        let mut state = self.lock();
        state.rev = state.rev.max(rev);
        state.is_open = false;
        let buffered = std::mem::take(&mut state.buffered);
        if std::mem::take(&mut state.overflowed) {
            return Err(PauseReason::Missed { lagged: true });
        }
        for (number, event) in buffered.iter().enumerate() {
            if let Err(closed) = self.forward(&mut state, event) {
                state.buffered = buffered[number..].to_vec();
                return Err(closed);
            }
        }
        state.is_open = true;
        drop(state);
        self.outbound.flush();
        Ok(())
    }

    /// Returns the `rev` of the last change sent.
    pub(super) fn rev(&self) -> Rev {
        self.lock().rev
    }

    /// Notes that the client has everything up to `rev`.
    pub(super) fn advance_to(&self, rev: Rev) {
        let mut state = self.lock();
        state.rev = state.rev.max(rev);
    }

    /// Returns the `seq` of the newest message sent.
    pub(super) fn last_shown(&self) -> Seq {
        self.lock().last_shown
    }

    /// Notes that a message was sent.
    pub(super) fn mark_shown(&self, seq: Seq) {
        let mut state = self.lock();
        state.last_shown = state.last_shown.max(seq);
    }

    /// Returns the room's name if it may be shown at a terminal.
    pub(super) fn name(&self) -> String {
        self.lock().name.clone()
    }

    pub(super) fn set_name(&self, name: &str) {
        if self.is_text {
            name.clone_into(&mut self.lock().name);
        }
    }

    fn forward(&self, state: &mut GateState, event: &RoomEvent) -> Result<(), PauseReason> {
        match event {
            RoomEvent::Message(live) => {
                let rev = live.message.rev;
                if rev <= state.rev {
                    return Ok(());
                }
                if rev != state.rev.next() {
                    return Err(PauseReason::Missed { lagged: false });
                }
                if let Some((user, reason)) = live.removes
                    && user == self.encoder.user()
                {
                    return Err(PauseReason::Removed(live.clone(), reason));
                }
                if let Some(frame) = self.encoder.live(live) {
                    self.outbound.enqueue(frame)?;
                    self.encoder.record_shown(live);
                }
                state.rev = rev;
                state.last_shown = state.last_shown.max(live.message.seq);
            }
            RoomEvent::Presence(presence) => {
                for frame in self.encoder.presence(presence) {
                    self.outbound.enqueue(frame)?;
                }
            }
            RoomEvent::Changed(changed) => {
                if self.is_text {
                    state.name.clone_from(&changed.name);
                } else {
                    self.outbound.enqueue(changed.json(self.deflate).clone())?;
                }
            }
            RoomEvent::Typing(typing) => {
                // Typing indicators are the first to be dropped when the buffer is full.
                if !self.is_text && typing.user != self.encoder.user() {
                    let _ = self.outbound.enqueue(typing.json().clone());
                }
            }
            RoomEvent::Deleted => return Err(PauseReason::Deleted),
        }
        Ok(())
    }

    /// Forwards a whole batch with its joined frames. Returns `None` if the events must be checked one by one.
    fn forward_joined(
        &self,
        state: &mut GateState,
        batch: &EventBatch,
    ) -> Option<Result<(), PauseReason>> {
        if self.is_text {
            return None;
        }
        let revs = batch.shared_range()?.revs;
        if revs.is_some_and(|(first, _)| first != state.rev.next()) {
            return None;
        }
        let frames = match self.deflate {
            None => batch.json(),
            Some(deflate) => batch.compressed(deflate)?,
        };
        let pushed = self.outbound.send_now(frames);
        if let (Ok(()), Some((_, last))) = (pushed, revs) {
            state.rev = last;
        }
        Some(pushed.map_err(PauseReason::from))
    }

    fn forward_batch(
        &self,
        state: &mut GateState,
        batch: &EventBatch,
    ) -> Result<(), (PauseReason, usize)> {
        if batch.lagged() {
            return Err((PauseReason::Missed { lagged: true }, 0));
        }
        if let Some(done) = self.forward_joined(state, batch) {
            return done.map_err(|closed| (closed, 0));
        }
        let mut events = batch.events().iter().enumerate();
        let passed = events.try_for_each(|(number, event)| {
            let passed = self.forward(state, event);
            passed.map_err(|closed| (closed, number))
        });
        self.outbound.flush();
        passed
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for DeliveryGate {
    fn deliver(&self, batch: &EventBatch) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        if !state.is_open {
            state.overflowed |= batch.lagged();
            state.buffer(batch.events());
            return;
        }
        let passed = self.forward_batch(&mut state, batch);
        if let Err((closed, from)) = passed {
            state.is_open = false;
            state.buffer(&batch.events()[from..]);
            self.outbound
                .post_event(ConnectionEvent::GatePaused(self.room, closed));
        }
    }

    fn on_channel_closed(&self) {
        self.outbound
            .post_event(ConnectionEvent::Disconnect(Disconnect::Close(
                CloseReason::Internal,
            )));
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.buffered = Vec::new();
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }
}

impl GateState {
    fn buffer(&mut self, events: &[RoomEvent]) {
        if self.buffered.len() + events.len() > MAX_BUFFERED {
            self.overflowed = true;
        }
        if self.overflowed {
            self.buffered = Vec::new();
        } else {
            self.buffered.extend_from_slice(events);
        }
    }
}

impl RoomSubscription {
    pub(super) fn new(gate: Arc<DeliveryGate>, guard: ListenerGuard) -> Self {
        Self {
            gate,
            _guard: guard,
        }
    }
}

impl From<BufferFull> for PauseReason {
    fn from(BufferFull: BufferFull) -> Self {
        Self::BufferFull
    }
}
