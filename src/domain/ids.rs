//! Numbers with a meaning: a room's id cannot be passed where a user's is wanted.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(value: i64) -> Self {
                Self(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A user's number; never reused.
    UserId
}
number! {
    /// A room's number; never reused.
    RoomId
}
number! {
    /// A login's number; never reused.
    SessionId
}
number! {
    /// An invite's number; never reused.
    InviteId
}
number! {
    /// A message's number in its room: 1, 2, 3, … with no gap. 0 stands before the first.
    Seq
}
number! {
    /// Counts the forced moves of one member's receipt. A receipt that a client sends by itself names the
    /// generation it knows; one of an older generation moves nothing.
    ReadGeneration
}
number! {
    /// A room's change number: every durable change to a message takes the next one.
    Rev
}

impl Rev {
    /// The change that must come after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Reads a number in its only form: decimal digits without a sign and without leading zeros. So each
/// id has one address.
#[must_use]
pub fn parse_number(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let has_leading_zero = text.len() > 1 && text.starts_with('0');
    if !is_plain || has_leading_zero {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(parse_number("0"), Some(0));
        assert_eq!(parse_number("9223372036854775807"), Some(i64::MAX));
        for text in [
            "",
            "+1",
            "-1",
            "-0",
            "01",
            "00",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "0x1",
            "\u{661}",
            "9223372036854775808",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }
}
