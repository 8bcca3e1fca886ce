//! Everything that comes in over one connection: frames to commands, commands to use cases.

mod commands;
mod typed;

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{
    Context, Scope,
    codec::{Decoder, Incoming},
    dialect::Voice,
    events::{Call, End},
    outlet::Outlet,
};
use crate::{
    chat::{ChatError, PendingPost},
    domain::{Draft, RoomId},
    protocol::{CloseReason, wire},
};

/// Messages of one connection that may be on their way to the disk.
const IN_FLIGHT: usize = 64;
/// Refusals for speed, and frames that are no commands, before the connection is closed.
const PATIENCE: u32 = 100;

pub(super) struct Reader {
    context: Arc<Context>,
    scope: Scope,
    voice: Arc<Voice>,
    outlet: Arc<Outlet>,
    /// Answers to messages that are on their way to the disk.
    in_flight: InFlight,
    /// Lines sent so far, for their keys.
    lines: u64,
    /// Those refusals, less the messages that were taken since.
    refusals: u32,
}

/// The reader has nothing more to do.
struct Done;

type Answer = BoxFuture<'static, Option<String>>;

/// Answers that are still to come, in the order in which they come. It takes no memory while there are
/// none.
#[derive(Default)]
struct InFlight(Option<FuturesUnordered<Answer>>);

impl InFlight {
    fn push(&mut self, answer: Answer) {
        self.0.get_or_insert_default().push(answer);
    }

    fn len(&self) -> usize {
        self.0.as_ref().map_or(0, FuturesUnordered::len)
    }

    /// The next answer; `None` if there is none to come. Cancelling it loses nothing.
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
        voice: Arc<Voice>,
        outlet: Arc<Outlet>,
    ) -> Self {
        let in_flight = InFlight::default();
        Self {
            context,
            scope,
            voice,
            outlet,
            in_flight,
            lines: 0,
            refusals: 0,
        }
    }

    /// Reads until there is nothing more to do; then the writer ends the connection.
    pub(super) async fn listen(&mut self, decoder: &mut Decoder) {
        while self.step(decoder).await.is_ok() {}
        self.outlet.flush();
        std::future::pending::<()>().await;
    }

    async fn step(&mut self, decoder: &mut Decoder) -> Result<(), Done> {
        if self.in_flight.len() < IN_FLIGHT {
            match decoder.next() {
                Ok(Some(incoming)) => return self.take(incoming).await,
                Ok(None) => {}
                Err(reason) => return self.end(End::Close(reason)).await,
            }
        }
        // Answers that came together leave together.
        self.outlet.flush();
        let may_read = self.in_flight.len() < IN_FLIGHT;
        tokio::select! {
            biased;
            () = self.context.draining.cancelled() => {
                Box::pin(self.settle()).await;
                self.ask(Call::Drain).await
            }
            Some(answer) = self.in_flight.next() => {
                self.pass(answer).await?;
                while let Some(Some(answer)) = self.in_flight.next().now_or_never() {
                    self.pass(answer).await?;
                }
                Ok(())
            }
            read = self.outlet.read(decoder), if may_read => match read {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => self.end(End::Gone).await,
            },
        }
    }

    async fn take(&mut self, incoming: Incoming) -> Result<(), Done> {
        let text = match incoming {
            Incoming::Text(text) => text,
            Incoming::Ping(payload) => {
                let pong = wire::pong(&payload);
                return self.outlet.send_patiently(pong).await.map_err(|_| Done);
            }
            Incoming::Pong => return Ok(()),
            Incoming::Close(code) => return self.end(End::Closed(code)).await,
        };
        // Boxed, for a connection that is silent should not hold room for what it might say.
        match (self.voice.text_options(), self.scope) {
            (Some(_), Scope::Room(room)) => Box::pin(self.line(room, &text)).await,
            _ => Box::pin(self.command(&text)).await,
        }
    }

    /// Queues a message. What is none takes nothing from the limit of messages, and so counts as
    /// anything else that is asked for: nobody is refused as often as they like.
    fn submit(
        &self,
        room: RoomId,
        draft: Result<Draft, ChatError>,
    ) -> Result<PendingPost, ChatError> {
        let chat = &self.context.chat;
        match draft {
            Ok(draft) => chat.submit(self.voice.caller(), room, draft),
            Err(error) => {
                chat.admit(self.voice.caller())?;
                Err(error)
            }
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
        let answer = Voice::refused(key, room, error);
        self.say_refusal(error, answer).await
    }

    /// Answers a refusal, unless it is one too many.
    async fn say_refusal(&mut self, error: &ChatError, answer: String) -> Result<(), Done> {
        let is_unsound = matches!(
            error,
            ChatError::RateLimited(_) | ChatError::ReadOnly | ChatError::OutOfScope(_)
        );
        if is_unsound && self.is_tried() {
            return self.end(End::Close(CloseReason::TooFast)).await;
        }
        if let ChatError::Internal(detail) = error {
            tracing::error!(error = %detail, "command failed");
        }
        self.say(answer).await
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

    async fn say(&mut self, text: impl AsRef<str>) -> Result<(), Done> {
        let frame = self.voice.lines(text.as_ref());
        self.outlet.send_patiently(frame).await.map_err(|_| Done)
    }

    /// Hands over to the writer. After a call that ends the connection there is no more to do.
    async fn ask(&mut self, call: Call) -> Result<(), Done> {
        let last = matches!(call, Call::End(_) | Call::Quit | Call::Drain);
        self.outlet.call_patiently(call).await;
        if last { Err(Done) } else { Ok(()) }
    }

    async fn end(&mut self, end: End) -> Result<(), Done> {
        self.ask(Call::End(end)).await
    }

    fn hears(&self, room: RoomId) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Room(only) => only == room,
        }
    }
}
