//! Emoji for reactions.

use super::Invalid;

/// An emoji of the Unicode list, in its fully qualified form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emoji(&'static str);

impl Emoji {
    /// Parses an emoji, or a short name such as `:tada:`.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let named = text
            .strip_prefix(':')
            .and_then(|text| text.strip_suffix(':'));
        let emoji = match named {
            Some(name) => emojis::get_by_shortcode(name),
            None => emojis::get(text),
        };
        emoji
            .map(|emoji| Self(emoji.as_str()))
            .ok_or_else(|| Invalid::new("emoji", "must be one emoji"))
    }

    /// Returns the emoji.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_emoji_is_valid() {
        for text in ["👍", "👍🏽", "❤️", "❤", "🇩🇪", "👩‍🔬", ":tada:"] {
            assert!(Emoji::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Emoji::parse("❤").unwrap(), Emoji::parse("❤️").unwrap());
        for text in ["", "a", "👍👍", "👍 ", ":", "::", ":nosuchthing:", "1"] {
            assert!(Emoji::parse(text).is_err(), "{text}");
        }
    }
}
