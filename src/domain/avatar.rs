//! Avatars: uploaded pictures, or pictures generated from initials.

use std::fmt;

use serde::{Serialize, Serializer};

use super::UserId;

/// Maximum number of letters in a generated picture.
const INITIALS: usize = 2;
/// Number of colours of generated pictures. The web client uses the same colours.
const HUES: i64 = 16;
/// Distance of two consecutive user ids on the colour wheel, so that their colours differ clearly.
const STEP: i64 = 7;

/// Version of a user's avatar, derived from the picture's bytes: equal pictures have equal versions.
///
/// JSON shows it as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String)]
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

/// An avatar as it is stored and served. This type never decodes it.
#[derive(Clone, Debug)]
pub struct Avatar {
    /// Media type.
    pub kind: String,
    /// Bytes of the picture.
    pub bytes: Vec<u8>,
}

impl Avatar {
    /// Generates an avatar for a user without one: initials on a colour that depends only on the user id.
    #[must_use]
    pub fn generated(user: UserId, display_name: &str) -> Self {
        let first = |word: &str| word.chars().find(|c| c.is_alphanumeric());
        let letters = display_name.split_whitespace().filter_map(first);
        let initials: String = letters
            .take(INITIALS)
            .flat_map(char::to_uppercase)
            .collect();
        let hue = user.0.wrapping_mul(STEP).rem_euclid(HUES) * 360 / HUES;
        // The initials are only letters and digits, so they need no escaping.
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
    fn generated_avatar_contains_only_letters_of_the_name() {
        let svg =
            |name| String::from_utf8(Avatar::generated(UserId(i64::MAX), name).bytes).unwrap();
        assert!(svg("ada lovelace king").contains(">AL</text>"));
        assert!(svg("<script> &\"x").contains(">SX</text>"));
        assert!(svg("👍").contains("></text>"));
    }
}
