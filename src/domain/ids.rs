//! Newtypes for ids and counters, so that ids of different kinds cannot be confused.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
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
    /// Id of a user; never reused.
    UserId
}
number! {
    /// Id of a room; never reused.
    RoomId
}
number! {
    /// Id of a login or personal token; never reused.
    SessionId
}
number! {
    /// Id of an invite; never reused.
    InviteId
}
number! {
    /// Number of a message in its room: 1, 2, 3, … without gaps. 0 is the position before the first message.
    Seq
}
number! {
    /// Number of forced moves of a member's receipt.
    ///
    /// A client sends the generation that it knows with each automatic receipt. A receipt of an older
    /// generation has no effect.
    ReadGeneration
}
number! {
    /// Number of a change in its room. Each durable change of a message takes the next one.
    Rev
}

impl Rev {
    /// Returns the number of the next change.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Parses a number in its canonical form: decimal digits without a sign or leading zeros. Each id therefore has
/// exactly one URL.
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn id_has_one_spelling() {
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn parsed_number_is_written_as_it_was_read(text in "[-+0]{0,2}[0-9]{0,20}|\\PC{0,5}") {
            if let Some(number) = parse_number(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }

        #[test]
        fn every_positive_number_parses(number in 0..=i64::MAX) {
            prop_assert_eq!(parse_number(&number.to_string()), Some(number));
        }
    }
}
