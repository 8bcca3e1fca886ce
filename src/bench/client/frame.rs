//! The parts of WebSocket frames that the load needs.

/// Mask bit of a header, and the lengths that announce two or eight more bytes.
const MASKED: u8 = 0x80;
const TWO_BYTES: u8 = 0x7e;
const EIGHT_BYTES: u8 = 0x7f;

/// Type of a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Data,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(super) fn of(first: u8) -> Self {
        match first & 0x0f {
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => Self::Data,
        }
    }
}

/// Pong without a body, for the server's pings.
pub(super) const PONG: &[u8] = &[0x8a, 0x80, 0, 0, 0, 0];

/// Returns a client's text frame. Its mask is zero, which is valid.
pub(in crate::bench) fn masked(text: &str) -> Vec<u8> {
    let length = text.len();
    let mut frame = vec![0x81];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => frame.push(MASKED | short),
        (_, Ok(length)) => {
            frame.push(MASKED | TWO_BYTES);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | EIGHT_BYTES);
            frame.extend(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// Returns the sizes of a server frame's header and payload, once the header is complete.
pub(super) fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(*bytes.get(1)? & 0x7f);
    match short {
        126 => {
            let length = bytes.get(2..4)?.try_into().ok()?;
            Some((4, usize::from(u16::from_be_bytes(length))))
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().ok()?;
            Some((10, usize::try_from(u64::from_be_bytes(length)).ok()?))
        }
        _ => Some((2, short)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_says_how_long_it_is_once_its_header_is_there() {
        assert_eq!(header(&[0x81]), None);
        assert_eq!(header(&[0x81, 125]), Some((2, 125)));
        assert_eq!(header(&[0x81, 126, 1]), None);
        assert_eq!(header(&[0x81, 126, 1, 0]), Some((4, 256)));
        assert_eq!(
            header(&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            Some((10, 65536))
        );
        for length in [0, 125, 126, 300] {
            let frame = masked(&"x".repeat(length));
            let (header, payload) = header(&frame).unwrap();
            assert_eq!((payload, frame.len()), (length, header + 4 + length));
        }
    }
}
