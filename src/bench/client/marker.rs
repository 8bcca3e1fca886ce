//! Marker at the start of every body: number, sender and time of the message.

use std::{sync::LazyLock, time::Instant};

/// First byte of a marker. It occurs nowhere else in a frame.
pub(super) const MARK: u8 = b'~';
const NUMBER: usize = 8;
const SENDER: usize = 5;
const TIME: usize = 12;
/// Length: first byte, number, dot, sender, dot, time.
pub(super) const LENGTH: usize = 1 + NUMBER + 1 + SENDER + 1 + TIME;

/// Origin of [`now`].
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns microseconds since the first call.
pub(in crate::bench) fn now() -> u64 {
    u64::try_from(BEGINNING.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Number of a message in its room, its sender and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) struct Marker {
    pub(in crate::bench) number: u64,
    pub(in crate::bench) sender: usize,
    /// Time of [`now`] at which the message was sent or due.
    pub(in crate::bench) at: u64,
}

impl Marker {
    /// Reads the marker at the start of `bytes`. Invalid digits result in an unexpected number.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..LENGTH)?;
        let digits = |from: usize, count: usize| {
            bytes[from..from + count].iter().fold(0_u64, |sum, digit| {
                sum * 10 + u64::from(digit.wrapping_sub(b'0'))
            })
        };
        Some(Self {
            number: digits(1, NUMBER),
            sender: usize::try_from(digits(2 + NUMBER, SENDER)).ok()?,
            at: digits(3 + NUMBER + SENDER, TIME),
        })
    }

    /// Overwrites a marker.
    pub(in crate::bench) fn write(self, bytes: &mut [u8]) {
        bytes[..LENGTH].copy_from_slice(self.text().as_bytes());
    }

    fn text(self) -> String {
        let Self { number, sender, at } = self;
        let mark = char::from(MARK);
        format!("{mark}{number:0NUMBER$}.{sender:0SENDER$}.{at:0TIME$}")
    }
}

/// Returns a body of this many bytes with a marker.
pub(in crate::bench) fn body(marker: Marker, length: usize) -> String {
    let mut body = marker.text();
    body.extend(std::iter::repeat_n('x', length.saturating_sub(body.len())));
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let marker = Marker {
            number: 12_345_678,
            sender: 42,
            at: 9_876_543_210,
        };
        let mut body = body(marker, 200).into_bytes();
        assert_eq!(body.len(), 200);
        assert_eq!(Marker::read(&body), Some(marker));
        let next = Marker {
            number: 7,
            ..marker
        };
        next.write(&mut body);
        assert_eq!(Marker::read(&body), Some(next));
        assert_eq!(Marker::read(&body[..LENGTH - 1]), None);
    }
}
