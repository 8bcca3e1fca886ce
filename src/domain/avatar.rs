//! Pictures of people: their own, or one made of their initials.

use std::fmt;

use serde::{Serialize, Serializer};

use super::UserId;

/// Letters of a name that a generated picture shows.
const INITIALS: usize = 2;
/// Colours of generated pictures, the same as on the page.
const HUES: i64 = 16;
/// Colours between two neighbours, so that they differ clearly.
const STEP: i64 = 7;

/// Names one picture of a user: another picture has another version. It is made of the picture's bytes, so that
/// the same picture has the same version. JSON shows it as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvatarVersion(pub i64);

impl fmt::Display for AvatarVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for AvatarVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A picture, as it is stored and handed out. It is never decoded here.
#[derive(Clone, Debug)]
pub struct Avatar {
    /// Its media type.
    pub kind: String,
    /// The picture itself.
    pub bytes: Vec<u8>,
}

impl Avatar {
    /// For who has none of their own: initials on a colour that stays theirs.
    #[must_use]
    pub fn generated(user: UserId, display_name: &str) -> Self {
        let first = |word: &str| word.chars().find(|c| c.is_alphanumeric());
        let letters = display_name.split_whitespace().filter_map(first);
        let initials: String = letters
            .take(INITIALS)
            .flat_map(char::to_uppercase)
            .collect();
        let hue = user.0.wrapping_mul(STEP).rem_euclid(HUES) * 360 / HUES;
        // Letters and digits alone are put in, so that nothing has to be escaped.
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\">\
             <rect width=\"64\" height=\"64\" fill=\"hsl({hue},45%,38%)\"/>\
             <text x=\"32\" y=\"33\" fill=\"#fff\" font-family=\"sans-serif\" font-size=\"26\" \
             text-anchor=\"middle\" dominant-baseline=\"central\">{initials}</text></svg>"
        );
        Self {
            kind: "image/svg+xml".to_owned(),
            bytes: svg.into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_but_letters_gets_into_a_generated_picture() {
        let svg =
            |name| String::from_utf8(Avatar::generated(UserId(i64::MAX), name).bytes).unwrap();
        assert!(svg("ada lovelace king").contains(">AL</text>"));
        assert!(svg("<script> &\"x").contains(">SX</text>"));
        assert!(svg("👍").contains("></text>"));
    }
}
