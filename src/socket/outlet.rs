//! The way out: frames joined as long as more are ready, and no write that waits for ever.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use futures_util::{SinkExt, stream::SplitSink};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Bytes, Message, Utf8Bytes,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::CLOSE_GRACE;
use crate::protocol::CloseReason;

pub(super) type Sink = SplitSink<WebSocketStream<TcpStream>, Message>;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We close it, and say why.
    Close(CloseReason),
    /// There is nobody to say it to.
    Gone,
}

/// What goes out, in order.
pub(super) struct Outlet {
    sink: Sink,
    stall: Duration,
    /// Whether something was handed over that may not have left yet.
    unflushed: bool,
}

impl Outlet {
    pub(super) fn new(sink: Sink, stall: Duration) -> Self {
        Self {
            sink,
            stall,
            unflushed: false,
        }
    }

    pub(super) fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// Hands a frame over. It leaves with the next [`flush`](Self::flush), or before, once enough
    /// has come together.
    pub(super) async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), End> {
        self.unflushed = true;
        let sent = self.sink.feed(Message::Text(text.into()));
        within(self.stall, sent).await
    }

    pub(super) async fn ping(&mut self) -> Result<(), End> {
        self.unflushed = true;
        within(self.stall, self.sink.feed(Message::Ping(Bytes::new()))).await
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        self.unflushed = false;
        within(self.stall, self.sink.flush()).await
    }

    /// Says goodbye, if the peer will hear it soon.
    pub(super) async fn close(&mut self, reason: CloseReason) {
        let frame = CloseFrame {
            code: CloseCode::from(reason.code()),
            reason: reason.words().into(),
        };
        let _ = timeout(CLOSE_GRACE, self.sink.send(Message::Close(Some(frame)))).await;
    }

    pub(super) fn into_sink(self) -> Sink {
        self.sink
    }
}

async fn within<E>(stall: Duration, write: impl Future<Output = Result<(), E>>) -> Result<(), End> {
    let mut write = pin!(write);
    // Nearly every write is done at once, and needs no clock.
    let written = match poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await {
        Poll::Ready(written) => Ok(written),
        Poll::Pending => timeout(stall, write).await,
    };
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Close(CloseReason::TooSlow)),
    }
}
