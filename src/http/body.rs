//! Streamed response bodies.

use axum::{BoxError, body::Body};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// Returns a body of these pieces.
///
/// The compression layer polls a body once more after its end. Many streams do not allow that: `unfold` panics. A
/// fused stream ends again.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that fuses the stream"
)]
pub(crate) fn streamed<S, E>(pieces: S) -> Body
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    Body::from_stream(pieces.fuse())
}
