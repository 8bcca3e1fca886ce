//! What one connection hears of one room: every change once, in order, with nothing left out.
//!
//! The room's task hands it news, and it passes on only what is the very next; whatever is older is
//! a repeat, and whatever is newer shows that something was missed. Then it is closed: it holds what
//! comes, and the connection's writer is called to read from the store and to open it again. That
//! one rule covers a lagging channel, a lost message of the bus, the time between subscribing and
//! reading, and a peer that takes no more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    dialect::Voice,
    events::{Call, Closed, End},
    outlet::{Full, Outlet},
};
use crate::{
    domain::{Rev, RoomId, Seq},
    hub::{Batch, Listener, Listening, RoomEvent},
    protocol::{Agreed, CloseReason},
};

/// Events that are held at most while it is closed. Whoever misses more reads it from the store.
const MOST_HELD: usize = 128;

/// A connection's ear in a room.
pub(super) struct Ear {
    room: RoomId,
    /// Whether the connection speaks in lines. Kept here, for it is asked for each delivery.
    is_text: bool,
    /// Whether it takes compressed frames. Kept here for the same reason.
    agreed: Option<Agreed>,
    voice: Arc<Voice>,
    outlet: Arc<Outlet>,
    hearing: Mutex<Hearing>,
}

/// An ear that is listening; dropping it ends that.
pub(super) struct Heard {
    pub(super) ear: Arc<Ear>,
    _listening: Listening,
}

struct Hearing {
    open: bool,
    /// The connection hears this room no longer.
    gone: bool,
    /// The last change that went out.
    rev: Rev,
    /// The newest message that went out, for a terminal.
    shown: Seq,
    /// The room's name, for a terminal's parting words.
    name: String,
    held: Vec<RoomEvent>,
    /// More came than is held.
    lost: bool,
}

impl Ear {
    /// A closed ear: until it is opened, it holds what comes.
    pub(super) fn new(room: RoomId, voice: Arc<Voice>, outlet: Arc<Outlet>) -> Arc<Self> {
        let hearing = Hearing {
            open: false,
            gone: false,
            rev: Rev(0),
            shown: Seq(0),
            name: String::new(),
            held: Vec::new(),
            lost: false,
        };
        Arc::new(Self {
            room,
            is_text: voice.text_options().is_some(),
            agreed: voice.agreed(),
            voice,
            outlet,
            hearing: Mutex::new(hearing),
        })
    }

    /// Holds what comes from now on.
    pub(super) fn close(&self) {
        self.lock().open = false;
    }

    /// Passes on what comes after `rev`, what it holds of that first.
    ///
    /// # Errors
    /// Why it is closed again.
    pub(super) fn open_at(&self, rev: Rev) -> Result<(), Closed> {
        let mut hearing = self.lock();
        hearing.rev = hearing.rev.max(rev);
        hearing.open = false;
        let held = std::mem::take(&mut hearing.held);
        if std::mem::take(&mut hearing.lost) {
            return Err(Closed::Missed { lagged: true });
        }
        for (number, event) in held.iter().enumerate() {
            if let Err(closed) = self.pass_on(&mut hearing, event) {
                hearing.held = held[number..].to_vec();
                return Err(closed);
            }
        }
        hearing.open = true;
        drop(hearing);
        self.outlet.flush();
        Ok(())
    }

    /// The last change that went out.
    pub(super) fn rev(&self) -> Rev {
        self.lock().rev
    }

    /// What the client has been told goes up to `rev`.
    pub(super) fn reached(&self, rev: Rev) {
        let mut hearing = self.lock();
        hearing.rev = hearing.rev.max(rev);
    }

    /// The newest message that went out.
    pub(super) fn shown(&self) -> Seq {
        self.lock().shown
    }

    /// A message has gone out.
    pub(super) fn show(&self, seq: Seq) {
        let mut hearing = self.lock();
        hearing.shown = hearing.shown.max(seq);
    }

    /// The room's name, if a person at a terminal may be told it.
    pub(super) fn name(&self) -> String {
        self.lock().name.clone()
    }

    pub(super) fn set_name(&self, name: &str) {
        if self.is_text {
            name.clone_into(&mut self.lock().name);
        }
    }

    fn pass_on(&self, hearing: &mut Hearing, event: &RoomEvent) -> Result<(), Closed> {
        match event {
            RoomEvent::Message(live) => {
                let rev = live.message.rev;
                if rev <= hearing.rev {
                    return Ok(());
                }
                if rev != hearing.rev.next() {
                    return Err(Closed::Missed { lagged: false });
                }
                if let Some((user, reason)) = live.removes
                    && user == self.voice.me()
                {
                    return Err(Closed::Removed(live.clone(), reason));
                }
                if let Some(frame) = self.voice.live(live) {
                    self.outlet.put(frame)?;
                    self.voice.note_shown(live);
                }
                hearing.rev = rev;
                hearing.shown = hearing.shown.max(live.message.seq);
            }
            RoomEvent::Presence(presence) => {
                for frame in self.voice.presence(presence) {
                    self.outlet.put(frame)?;
                }
            }
            RoomEvent::Changed(changed) => {
                if self.is_text {
                    hearing.name.clone_from(&changed.name);
                } else {
                    self.outlet.put(changed.json(self.agreed).clone())?;
                }
            }
            RoomEvent::Typing(typing) => {
                // The first to be left out where there is no room.
                if !self.is_text && typing.user != self.voice.me() {
                    let _ = self.outlet.put(typing.json().clone());
                }
            }
            RoomEvent::Deleted => return Err(Closed::Deleted),
        }
        Ok(())
    }

    /// Passes on a whole batch as it is, if nothing stands against it.
    fn pass_on_as_is(&self, hearing: &mut Hearing, news: &Batch) -> Option<Result<(), Closed>> {
        if self.is_text {
            return None;
        }
        let revs = news.uniform()?.revs;
        if revs.is_some_and(|(first, _)| first != hearing.rev.next()) {
            return None;
        }
        let frames = match self.agreed {
            None => news.json(),
            Some(agreed) => news.compressed(agreed)?,
        };
        let pushed = self.outlet.push(frames);
        if let (Ok(()), Some((_, last))) = (pushed, revs) {
            hearing.rev = last;
        }
        Some(pushed.map_err(Closed::from))
    }

    fn pass_on_all(&self, hearing: &mut Hearing, news: &Batch) -> Result<(), (Closed, usize)> {
        if news.lagged() {
            return Err((Closed::Missed { lagged: true }, 0));
        }
        if let Some(done) = self.pass_on_as_is(hearing, news) {
            return done.map_err(|closed| (closed, 0));
        }
        let mut events = news.events().iter().enumerate();
        let passed = events.try_for_each(|(number, event)| {
            let passed = self.pass_on(hearing, event);
            passed.map_err(|closed| (closed, number))
        });
        self.outlet.flush();
        passed
    }

    fn lock(&self) -> MutexGuard<'_, Hearing> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Ear {
    fn hear(&self, news: &Batch) {
        let mut hearing = self.lock();
        if hearing.gone {
            return;
        }
        if !hearing.open {
            hearing.lost |= news.lagged();
            hearing.hold(news.events());
            return;
        }
        let passed = self.pass_on_all(&mut hearing, news);
        if let Err((closed, from)) = passed {
            hearing.open = false;
            hearing.hold(&news.events()[from..]);
            self.outlet.call(Call::Ear(self.room, closed));
        }
    }

    fn deafened(&self) {
        self.outlet
            .call(Call::End(End::Close(CloseReason::Internal)));
    }

    fn leave(&self) {
        let mut hearing = self.lock();
        hearing.gone = true;
        hearing.held = Vec::new();
    }

    fn is_gone(&self) -> bool {
        self.lock().gone
    }
}

impl Hearing {
    fn hold(&mut self, events: &[RoomEvent]) {
        if self.held.len() + events.len() > MOST_HELD {
            self.lost = true;
        }
        if self.lost {
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(events);
        }
    }
}

impl Heard {
    pub(super) fn new(ear: Arc<Ear>, listening: Listening) -> Self {
        Self {
            ear,
            _listening: listening,
        }
    }
}

impl From<Full> for Closed {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}
