//! One WebSocket connection: a reader, a writer and a feed. It never knows HTTP.
//!
//! What happens in its rooms reaches a connection through its ears: a room's task writes to it
//! there and then, whatever the connection's own task is about. That one has two halves that do not
//! wait for each other: the reader turns frames into commands; the writer does what takes more than
//! a write, such as reading from the store what was missed.

mod codec;
mod dialect;
mod ear;
mod events;
mod feed;
mod lines;
mod outlet;
mod pulse;
mod reader;
mod terminal;
mod writer;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    chat::{Caller, Chat},
    config::{Limits, Timing},
    domain::{RoomId, Seq, TimeZone, Timestamp},
    hub::{Over, Registration, connections::Words},
    protocol::{Agreed, CloseReason},
};
use codec::{Decoder, Incoming};
use dialect::Voice;
use events::End;
use outlet::Outlet;
pub use pulse::Pulse;
use reader::Reader;
use terminal::TerminalState;
use writer::Writer;

/// A peer gets this long to answer a close before its connection is cut.
const CLOSE_GRACE: Duration = Duration::from_secs(1);
/// What every connection shares.
pub struct Context {
    /// The chat.
    pub chat: Chat,
    /// Sizes.
    pub limits: Arc<Limits>,
    /// Times.
    pub timing: Arc<Timing>,
    /// Cancelled when the server goes away.
    pub draining: CancellationToken,
    /// Whose turn it is to read from the store for a connection that opens or catches up. However many
    /// come back at once, what is live waits for a few of them at most.
    pub turns: Arc<Semaphore>,
    /// Who pings them.
    pub pulse: Arc<Pulse>,
    /// Where people reach the server, without a slash at the end; empty if that is not known.
    pub origin: Arc<str>,
}

impl Context {
    /// So many may read at once for their connections: enough to keep the store's readers busy.
    #[must_use]
    pub fn turns() -> Arc<Semaphore> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Semaphore::new(4 * cores))
    }

    /// Waits for a turn. It ends when what this returns is dropped, which must be before anything is sent: a
    /// peer that takes nothing would hold everybody up.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes the semaphore; without a turn it would only be less fair.
        self.turns.clone().acquire_owned().await.ok()
    }
}

/// What a connection was opened for.
pub struct Opening {
    /// Who opened it.
    pub caller: Caller,
    /// Its place in the directory of connections.
    pub registration: Registration,
    /// What it hears.
    pub scope: Scope,
    /// What the one room was called that it hears; who comes out of it while coming in is told so.
    pub name: String,
    /// How it speaks.
    pub dialect: Dialect,
    /// The time zone of a terminal.
    pub zone: TimeZone,
    /// Whether large messages go over it compressed.
    pub agreed: Option<Agreed>,
}

/// What a connection hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every room of its user.
    All,
    /// One room.
    Room(RoomId),
}

/// How a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// JSON frames.
    Json,
    /// Lines of text.
    Text(TextOptions),
}

/// What a person at a terminal asked for in the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Show one's own lines too.
    pub echo: bool,
    /// Show each message's number.
    pub numbers: bool,
    /// Show everything after this message first.
    pub since: Option<Seq>,
    /// Show the last so many messages first.
    pub history: usize,
    /// The address states the epoch of another database.
    pub other_epoch: bool,
}

/// One connection, from the end of its handshake to the end of its TCP stream.
pub struct Connection {
    outlet: Arc<Outlet>,
    decoder: Decoder,
    words: Arc<Words>,
    writer: Writer,
    reader: Reader,
}

impl Connection {
    /// A connection over `stream`; `leftover` is what the client sent right behind its handshake.
    ///
    /// Boxed, as its opening is: what is handed from one future to the next takes room in each.
    #[must_use]
    #[expect(clippy::boxed_local, reason = "its caller is such a future")]
    pub fn new(
        stream: TcpStream,
        leftover: &Bytes,
        context: Arc<Context>,
        opening: Box<Opening>,
    ) -> Box<Self> {
        let Opening {
            caller,
            registration,
            scope,
            name,
            dialect,
            zone,
            agreed,
        } = *opening;
        let stall = Duration::from_millis(context.timing.stall_ms);
        let outlet = Arc::new(Outlet::new(stream, stall));
        context.pulse.add(&outlet);
        let mut decoder = Decoder::new(context.limits.frame_bytes, agreed.is_some());
        decoder.feed(leftover);
        let terminal = matches!(dialect, Dialect::Text(_)).then(|| {
            let (origin, now) = (context.origin.clone(), Timestamp::now());
            Box::new(TerminalState::new(zone, origin, now))
        });
        let voice = Arc::new(Voice::new(dialect, caller, agreed, terminal));
        let words = registration.words.clone();
        let mut writer = Writer::new(
            context.clone(),
            scope,
            voice.clone(),
            registration,
            outlet.clone(),
        );
        writer.hear_only(&name);
        let reader = Reader::new(context, scope, voice, outlet.clone());
        Box::new(Self {
            outlet,
            decoder,
            words,
            writer,
            reader,
        })
    }

    /// Serves it to its end. What is done once is boxed, for an idle connection pays for the rest.
    pub async fn serve(mut self: Box<Self>) {
        let end = self.converse().await;
        Box::pin(self.finish(end)).await;
    }

    /// Speaks until the connection ends, then says goodbye.
    async fn converse(&mut self) -> End {
        let Self {
            decoder,
            words,
            writer,
            reader,
            ..
        } = self;
        // Whatever it is in the middle of, a write to a peer that does not read among them.
        tokio::select! {
            biased;
            over = words.over() => End::Close(match over {
                Over::Ended => CloseReason::SessionEnded,
                Over::Overflow => CloseReason::TooSlow,
            }),
            end = async {
                if let Err(end) = Box::pin(writer.open()).await {
                    return end;
                }
                tokio::select! {
                    end = writer.talk() => end,
                    () = reader.listen(decoder) => End::Gone,
                }
            } => end,
        }
    }

    /// Says goodbye, and ends the TCP stream in order: closing it with bytes unread would reset it, and
    /// the peer could lose the close frame that is on its way.
    async fn finish(self: Box<Self>, end: End) {
        let Self {
            outlet,
            mut decoder,
            writer,
            reader,
            ..
        } = *self;
        // The user is gone from here on, however long the peer takes to answer.
        writer.say_goodbye(end).await;
        drop(reader);
        if let End::Close(_) = end {
            // A close is answered by a close.
            let answer = async {
                loop {
                    match decoder.next() {
                        Ok(Some(Incoming::Close(_))) | Err(_) => return,
                        // What it said before it heard us.
                        Ok(Some(_)) => {}
                        Ok(None) if matches!(outlet.read(&mut decoder).await, Ok(true)) => {}
                        Ok(None) => return,
                    }
                }
            };
            let _ = timeout(CLOSE_GRACE, answer).await;
        }
        outlet.shut();
        let _ = timeout(CLOSE_GRACE, outlet.read_out()).await;
    }
}
