//! permessage-deflate (RFC 7692): negotiated parameters, compression and decompression.
//!
//! Both sides use no context takeover. A compressed message is therefore identical for all connections, and a
//! connection needs no compressor: each thread has its own.

use std::{cell::RefCell, num::NonZeroU16};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::CloseReason;

/// Name of the extension.
pub const EXTENSION: &str = "permessage-deflate";
/// Largest window size in bits: 2^15 bytes.
pub const MAX_WINDOW_BITS: u8 = 15;
/// Smallest window size in bits that a peer can request.
pub const MIN_WINDOW_BITS: u8 = 8;

/// Maximum number of final DEFLATE blocks before the end of a message.
const MAX_ENDS: u32 = 16;

/// Bytes at the end of every flush, which are omitted on the wire.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Bytes appended to a message before decompression: the omitted tail and an empty final block. The stream ends
/// exactly there only if the message is complete.
const ENDING: [u8; 9] = [0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff];
/// Compression level.
const LEVEL: Compression = Compression::new(2);
/// Smallest initial capacity for a decompressed message.
const FIRST_ROOM: usize = 4096;

thread_local! {
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(LEVEL, false));
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// Negotiated parameters of a connection for compressed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateParams {
    min_bytes: NonZeroU16,
    window_bits: u8,
}

impl DeflateParams {
    /// Creates parameters to compress messages of at least `min_bytes` bytes, for a peer with a window of
    /// `window_bits` bits.
    ///
    /// Returns `None` if `min_bytes` is 0, which disables compression.
    #[must_use]
    pub fn new(min_bytes: usize, window_bits: u8) -> Option<Self> {
        let min_bytes = u16::try_from(min_bytes).unwrap_or(u16::MAX);
        NonZeroU16::new(min_bytes).map(|min_bytes| Self {
            min_bytes,
            window_bits,
        })
    }

    /// Returns whether a message of this length may be compressed.
    ///
    /// The compressor always uses the largest window. A message no larger than the peer's window cannot refer
    /// beyond it; larger messages stay uncompressed.
    #[must_use]
    pub fn is_compressible(self, length: usize) -> bool {
        length >= usize::from(self.min_bytes.get())
            && (self.has_full_window() || length <= 1 << self.window_bits)
    }

    /// Returns whether the peer has the largest window.
    #[must_use]
    pub fn has_full_window(self) -> bool {
        self.window_bits >= MAX_WINDOW_BITS
    }

    /// Returns these parameters for a peer with the largest window.
    #[must_use]
    pub fn with_full_window(self) -> Self {
        Self {
            window_bits: MAX_WINDOW_BITS,
            ..self
        }
    }
}

/// Compresses one message. Returns `None` if the result is not smaller.
#[must_use]
pub fn deflate(payload: &[u8]) -> Option<Vec<u8>> {
    // The result is only useful if it fits this capacity. The tail is extra, because it is removed.
    let mut small = Vec::with_capacity(payload.len() + TAIL.len());
    let is_whole = COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let done = compress.compress_vec(payload, &mut small, FlushCompress::Sync);
        // With spare capacity, the compressor has written all of its output.
        let is_whole = done.is_ok() && small.len() < small.capacity() && small.ends_with(&TAIL);
        if !is_whole {
            // `reset` does not discard all unwritten output. Remains of several messages fill the buffer of zlib-rs
            // 0.6, which then panics.
            *compress = Compress::new(LEVEL, false);
        }
        is_whole
    });
    small.truncate(small.len().saturating_sub(TAIL.len()));
    (is_whole && small.len() < payload.len()).then_some(small)
}

/// Decompresses one message of at most `limit` bytes.
///
/// # Errors
/// [`CloseReason::TooBig`] if the message is larger; memory use stays little above `limit` bytes.
/// [`CloseReason::Garbled`] if it is not valid.
pub fn inflate(mut payload: Vec<u8>, limit: usize) -> Result<Vec<u8>, CloseReason> {
    payload.reserve_exact(ENDING.len());
    payload.extend_from_slice(&ENDING);
    DECOMPRESS.with_borrow_mut(|decompress| {
        decompress.reset(false);
        inflate_by(decompress, &payload, limit)
    })
}

fn inflate_by(
    decompress: &mut Decompress,
    mut rest: &[u8],
    limit: usize,
) -> Result<Vec<u8>, CloseReason> {
    // One byte more than the limit, to detect a message that exceeds it.
    let max_capacity = limit.saturating_add(1);
    let mut text = Vec::with_capacity(FIRST_ROOM.max(rest.len()).min(max_capacity));
    let mut ends = 0;
    loop {
        if text.len() == text.capacity() {
            let room = text.capacity().saturating_mul(2).min(max_capacity);
            text.reserve_exact(room.saturating_sub(text.len()).max(1));
        }
        let (read, written) = (decompress.total_in(), text.len());
        let status = decompress.decompress_vec(rest, &mut text, FlushDecompress::Sync);
        let status = status.map_err(|_| CloseReason::Garbled)?;
        if text.len() > limit {
            return Err(CloseReason::TooBig);
        }
        let read = usize::try_from(decompress.total_in() - read).unwrap_or(usize::MAX);
        let is_stuck = read == 0 && text.len() == written;
        rest = rest.get(read..).unwrap_or_default();
        match status {
            // A peer may end its stream with a final block, with or without another block after it.
            Status::StreamEnd if rest.is_empty() || rest == ENDING => return Ok(text),
            // Regular peers do not end the stream repeatedly. Each end costs more time than its bytes account
            // for.
            Status::StreamEnd if ends == MAX_ENDS => return Err(CloseReason::Garbled),
            Status::StreamEnd => {
                ends += 1;
                decompress.reset(false);
            }
            // No progress despite free capacity and remaining input: the message is incomplete.
            Status::Ok | Status::BufError if is_stuck => return Err(CloseReason::Garbled),
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn message_of_many_ended_streams_is_refused() {
        let often = |times| [0x03, 0x00].repeat(times);
        assert_eq!(inflate(often(10), 100), Ok(Vec::new()));
        assert_eq!(inflate(often(30), 100), Err(CloseReason::Garbled));
    }

    /// Examples of RFC 7692, section 7.2.3.
    #[test]
    fn rfc_examples_inflate() {
        let cases: [&[u8]; 5] = [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            &[
                0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
            ],
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            &[
                0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
            ],
            // The stream ends with a final block and has no empty block after it.
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        ];
        for bytes in cases {
            assert_eq!(
                inflate(bytes.to_vec(), 5),
                Ok(b"Hello".to_vec()),
                "{bytes:x?}"
            );
            assert_eq!(inflate(bytes.to_vec(), 4), Err(CloseReason::TooBig));
        }
        assert_eq!(inflate(vec![0x00], 10), Ok(Vec::new()), "an empty message");
    }

    #[test]
    fn truncated_message_is_refused() {
        let whole = deflate(&b"what is said again and again ".repeat(50)).unwrap();
        let mut read = 0;
        for length in 0..whole.len() {
            read += usize::from(inflate(whole[..length].to_vec(), 10_000).is_ok());
        }
        assert_eq!(read, 0);
        // The data refers to bytes before its start.
        assert_eq!(
            inflate(vec![0xf2, 0x00, 0x11, 0x00, 0x00], 100),
            Err(CloseReason::Garbled)
        );
    }

    #[test]
    fn inflation_stops_at_the_limit() {
        let bomb = deflate(&vec![b'x'; 50_000_000]).unwrap();
        assert!(bomb.len() < 500_000);
        assert_eq!(inflate(bomb, 65_536), Err(CloseReason::TooBig));
    }

    #[test]
    fn incompressible_message_stays_uncompressed() {
        let mut noise = vec![0; 2000];
        getrandom::fill(&mut noise).unwrap();
        assert_eq!(deflate(&noise), None);
        assert_eq!(deflate(b""), None);
    }

    #[test]
    fn compression_works_after_many_incompressible_messages_in_a_row() {
        let mut noise = vec![0; 2000];
        for _ in 0..200 {
            getrandom::fill(&mut noise).unwrap();
            assert_eq!(deflate(&noise), None);
        }
        let text = b"a sentence that repeats; ".repeat(20);
        let small = deflate(&text).unwrap();
        assert_eq!(inflate(small, text.len()), Ok(text));
    }

    #[test]
    fn small_window_limits_the_message_size() {
        let small = DeflateParams::new(1000, 10).unwrap();
        let compressible = [999, 1000, 1024, 1025].map(|length| small.is_compressible(length));
        assert_eq!(compressible, [false, true, true, false]);
        assert!(small.with_full_window().is_compressible(100_000));
        assert_eq!(DeflateParams::new(0, 15), None);
    }

    proptest! {
        #[test]
        fn deflated_message_inflates_to_itself(text in "(a|b|ab|ü|[ -~]){1,1000}") {
            if let Some(small) = deflate(text.as_bytes()) {
                prop_assert!(small.len() < text.len());
                prop_assert_eq!(inflate(small.clone(), text.len()), Ok(text.clone().into_bytes()));
                prop_assert_eq!(inflate(small, text.len() - 1), Err(CloseReason::TooBig));
            }
        }

        #[test]
        fn each_message_of_a_series_inflates_to_itself(
            messages in proptest::collection::vec(prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..3000),
                "[ab ]{0,3000}".prop_map(String::into_bytes),
            ], 1..40),
        ) {
            for message in messages {
                if let Some(small) = deflate(&message) {
                    prop_assert_eq!(inflate(small, message.len()), Ok(message));
                }
            }
        }

        #[test]
        fn damaged_message_inflates_within_the_limit_or_is_refused(
            text in "[ab ]{50,3000}",
            at: proptest::sample::Index,
            byte: u8,
        ) {
            let mut small = deflate(text.as_bytes()).unwrap();
            let at = at.index(small.len());
            small[at] = byte;
            if let Ok(text) = inflate(small, 1000) {
                prop_assert!(text.len() <= 1000);
            }
        }

        #[test]
        fn arbitrary_bytes_inflate_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(text) = inflate(bytes, 1000) {
                prop_assert!(text.len() <= 1000);
            }
        }
    }
}
