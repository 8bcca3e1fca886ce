//! Frames that many connections receive. They are built once and compressed at most once.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::protocol::{DeflateParams, ws_frame};

/// Frames for all connections, and their compressed form once a connection needs it.
#[derive(Debug)]
pub struct SharedFrame {
    plain: Bytes,
    /// `None` inside if compression would not make the frames smaller.
    compressed: OnceLock<Option<Box<Bytes>>>,
}

impl SharedFrame {
    /// Creates frames that are not compressed yet.
    #[must_use]
    pub fn new(plain: Bytes) -> Self {
        Self {
            plain,
            compressed: OnceLock::new(),
        }
    }

    /// Returns the frames for a connection that negotiated `deflate`.
    #[must_use]
    pub fn get(&self, deflate: Option<DeflateParams>) -> &Bytes {
        match deflate {
            Some(deflate) if deflate.is_compressible(self.plain.len()) => {
                // The bytes are the same for every window size that can receive them.
                let compressed = self.compressed.get_or_init(|| {
                    ws_frame::compressed(&self.plain, deflate.with_full_window()).map(Box::new)
                });
                compressed.as_deref().unwrap_or(&self.plain)
            }
            _ => &self.plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_is_compressed_once_for_all_subscribers() {
        let shared = SharedFrame::new(ws_frame::text(&"again ".repeat(1000)));
        let (full, small) = (DeflateParams::new(1024, 15), DeflateParams::new(1024, 10));
        let first = shared.get(full);
        assert!(first.len() < 200);
        assert_eq!(first.as_ptr(), shared.get(full).as_ptr());
        for plain in [small, None] {
            assert_eq!(shared.get(plain).as_ptr(), shared.plain.as_ptr());
        }
    }

    #[test]
    fn small_frame_is_never_compressed() {
        let shared = SharedFrame::new(ws_frame::text("again again again again"));
        assert_eq!(shared.get(DeflateParams::new(1024, 15)), &shared.plain);
        assert!(shared.compressed.get().is_none());
    }

    /// A room keeps many shared frames, so their size matters.
    #[test]
    fn shared_frame_has_little_memory_overhead() {
        assert!(size_of::<SharedFrame>() <= size_of::<Bytes>() + 16);
    }
}
