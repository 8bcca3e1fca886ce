//! One WebSocket connection. It never names HTTP.
//!
//! Events of its rooms reach a connection through its delivery gates: a room's fan-out task writes to the socket itself. The
//! connection's own task has two halves that do not wait for each other. The reader turns frames into commands; the driver
//! does what takes more than one write, such as reading missed messages from the store.

mod codec;
mod delivery_gate;
mod driver;
mod events;
mod frame_encoder;
mod heartbeat;
mod lines;
mod outbound;
mod reader;
mod room_subscriptions;
mod terminal;

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
    hub::{ForcedDisconnect, Registration, connections::ControlQueue},
    protocol::{CloseReason, DeflateParams},
};
use codec::{Decoder, Incoming};
use driver::ConnectionDriver;
use events::Disconnect;
use frame_encoder::FrameEncoder;
pub use heartbeat::Heartbeat;
use outbound::Outbound;
use reader::Reader;
use terminal::TerminalState;

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
    /// Permits to read from the store for a connection that opens or catches up. Live messages wait for few of them, however
    /// many connections return at once.
    pub read_permits: Arc<Semaphore>,
    /// Pings all connections.
    pub heartbeat: Arc<Heartbeat>,
    /// Where people reach the server, without a slash at the end; empty if that is not known.
    pub origin: Arc<str>,
}

impl Context {
    /// Makes the permits: enough to keep the store's readers busy.
    #[must_use]
    pub fn read_permits() -> Arc<Semaphore> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Semaphore::new(4 * cores))
    }

    /// Waits for a permit. Drop it before sending: a peer that takes nothing would block other connections.
    async fn acquire_read_permit(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed; without a permit the read would only be less fair.
        self.read_permits.clone().acquire_owned().await.ok()
    }
}

/// Parameters of a new connection.
pub struct ConnectionSetup {
    /// The caller.
    pub caller: Caller,
    /// Its place in the directory of connections.
    pub registration: Registration,
    /// Rooms that it receives.
    pub scope: Scope,
    /// Name of its one room, for a user who leaves the room during the handshake.
    pub name: String,
    /// Frames or lines.
    pub mode: ProtocolMode,
    /// The time zone of a terminal.
    pub zone: TimeZone,
    /// Whether large messages go over it compressed.
    pub deflate: Option<DeflateParams>,
}

/// Rooms that a connection receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every room of its user.
    All,
    /// One room.
    Room(RoomId),
}

/// Protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolMode {
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
    outbound: Arc<Outbound>,
    decoder: Decoder,
    controls: Arc<ControlQueue>,
    writer: ConnectionDriver,
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
        setup: Box<ConnectionSetup>,
    ) -> Box<Self> {
        let ConnectionSetup {
            caller,
            registration,
            scope,
            name,
            mode,
            zone,
            deflate,
        } = *setup;
        let stall = Duration::from_millis(context.timing.stall_ms);
        let outbound = Arc::new(Outbound::new(stream, stall));
        context.heartbeat.add(&outbound);
        let mut decoder = Decoder::new(context.limits.frame_bytes, deflate.is_some());
        decoder.feed(leftover);
        let terminal = matches!(mode, ProtocolMode::Text(_)).then(|| {
            let (origin, now) = (context.origin.clone(), Timestamp::now());
            Box::new(TerminalState::new(zone, origin, now))
        });
        let encoder = Arc::new(FrameEncoder::new(mode, caller, deflate, terminal));
        let controls = registration.controls.clone();
        let mut writer = ConnectionDriver::new(
            context.clone(),
            scope,
            encoder.clone(),
            registration,
            outbound.clone(),
        );
        writer.subscribe_initial(&name);
        let reader = Reader::new(context, scope, encoder, outbound.clone());
        Box::new(Self {
            outbound,
            decoder,
            controls,
            writer,
            reader,
        })
    }

    /// Serves it to its end. What is done once is boxed, for an idle connection pays for the rest.
    pub async fn serve(mut self: Box<Self>) {
        let end = self.run().await;
        Box::pin(self.finish(end)).await;
    }

    /// Speaks until the connection ends, then says goodbye.
    async fn run(&mut self) -> Disconnect {
        let Self {
            decoder,
            controls,
            writer,
            reader,
            ..
        } = self;
        // Whatever it is in the middle of, a write to a peer that does not read among them.
        tokio::select! {
            biased;
            over = controls.disconnected() => Disconnect::Close(match over {
                ForcedDisconnect::Ended => CloseReason::SessionEnded,
                ForcedDisconnect::Overflow => CloseReason::TooSlow,
            }),
            end = async {
                if let Err(end) = Box::pin(writer.open()).await {
                    return end;
                }
                tokio::select! {
                    end = writer.run() => end,
                    () = reader.listen(decoder) => Disconnect::ConnectionLost,
                }
            } => end,
        }
    }

    /// Says goodbye, and ends the TCP stream in order: closing it with bytes unread would reset it, and
    /// the peer could lose the close frame that is on its way.
    async fn finish(self: Box<Self>, end: Disconnect) {
        let Self {
            outbound,
            mut decoder,
            writer,
            reader,
            ..
        } = *self;
        // The user is gone from here on, however long the peer takes to answer.
        writer.finish(end).await;
        drop(reader);
        if let Disconnect::Close(_) = end {
            // A close is answered by a close.
            let answer = async {
                loop {
                    match decoder.next() {
                        Ok(Some(Incoming::Close(_))) | Err(_) => return,
                        // Frames that were sent before the peer saw our close.
                        Ok(Some(_)) => {}
                        Ok(None) if matches!(outbound.read(&mut decoder).await, Ok(true)) => {}
                        Ok(None) => return,
                    }
                }
            };
            let _ = timeout(CLOSE_GRACE, answer).await;
        }
        outbound.shutdown_write();
        let _ = timeout(CLOSE_GRACE, outbound.drain_peer()).await;
    }
}
