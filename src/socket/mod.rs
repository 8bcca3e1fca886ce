//! One WebSocket connection: a reader, a writer and a feed. It never knows HTTP.
//!
//! Reader and writer are tasks of their own, so that a peer that stops reading cannot keep us from
//! hearing it, and one that stops writing cannot keep us from telling it. The reader turns frames
//! into commands; the writer owns everything that goes out, in one order.

mod dialect;
mod feed;
mod lines;
mod outlet;
mod reader;
mod writer;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::{
    io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream, sync::mpsc, task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use crate::{
    chat::{Caller, Chat},
    config::{Limits, Timing},
    domain::{RoomId, Seq},
    hub::Registration,
};
use outlet::Outlet;

/// What the reader may have waiting for the writer.
const REQUESTS: usize = 64;
/// A peer gets this long to answer a close before its connection is cut.
const CLOSE_GRACE: Duration = Duration::from_secs(1);
/// tungstenite fills its whole read buffer with zeros on every poll, so that a small one is fast.
/// What a client says is mostly shorter than this; what is not takes more than one read.
const READ_BUFFER: usize = 1024;
/// Frames that are ready together are joined up to this size, then written in one go. No more than
/// this and one frame is ever held: the outlet hands over a frame only when there is room.
const WRITE_BUFFER: usize = 16 * 1024;

/// What every connection shares.
#[derive(Clone)]
pub struct Context {
    /// The chat.
    pub chat: Chat,
    /// Sizes.
    pub limits: Arc<Limits>,
    /// Times.
    pub timing: Arc<Timing>,
    /// Cancelled when the server goes away.
    pub draining: CancellationToken,
}

/// What a connection was opened for.
pub struct Opening {
    /// Who opened it.
    pub caller: Caller,
    /// Its place in the directory of connections.
    pub registration: Registration,
    /// What it hears.
    pub scope: Scope,
    /// How it speaks.
    pub dialect: Dialect,
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
}

/// Serves one connection from the end of its handshake to the end of its TCP stream.
///
/// `leftover` is what the client sent right behind its handshake.
pub async fn serve(stream: TcpStream, leftover: Bytes, context: Context, opening: Opening) {
    let socket = Box::pin(socket(stream, leftover, &context.limits)).await;
    let ended = opening.registration.ended.clone();
    let (reader, stream, writer, said_goodbye) = parts(socket, context, opening);
    let stream = Box::pin(reader.run(stream, said_goodbye, ended)).await;

    // A writer that panicked took its half with it; the connection is cut by dropping the other.
    let Ok(outlet) = writer.await else { return };
    let Ok(socket) = stream.reunite(outlet.into_sink()) else {
        return;
    };
    let _ = Box::pin(timeout(CLOSE_GRACE, finish(socket.into_inner()))).await;
}

async fn socket(stream: TcpStream, leftover: Bytes, limits: &Limits) -> WebSocketStream<TcpStream> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(limits.frame_bytes))
        .max_frame_size(Some(limits.frame_bytes));
    WebSocketStream::from_partially_read(stream, leftover.into(), Role::Server, Some(config)).await
}

/// Starts the writer, and answers what is needed to read beside it.
fn parts(
    socket: WebSocketStream<TcpStream>,
    context: Context,
    opening: Opening,
) -> (
    reader::Reader,
    reader::Stream,
    JoinHandle<Outlet>,
    CancellationToken,
) {
    let (sink, stream) = socket.split();
    let (requests, queue) = mpsc::channel(REQUESTS);
    let said_goodbye = CancellationToken::new();

    let Opening {
        caller,
        registration,
        scope,
        dialect,
    } = opening;
    let voice = dialect::Voice::new(dialect, caller.user());
    let reader = reader::Reader::new(context.clone(), caller, scope, voice.clone(), requests);
    let outlet = Outlet::new(sink, Duration::from_millis(context.timing.stall_ms));
    let writer = writer::Writer::new(context, caller, scope, voice, registration, queue, outlet);

    let goodbye = said_goodbye.clone().drop_guard();
    let writer = tokio::spawn(async move {
        let outlet = writer.run().await;
        drop(goodbye);
        outlet
    });
    (reader, stream, writer, said_goodbye)
}

/// Ends the TCP stream in order: closing it with bytes unread would reset it, and the peer could
/// lose the close frame that is on its way.
async fn finish(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
}
