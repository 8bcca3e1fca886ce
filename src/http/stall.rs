//! Time limit for clients that do not read their answer. hyper has none, and would keep the connection and the rest of
//! the answer.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A stream whose writes fail once the peer has taken nothing for `patience`. Each byte taken restarts the time, so
/// slow readers are not cut off.
pub(super) struct WriteTimeoutStream<S> {
    stream: S,
    patience: Duration,
    /// Created when a write has to wait, so that idle connections have no timer.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeoutStream<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            deadline: None,
        }
    }

    /// Returns the inner stream, for a WebSocket, which has its own time limits.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    /// Passes on the result of a write, or fails if the write has waited too long.
    fn limit<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let patience = self.patience;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer takes nothing of its answer",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.limit(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.limit(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    // Flushing and closing a TCP stream never wait for the peer, so they need no limit.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::{Instant, advance},
    };

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);
    const ALMOST: Duration = Duration::from_secs(29);

    // Time is paused in these tests and advances only while a future waits.

    #[tokio::test(start_paused = true)]
    async fn client_that_reads_nothing_is_disconnected() {
        let (ours, _theirs) = duplex(4);
        let mut ours = WriteTimeoutStream::new(ours, PATIENCE);
        let began = Instant::now();
        let error = ours.write_all(b"an answer").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let took = began.elapsed();
        assert!(
            took >= PATIENCE && took < PATIENCE + Duration::from_secs(1),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn slow_client_receives_everything() {
        let (ours, mut theirs) = duplex(4);
        let mut ours = WriteTimeoutStream::new(ours, PATIENCE);
        let began = Instant::now();
        let reading = tokio::spawn(async move {
            let mut read = Vec::new();
            while read.len() < 26 {
                advance(ALMOST).await;
                read.push(theirs.read_u8().await.unwrap());
            }
            read
        });
        ours.write_all(b"abcdefghijklmnopqrstuvwxyz").await.unwrap();
        assert_eq!(reading.await.unwrap(), b"abcdefghijklmnopqrstuvwxyz");
        assert!(began.elapsed() > PATIENCE * 10);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_keep_alive_connection_stays_open() {
        let (ours, mut theirs) = duplex(4);
        let mut ours = WriteTimeoutStream::new(ours, PATIENCE);
        ours.write_all(b"abcd").await.unwrap();
        advance(PATIENCE * 10).await;
        let mut read = [0; 4];
        theirs.read_exact(&mut read).await.unwrap();
        ours.write_all(b"efgh").await.unwrap();
    }
}
