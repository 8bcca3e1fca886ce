//! Everything that comes in over one connection: frames to commands, commands to use cases.

mod commands;
mod typed;

use std::time::Duration;

use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{FuturesUnordered, SplitStream},
};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error as WsError, Message, error::CapacityError},
};
use tokio_util::sync::CancellationToken;

use super::{CLOSE_GRACE, Context, Scope, dialect::Voice, writer::Request};
use crate::{
    chat::{Caller, ChatError},
    domain::RoomId,
    protocol::CloseReason,
};

/// Messages of one connection that may be on their way to the disk.
const IN_FLIGHT: usize = 64;
/// Refusals for speed, and frames that are no commands, before the connection is closed.
const PATIENCE: u32 = 100;

pub(super) type Stream = SplitStream<WebSocketStream<TcpStream>>;

pub(super) struct Reader {
    context: Context,
    caller: Caller,
    scope: Scope,
    voice: Voice,
    requests: mpsc::Sender<Request>,
    /// Answers to messages that are on their way to the disk.
    in_flight: FuturesUnordered<BoxFuture<'static, Option<String>>>,
    /// Lines sent so far, for their keys.
    lines: u64,
    /// Those refusals, less the messages that were taken since.
    refusals: u32,
}

/// The reader has nothing more to do.
struct Done;

impl Reader {
    pub(super) fn new(
        context: Context,
        caller: Caller,
        scope: Scope,
        voice: Voice,
        requests: mpsc::Sender<Request>,
    ) -> Self {
        let in_flight = FuturesUnordered::new();
        Self {
            context,
            caller,
            scope,
            voice,
            requests,
            in_flight,
            lines: 0,
            refusals: 0,
        }
    }

    /// Reads until the peer has closed, or has had its chance to after we have.
    pub(super) async fn run(
        mut self,
        mut stream: Stream,
        said_goodbye: CancellationToken,
        ended: CancellationToken,
    ) -> Stream {
        tokio::select! {
            biased;
            () = ended.cancelled() => {}
            () = self.listen(&mut stream) => {}
            () = said_goodbye.cancelled() => {}
        }
        // The writer may be in the middle of a write; it has its own bounds.
        said_goodbye.cancelled().await;
        // A close is answered by a close: only a stream read to its end was ended in order.
        let _ = timeout(CLOSE_GRACE, async {
            while let Some(Ok(_)) = stream.next().await {}
        })
        .await;
        stream
    }

    async fn listen(&mut self, stream: &mut Stream) {
        let silence = Duration::from_millis(self.context.timing.silence_ms);
        let draining = self.context.draining.clone();
        loop {
            let step = tokio::select! {
                biased;
                () = draining.cancelled() => {
                    self.settle().await;
                    self.ask(Request::Drain).await
                }
                Some(answer) = self.in_flight.next() => self.pass(answer).await,
                frame = timeout(silence, stream.next()), if self.in_flight.len() < IN_FLIGHT => match frame {
                    Ok(Some(Ok(frame))) => self.take(frame).await,
                    Ok(Some(Err(error))) => self.ask(end_of(&error)).await,
                    Ok(None) => self.ask(Request::Gone).await,
                    Err(_) => self.ask(Request::Close(CloseReason::Silent)).await,
                },
            };
            if step.is_err() {
                return;
            }
        }
    }

    async fn take(&mut self, frame: Message) -> Result<(), Done> {
        let text = match frame {
            Message::Text(text) => text,
            // A terminal client may send its lines as binary frames; they are text all the same.
            Message::Binary(bytes) => match bytes.try_into() {
                Ok(text) => text,
                Err(_) => return self.ask(Request::Close(CloseReason::NotUtf8)).await,
            },
            // tungstenite answers pings, and a close with its echo as the stream is read on.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                return Ok(());
            }
        };
        match (self.voice.text_options(), self.scope) {
            (Some(_), Scope::Room(room)) => Box::pin(self.line(room, &text)).await,
            // Boxed, for a connection that is silent should not hold room for what it might say.
            _ => Box::pin(self.command(&text)).await,
        }
    }

    /// Waits for every message that is on its way to the disk, so that each is acked.
    async fn settle(&mut self) {
        while let Some(answer) = self.in_flight.next().await {
            if self.pass(answer).await.is_err() {
                return;
            }
        }
    }

    async fn refuse(
        &mut self,
        key: Option<String>,
        room: Option<RoomId>,
        error: &ChatError,
    ) -> Result<(), Done> {
        let is_unsound = matches!(error, ChatError::RateLimited(_) | ChatError::ReadOnly);
        if is_unsound && self.is_tried() {
            return self.ask(Request::Close(CloseReason::TooFast)).await;
        }
        if let ChatError::Internal(detail) = error {
            tracing::error!(error = %detail, "command failed");
        }
        let refused = self.voice.refused(key, room, error);
        self.say(refused).await
    }

    /// Counts a refusal that a sound client does not bring about, and whether it was one too many.
    fn is_tried(&mut self) -> bool {
        self.refusals += 1;
        self.refusals > PATIENCE
    }

    async fn pass(&mut self, answer: Option<String>) -> Result<(), Done> {
        match answer {
            Some(text) => self.say(text).await,
            None => Ok(()),
        }
    }

    async fn say(&mut self, text: String) -> Result<(), Done> {
        self.ask(Request::Text(text)).await
    }

    /// Hands over to the writer. After a request that ends the connection there is no more to do.
    async fn ask(&mut self, request: Request) -> Result<(), Done> {
        let last = matches!(request, Request::Close(_) | Request::Drain | Request::Gone);
        let taken = self.requests.send(request).await;
        if last || taken.is_err() {
            Err(Done)
        } else {
            Ok(())
        }
    }

    fn hears(&self, room: RoomId) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Room(only) => only == room,
        }
    }
}

/// What a failed read asks of the writer. tungstenite leaves it to us to tell the peer.
fn end_of(error: &WsError) -> Request {
    match error {
        WsError::Protocol(_) => Request::Close(CloseReason::ProtocolError),
        WsError::Utf8(_) => Request::Close(CloseReason::NotUtf8),
        WsError::Capacity(CapacityError::MessageTooLong { .. }) => {
            Request::Close(CloseReason::TooBig)
        }
        _ => Request::Gone,
    }
}
