//! Bodies that are sent piece by piece.

use axum::{BoxError, body::Body};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// Returns a body of these pieces.
///
/// The compression of answers polls a body once more after its end, which many streams do not
/// allow: `unfold` panics. A fused stream only ends again.
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
