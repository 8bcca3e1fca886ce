//! Decoder of WebSocket frames from a client.
//!
//! A connection that is silent, or whose last frame arrived whole, holds no buffer. A compressed message is held
//! compressed until it is complete.

use crate::protocol::{CloseReason, deflate};

/// First reserved bit, which marks a compressed message.
const COMPRESSED: u8 = 0x40;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
/// Maximum payload of a control frame.
const MAX_CONTROL_PAYLOAD: usize = 125;

/// Message or control frame from a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping, which is answered with the same bytes.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// A close, with its code if the client sent one.
    Close(Option<u16>),
}

/// Splits a byte stream into messages.
pub(crate) struct Decoder {
    /// Bytes that are not yet a complete frame.
    bytes: Vec<u8>,
    /// Number of these bytes that are consumed.
    taken: usize,
    /// Payload so far of a fragmented message.
    parts: Option<Vec<u8>>,
    /// Whether the fragmented message is text.
    is_text: bool,
    /// Whether the fragmented message is compressed.
    compressed: bool,
    /// Whether the peer may compress its messages.
    inflates: bool,
    /// Maximum bytes of a message.
    limit: usize,
}

/// Header of a frame.
struct FrameHeader {
    last: bool,
    compressed: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Start and end of the payload.
    start: usize,
    end: usize,
}

impl Decoder {
    pub(crate) fn new(limit: usize, inflates: bool) -> Self {
        Self {
            bytes: Vec::new(),
            taken: 0,
            parts: None,
            is_text: false,
            compressed: false,
            inflates,
            limit,
        }
    }

    /// Adds bytes that were read.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next message if it is complete.
    ///
    /// # Errors
    /// The reason to close the connection. The rest of the stream cannot be decoded.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming>, CloseReason> {
        while let Some(head) = self.head()? {
            let payload = &mut self.bytes[head.start..head.end];
            unmask(payload, head.mask);
            let payload = payload.to_vec();
            self.taken = head.end;
            if self.taken == self.bytes.len() {
                (self.bytes, self.taken) = (Vec::new(), 0);
            }
            if let Some(incoming) = self.take(&head, payload)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    fn take(
        &mut self,
        head: &FrameHeader,
        payload: Vec<u8>,
    ) -> Result<Option<Incoming>, CloseReason> {
        match (head.opcode, &mut self.parts) {
            (PING, _) => Ok(Some(Incoming::Ping(payload))),
            (PONG, _) => Ok(Some(Incoming::Pong)),
            (CLOSE, _) => close_code(&payload).map(|code| Some(Incoming::Close(code))),
            (TEXT | BINARY, None) if head.last => self
                .message(payload, head.opcode == TEXT, head.compressed)
                .map(Some),
            (TEXT | BINARY, parts @ None) => {
                *parts = Some(payload);
                self.is_text = head.opcode == TEXT;
                self.compressed = head.compressed;
                Ok(None)
            }
            (CONTINUATION, Some(parts)) => {
                parts.extend_from_slice(&payload);
                if !head.last {
                    return Ok(None);
                }
                let payload = self.parts.take().unwrap_or_default();
                self.message(payload, self.is_text, self.compressed)
                    .map(Some)
            }
            _ => Err(CloseReason::ProtocolError),
        }
    }

    fn message(
        &self,
        mut payload: Vec<u8>,
        is_text: bool,
        compressed: bool,
    ) -> Result<Incoming, CloseReason> {
        if compressed {
            payload = deflate::inflate(payload, self.limit)?;
        }
        if is_text {
            text(payload).map(Incoming::Text)
        } else {
            Ok(Incoming::Binary(payload))
        }
    }

    /// Parses the header of the next frame if the frame is complete.
    fn head(&self) -> Result<Option<FrameHeader>, CloseReason> {
        let bytes = &self.bytes[self.taken..];
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let (opcode, short) = (first & 0x0f, usize::from(second & 0x7f));
        let last = first & 0x80 != 0;
        let compressed = first & COMPRESSED != 0;
        // Only the first frame of a message states whether the message is compressed.
        let may_compress = self.inflates && matches!(opcode, TEXT | BINARY);
        let reserved = first & 0x30 != 0 || compressed && !may_compress;
        let known = matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
        let is_control = opcode >= CLOSE;
        let masked = second & 0x80 != 0;
        if reserved || !known || !masked || is_control && (!last || short > MAX_CONTROL_PAYLOAD) {
            return Err(CloseReason::ProtocolError);
        }
        let long = match short {
            126 => rest
                .split_first_chunk()
                .map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest)),
            127 => rest
                .split_first_chunk()
                .map(|(length, rest)| (u64::from_be_bytes(*length), rest)),
            short => Some((short as u64, rest)),
        };
        let Some((length, rest)) = long else {
            return Ok(None);
        };
        // A frame that is too long is refused by its header, before any of it is buffered.
        let before = self.parts.as_ref().map_or(0, Vec::len);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let is_packed = compressed || opcode == CONTINUATION && self.compressed;
        let max_length = self.limit + if is_packed { packing(self.limit) } else { 0 };
        if length.saturating_add(before) > max_length && !is_control {
            return Err(CloseReason::TooBig);
        }
        let Some((mask, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        if rest.len() < length {
            return Ok(None);
        }
        let start = self.bytes.len() - rest.len();
        Ok(Some(FrameHeader {
            last,
            compressed,
            opcode,
            mask: *mask,
            start,
            end: start + length,
        }))
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    // The compiler vectorizes this loop over four bytes.
    let (whole, rest) = payload.as_chunks_mut::<4>();
    for four in whole {
        *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask) {
        *byte ^= key;
    }
}

/// Returns the payload of a message as text.
///
/// # Errors
/// [`CloseReason::NotUtf8`] if it is not UTF-8.
pub(crate) fn text(payload: Vec<u8>) -> Result<String, CloseReason> {
    String::from_utf8(payload).map_err(|_| CloseReason::NotUtf8)
}

/// Parses the code of a close frame, which a text may follow.
fn close_code(payload: &[u8]) -> Result<Option<u16>, CloseReason> {
    match payload {
        [] => Ok(None),
        [a, b, words @ ..] => {
            let code = u16::from_be_bytes([*a, *b]);
            let is_known = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            match std::str::from_utf8(words) {
                _ if !is_known => Err(CloseReason::ProtocolError),
                Ok(_) => Ok(Some(code)),
                Err(_) => Err(CloseReason::NotUtf8),
            }
        }
        [_] => Err(CloseReason::ProtocolError),
    }
}

/// Returns how much larger than `limit` an incompressible message can be in compressed form.
fn packing(limit: usize) -> usize {
    limit / 1024 + 64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..=125 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length => {
                frame.push(0xfe);
                frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend_from_slice(&MASK);
        let masked = payload.iter().zip(MASK.iter().cycle());
        frame.extend(masked.map(|(byte, key)| byte ^ key));
        frame
    }

    fn said(text: &str) -> Incoming {
        Incoming::Text(text.to_owned())
    }

    /// Any split of the bytes gives the same messages and leaves no buffer behind.
    #[test]
    fn decoding_does_not_depend_on_chunk_boundaries() {
        let long = "as long as it may be ".repeat(47);
        let packed = deflate::deflate(long.as_bytes()).unwrap();
        let bytes = [
            frame(0x81, "grüß dich".as_bytes()),
            frame(0x01, &"x".repeat(300).into_bytes()),
            frame(0x89, b"there?"),
            frame(0x80, b"y"),
            frame(0x82, b"binary"),
            frame(0x8a, b""),
            frame(0x41, &packed[..20]),
            frame(0x89, b""),
            frame(0x00, &packed[20..]),
            frame(0x80, b""),
            frame(0x81, b"as it is"),
            frame(0x88, &[3, 232, b'b', b'y', b'e']),
        ]
        .concat();
        let wanted = vec![
            said("grüß dich"),
            Incoming::Ping(b"there?".to_vec()),
            said(&("x".repeat(300) + "y")),
            Incoming::Binary(b"binary".to_vec()),
            Incoming::Pong,
            Incoming::Ping(Vec::new()),
            said(&long),
            said("as it is"),
            Incoming::Close(Some(1000)),
        ];
        for step in 1..=bytes.len() {
            let mut decoder = Decoder::new(1000, true);
            let mut heard = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.feed(piece);
                while let Some(incoming) = decoder.next().unwrap() {
                    heard.push(incoming);
                }
            }
            assert_eq!(heard, wanted, "{step} bytes at a time");
            assert_eq!(decoder.bytes.capacity(), 0);
        }
    }

    #[test]
    fn fragmented_message_has_one_size_limit() {
        let mut decoder = Decoder::new(10, true);
        decoder.feed(&frame(0x01, b"123456"));
        assert_eq!(decoder.next(), Ok(None));
        decoder.feed(&frame(0x80, b"12345"));
        assert_eq!(decoder.next(), Err(CloseReason::TooBig));
    }

    #[test]
    fn oversized_frame_is_refused_by_its_header() {
        let mut decoder = Decoder::new(10, true);
        decoder.feed(&[0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(decoder.next(), Err(CloseReason::TooBig));
    }

    #[test]
    fn rsv1_is_allowed_on_the_first_frame_only() {
        let packed = deflate::deflate(&[b'x'; 100]).unwrap();
        let begun = [frame(0x41, &packed[..2]), frame(0xc0, &packed[2..])].concat();
        let cases = [
            (true, begun),
            (true, frame(0xc9, b"ping")),
            (true, frame(0xc8, b"")),
            (true, frame(0xa1, b"another bit")),
            (false, frame(0xc1, &packed)),
        ];
        for (inflates, bytes) in cases {
            let mut decoder = Decoder::new(1000, inflates);
            decoder.feed(&bytes);
            assert_eq!(
                decoder.next(),
                Err(CloseReason::ProtocolError),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn size_limit_applies_to_inflated_message() {
        for (length, taken) in [(1000, true), (1001, false), (1_000_000, false)] {
            let mut decoder = Decoder::new(1000, true);
            let text = "x".repeat(length);
            decoder.feed(&frame(0xc1, &deflate::deflate(text.as_bytes()).unwrap()));
            let wanted = if taken {
                Ok(Some(Incoming::Text(text)))
            } else {
                Err(CloseReason::TooBig)
            };
            assert_eq!(decoder.next(), wanted, "{length}");
        }
    }

    #[test]
    fn message_that_grew_by_deflate_is_accepted() {
        for (length, taken) in [(1000_u16, true), (1001, false)] {
            // One stored block: its length, the complement of the length, the text, and the empty block at the end.
            let text = "y".repeat(length.into());
            let mut packed = vec![0];
            packed.extend(length.to_le_bytes());
            packed.extend((!length).to_le_bytes());
            packed.extend(text.as_bytes());
            packed.push(0);
            let mut decoder = Decoder::new(1000, true);
            decoder.feed(&frame(0xc1, &packed));
            let wanted = if taken {
                Ok(Some(Incoming::Text(text)))
            } else {
                Err(CloseReason::TooBig)
            };
            assert_eq!(decoder.next(), wanted, "{length}");
        }
    }

    /// Decodes bytes that arrive in pieces of these sizes, up to the first error.
    fn decode(bytes: &[u8], pieces: &[usize]) -> Vec<Result<Incoming, CloseReason>> {
        let mut decoder = Decoder::new(1000, true);
        let mut messages = Vec::new();
        let mut rest = bytes;
        let mut sizes = pieces.iter().copied().chain(std::iter::repeat(usize::MAX));
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(sizes.next().unwrap_or(usize::MAX).min(rest.len()));
            rest = left;
            decoder.feed(piece);
            loop {
                match decoder.next() {
                    Ok(Some(message)) => messages.push(Ok(message)),
                    Ok(None) => break,
                    Err(reason) => {
                        messages.push(Err(reason));
                        return messages;
                    }
                }
            }
        }
        messages
    }

    /// Frames with every combination of header bits, with or without a valid payload.
    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let payload = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[ -~ü]{0,300}".prop_map(String::into_bytes),
            "[ab]{100,900}".prop_map(|text| deflate::deflate(text.as_bytes()).unwrap_or_default()),
        ];
        let first = prop_oneof![
            Just(0x81),
            Just(0x01),
            Just(0x00),
            Just(0x80),
            Just(0xc1),
            any::<u8>()
        ];
        let one = (first, payload).prop_map(|(first, payload)| frame(first, &payload));
        proptest::collection::vec(one, 1..6).prop_map(|frames| frames.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn arbitrary_bytes_decode_alike_in_any_pieces(
            bytes in prop_oneof![proptest::collection::vec(any::<u8>(), 1..300), frames()],
            pieces in proptest::collection::vec(1_usize..40, 0..30),
        ) {
            let whole = decode(&bytes, &[]);
            prop_assert_eq!(decode(&bytes, &pieces), whole);
        }

        #[test]
        fn fragments_of_a_text_decode_to_the_text(
            text in "(a|ü|€|🦀|[ -~]){1,200}",
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..5),
            pieces in proptest::collection::vec(1_usize..40, 0..30),
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len())).collect();
            cuts.sort_unstable();
            let ends = cuts.iter().copied().chain([text.len()]);
            let begins = [0].into_iter().chain(cuts.iter().copied());
            let mut bytes = Vec::new();
            for (at, (begin, end)) in begins.zip(ends).enumerate() {
                let opcode = u8::from(at == 0);
                let last = if at == cuts.len() { 0x80 } else { 0 };
                bytes.extend(frame(last | opcode, &text.as_bytes()[begin..end]));
            }
            prop_assert_eq!(decode(&bytes, &pieces), [Ok(said(&text))]);
        }
    }
}
