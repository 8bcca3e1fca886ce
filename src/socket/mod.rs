//! One WebSocket connection. This module does not depend on HTTP.
//!
//! Events of its rooms reach a connection through its delivery gates: a room's fan-out task writes to the socket
//! itself. The connection's own task has two halves that do not wait for each other. The reader turns frames into
//! commands; the driver does what takes more than one write, such as reading missed messages from the store.

pub(crate) mod codec;
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
    hub::{ConnectionGuard, ForcedDisconnect, connections::ControlQueue},
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

/// Time for a peer to answer a close. After it, the TCP stream is dropped.
const CLOSE_GRACE: Duration = Duration::from_secs(1);
/// State that all connections share.
pub struct Context {
    /// The use cases.
    pub chat: Chat,
    /// Limits on sizes and rates.
    pub limits: Arc<Limits>,
    /// Timeouts and intervals.
    pub timing: Arc<Timing>,
    /// Cancelled at the shutdown of the server.
    pub draining: CancellationToken,
    /// Permits for connections that start or catch up to read from the store. There are few, so that live messages are
    /// not delayed when many connections return at once.
    pub read_permits: Arc<Semaphore>,
    /// Pings all connections.
    pub heartbeat: Arc<Heartbeat>,
    /// Public URL of the server, without a slash at the end; empty if it is not set.
    pub origin: Arc<str>,
}

impl Context {
    /// Creates the permits: enough to keep the store's readers busy.
    #[must_use]
    pub fn read_permits() -> Arc<Semaphore> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Arc::new(Semaphore::new(4 * cores))
    }

    /// Waits for a permit. Drop it before sending, because a peer that does not read would block other connections.
    async fn acquire_read_permit(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed; without a permit the read would only be less fair.
        self.read_permits.clone().acquire_owned().await.ok()
    }
}

/// Parameters of a new connection.
pub struct ConnectionSetup {
    /// The caller.
    pub caller: Caller,
    /// Registration in the directory of connections.
    pub registration: ConnectionGuard,
    /// Rooms that it receives.
    pub scope: Scope,
    /// Name of its one room, for a user who leaves the room during the handshake.
    pub name: String,
    /// JSON or lines.
    pub mode: ProtocolMode,
    /// Time zone of a terminal.
    pub zone: TimeZone,
    /// Parameters for compressed messages, if the client supports them.
    pub deflate: Option<DeflateParams>,
}

/// Rooms that a connection receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All rooms of the user.
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

/// Options of a terminal, from the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Show the user's own lines too.
    pub echo: bool,
    /// Show each message's number.
    pub numbers: bool,
    /// Show everything after this message first.
    pub since: Option<Seq>,
    /// Show this number of last messages first.
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
    /// Creates a connection over `stream`. `leftover` holds the bytes that the client sent after its handshake.
    ///
    /// The value is boxed, because a value that moves from one future to the next takes space in each.
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

    /// Serves the connection until it ends. Work that is done once is boxed, because it would enlarge idle connections.
    pub async fn serve(mut self: Box<Self>) {
        let end = self.run().await;
        Box::pin(self.finish(end)).await;
    }

    /// Runs the driver and the reader until the connection ends.
    async fn run(&mut self) -> Disconnect {
        let Self {
            decoder,
            controls,
            writer,
            reader,
            ..
        } = self;
        // This comes first, so that a forced disconnect also interrupts a write to a peer that does not read.
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

    /// Sends the last frames, and ends the TCP stream in order. Closing it with unread bytes would reset it, and the
    /// peer could lose the close frame.
    async fn finish(self: Box<Self>, end: Disconnect) {
        let Self {
            outbound,
            mut decoder,
            writer,
            reader,
            ..
        } = *self;
        // The user goes offline here, even if the peer answers late.
        writer.finish(end).await;
        drop(reader);
        if let Disconnect::Close(_) = end {
            // The peer answers a close frame with a close frame.
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
