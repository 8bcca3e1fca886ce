//! WebSocket frames of the server.
//!
//! Server frames are not masked, so a frame with its header is identical for all connections. It is built once,
//! and the connections share its bytes.

use bytes::Bytes;

use super::{CloseReason, DeflateParams, deflate};

/// FIN bit: this frame is the last one of its message.
const LAST: u8 = 0x80;
/// RSV1 bit: the message is compressed.
const COMPRESSED: u8 = 0x40;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
/// Maximum payload of a control frame, in bytes.
const MAX_CONTROL_PAYLOAD: usize = 125;

/// Builds a text frame.
#[must_use]
pub fn text(payload: &str) -> Bytes {
    build(LAST | TEXT, payload.as_bytes())
}

/// Builds a frame from its first byte and its payload.
pub(crate) fn build(first: u8, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(first);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame.into()
}

/// Compresses those of the frames that are large enough and become smaller. Returns `None` if there are none.
#[must_use]
pub fn compressed(frames: &Bytes, deflate: DeflateParams) -> Option<Bytes> {
    if !deflate.is_compressible(frames.len()) {
        return None;
    }
    let (mut pieces, mut any, mut rest) = (Vec::new(), false, &frames[..]);
    while let Some((first, payload, end)) = split(rest) {
        let is_plain = first == LAST | TEXT && deflate.is_compressible(payload.len());
        let small = if is_plain {
            deflate::deflate(payload)
        } else {
            None
        };
        any |= small.is_some();
        pieces.push(match small {
            Some(small) => build(first | COMPRESSED, &small),
            None => frames.slice_ref(&rest[..end]),
        });
        rest = &rest[end..];
    }
    match &pieces[..] {
        _ if !any => None,
        [one] => Some(one.clone()),
        pieces => Some(pieces.concat().into()),
    }
}

/// Splits the first of the server's own frames: its first byte, its payload, and the offset of its end.
fn split(frames: &[u8]) -> Option<(u8, &[u8], usize)> {
    let [first, short, rest @ ..] = frames else {
        return None;
    };
    let (length, rest) = match short {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
        }
        short => (usize::from(*short), rest),
    };
    let payload = rest.get(..length)?;
    Some((*first, payload, frames.len() - rest.len() + length))
}

/// Builds one text frame for each line, for terminals.
///
/// A terminal client prints each frame as a line, and some clients show a newline within a frame as a space.
#[must_use]
pub fn lines(text: &str) -> Bytes {
    if !text.contains('\n') {
        return self::text(text);
    }
    let frames: Vec<Bytes> = text.lines().map(self::text).collect();
    frames.concat().into()
}

/// Builds a ping without a payload.
#[must_use]
pub fn ping() -> Bytes {
    Bytes::from_static(&[LAST | PING, 0])
}

/// Builds the answer to a ping.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    control(PONG, payload)
}

/// Builds a close frame that starts the closing handshake.
#[must_use]
pub fn close(reason: CloseReason) -> Bytes {
    let payload = [
        &reason.code().to_be_bytes(),
        reason.description().as_bytes(),
    ]
    .concat();
    control(CLOSE, &payload)
}

/// Builds the answer to a close frame, with the same code if it had one.
#[must_use]
pub fn close_echo(code: Option<u16>) -> Bytes {
    let code = code.map(u16::to_be_bytes);
    control(CLOSE, code.as_ref().map_or(&[], |code| &code[..]))
}

fn control(opcode: u8, payload: &[u8]) -> Bytes {
    let payload = &payload[..payload.len().min(MAX_CONTROL_PAYLOAD)];
    let length = u8::try_from(payload.len()).unwrap_or(0);
    [&[LAST | opcode, length], payload].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_uses_the_shortest_encoding() {
        let heads = [
            (0, vec![0x81, 0]),
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (65_535, vec![0x81, 126, 0xff, 0xff]),
            (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (length, head) in heads {
            let frame = text(&"x".repeat(length));
            assert_eq!(frame[..head.len()], head, "{length}");
            assert_eq!(frame.len(), head.len() + length);
        }
    }

    #[test]
    fn only_large_frames_of_a_batch_are_compressed() {
        let deflate = DeflateParams::new(100, 15).unwrap();
        let (small, large) = (text("small"), text(&"large ".repeat(20_000)));
        let tiny = deflate::deflate(&large[10..]).unwrap();
        let tiny = build(0xc1, &tiny);
        let all = Bytes::from([&small[..], &large, &ping(), &large].concat());
        let wanted = Bytes::from([&small[..], &tiny, &ping(), &tiny].concat());
        assert_eq!(
            compressed(&all, DeflateParams::new(100, 15).unwrap()),
            Some(wanted)
        );
        assert_eq!(compressed(&small, deflate), None);
        assert_eq!(compressed(&tiny, deflate), None, "a second time");
        let few = Bytes::from([&small[..]; 30].concat());
        assert_eq!(compressed(&few, deflate), None, "each of them is small");
        assert_eq!(
            compressed(&large, DeflateParams::new(100, 14).unwrap()),
            None
        );
    }

    #[test]
    fn close_frame_carries_code_and_reason() {
        let frame = close(CloseReason::Normal);
        assert_eq!(frame[..4], [0x88, 9, 0x03, 0xe8]);
        assert_eq!(&frame[4..], b"goodbye");
        assert_eq!(close_echo(Some(1000))[..], [0x88, 2, 0x03, 0xe8]);
        assert_eq!(close_echo(None)[..], [0x88, 0]);
    }
}
