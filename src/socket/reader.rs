//! Input of one connection: decodes frames into commands and calls the use cases.

mod commands;
mod slash_commands;

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{
    Context, Scope,
    codec::{self, Decoder, Incoming},
    events::{ConnectionEvent, Disconnect},
    frame_encoder::FrameEncoder,
    outbound::Outbound,
};
use crate::{
    chat::{ChatError, PendingPost},
    domain::{Draft, RoomId},
    protocol::{CloseReason, ws_frame},
};

/// Maximum messages of one connection that wait for the disk.
const IN_FLIGHT: usize = 64;
/// Maximum violations, such as exceeded rate limits and invalid frames, before the connection is closed.
const MAX_VIOLATIONS: u32 = 100;

pub(super) struct Reader {
    context: Arc<Context>,
    scope: Scope,
    encoder: Arc<FrameEncoder>,
    outbound: Arc<Outbound>,
    /// Answers to messages that wait for the disk.
    in_flight: InFlight,
    /// Number of lines sent so far, for their keys.
    lines: u64,
    /// Violations so far, less the messages accepted since.
    refusals: u32,
}

/// The reader has ended.
struct ReaderStopped;

type Answer = BoxFuture<'static, Option<String>>;

/// Pending answers, in the order in which they complete. It takes no memory while it is empty.
#[derive(Default)]
struct InFlight(Option<FuturesUnordered<Answer>>);

impl InFlight {
    fn push(&mut self, answer: Answer) {
        self.0.get_or_insert_default().push(answer);
    }

    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// Returns the next answer, or `None` if none is pending. Cancelling it loses nothing.
    async fn next(&mut self) -> Option<Option<String>> {
        let answer = self.0.as_mut()?.next().await;
        if answer.is_none() {
            self.0 = None;
        }
        answer
    }
}

impl Reader {
    pub(super) fn new(
        context: Arc<Context>,
        scope: Scope,
        encoder: Arc<FrameEncoder>,
        outbound: Arc<Outbound>,
    ) -> Self {
        let in_flight = InFlight::default();
        Self {
            context,
            scope,
            encoder,
            outbound,
            in_flight,
            lines: 0,
            refusals: 0,
        }
    }

    /// Reads until the connection ends, then waits for the driver to end it.
    pub(super) async fn listen(&mut self, decoder: &mut Decoder) {
        while self.step(decoder).await.is_ok() {}
        self.outbound.flush();
        std::future::pending::<()>().await;
    }

    async fn step(&mut self, decoder: &mut Decoder) -> Result<(), ReaderStopped> {
        if self.in_flight.len() < IN_FLIGHT {
            match decoder.next() {
                Ok(Some(incoming)) => return self.take(incoming).await,
                Ok(None) => {}
                Err(reason) => return self.end(Disconnect::Close(reason)).await,
            }
        }
        // Answers that completed together are sent in one write.
        self.outbound.flush();
        let may_read = self.in_flight.len() < IN_FLIGHT;
        tokio::select! {
            biased;
            () = self.context.draining.cancelled() => {
                Box::pin(self.await_writes()).await;
                self.post(ConnectionEvent::Drain).await
            }
            Some(answer) = self.in_flight.next() => {
                self.pass(answer).await?;
                while let Some(Some(answer)) = self.in_flight.next().now_or_never() {
                    self.pass(answer).await?;
                }
                Ok(())
            }
            read = self.outbound.read(decoder), if may_read => match read {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => self.end(Disconnect::ConnectionLost).await,
            },
        }
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), ReaderStopped> {
        let text = match incoming {
            Incoming::Text(text) => text,
            // Terminal clients may send lines as binary frames.
            Incoming::Binary(payload) => match codec::text(payload) {
                Ok(text) => text,
                Err(reason) => return self.end(Disconnect::Close(reason)).await,
            },
            Incoming::Ping(payload) => {
                let pong = ws_frame::pong(&payload);
                return self
                    .outbound
                    .send_with_backpressure(pong)
                    .await
                    .map_err(|_| ReaderStopped);
            }
            Incoming::Pong => return Ok(()),
            Incoming::Close(code) => return self.end(Disconnect::PeerClosed(code)).await,
        };
        // The future is boxed, so that a silent connection does not reserve space for it.
        match (self.encoder.text_options(), self.scope) {
            (Some(_), Scope::Room(room)) => Box::pin(self.line(room, &text)).await,
            _ => Box::pin(self.command(&text)).await,
        }
    }

    /// Queues a message. An invalid message does not count against the limit of messages, so it counts against the
    /// limit of requests.
    fn submit(
        &self,
        room: RoomId,
        draft: Result<Draft, ChatError>,
    ) -> Result<PendingPost, ChatError> {
        let chat = &self.context.chat;
        match draft {
            Ok(draft) => chat.submit(self.encoder.caller(), room, draft),
            Err(error) => {
                chat.admit(self.encoder.caller())?;
                Err(error)
            }
        }
    }

    /// Waits for all messages that are being written, so that each is acknowledged.
    async fn await_writes(&mut self) {
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
    ) -> Result<(), ReaderStopped> {
        let answer = FrameEncoder::refused(key, room, error);
        self.say_refusal(error, answer).await
    }

    /// Sends a refusal, or ends the connection after too many violations.
    async fn say_refusal(
        &mut self,
        error: &ChatError,
        answer: String,
    ) -> Result<(), ReaderStopped> {
        let is_unsound = matches!(
            error,
            ChatError::RateLimited(_) | ChatError::ReadOnly | ChatError::OutOfScope(_)
        );
        if is_unsound && self.record_violation() {
            return self.end(Disconnect::Close(CloseReason::TooFast)).await;
        }
        if let ChatError::Internal(detail) = error {
            tracing::error!(error = %detail, "command failed");
        }
        self.say(answer).await
    }

    /// Counts a violation, which a correct client does not cause. Returns whether there were too many.
    fn record_violation(&mut self) -> bool {
        self.refusals += 1;
        self.refusals > MAX_VIOLATIONS
    }

    async fn pass(&mut self, answer: Option<String>) -> Result<(), ReaderStopped> {
        match answer {
            Some(text) => self.say(text).await,
            None => Ok(()),
        }
    }

    async fn say(&mut self, text: impl AsRef<str>) -> Result<(), ReaderStopped> {
        let frame = self.encoder.lines(text.as_ref());
        self.outbound
            .send_with_backpressure(frame)
            .await
            .map_err(|_| ReaderStopped)
    }

    /// Posts an event to the driver. The reader stops after an event that ends the connection.
    async fn post(&mut self, event: ConnectionEvent) -> Result<(), ReaderStopped> {
        let last = matches!(
            event,
            ConnectionEvent::Disconnect(_) | ConnectionEvent::Quit | ConnectionEvent::Drain
        );
        self.outbound.post_event_with_backpressure(event).await;
        if last { Err(ReaderStopped) } else { Ok(()) }
    }

    async fn end(&mut self, end: Disconnect) -> Result<(), ReaderStopped> {
        self.post(ConnectionEvent::Disconnect(end)).await
    }

    fn is_subscribed(&self, room: RoomId) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Room(only) => only == room,
        }
    }
}
