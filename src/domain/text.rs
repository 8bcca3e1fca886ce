//! Validated user input. Each type can hold only values that follow its rule.

use std::fmt;

use super::mention::EVERYBODY;

/// An invalid value, with the name of its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {detail}")]
pub struct Invalid {
    /// Name of the field as clients send it.
    pub field: &'static str,
    /// Broken rule, as a phrase that follows the field's name: "must be 3 to 32 characters".
    pub detail: String,
}

impl Invalid {
    /// Creates an error for `field`.
    pub fn new(field: &'static str, detail: impl Into<String>) -> Self {
        Self {
            field,
            detail: detail.into(),
        }
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// Name to sign in with: 3 to 32 characters of `a-z A-Z 0-9 _ . -`, unique without regard to case.
    Username
}
text! {
    /// Name that other users see: 1 to 64 characters, one line.
    DisplayName
}
text! {
    /// Name of a room: 1 to 80 characters, one line.
    RoomName
}
text! {
    /// Topic of a room: at most 250 characters, one line; may be empty.
    Topic
}
text! {
    /// Name of a personal token: 1 to 80 characters, one line.
    TokenName
}
text! {
    /// Description that users write about themselves: at most 500 characters; may be empty.
    About
}
text! {
    /// Text of a message: not blank, with a maximum length that the server configures.
    Body
}
text! {
    /// Idempotency key of a sender: 1 to 64 visible ASCII characters.
    Key
}

/// A password in plain text. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Username {
    /// Validates a username.
    ///
    /// # Errors
    /// [`Invalid`] if the length is wrong or a character is not allowed.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !(3..=32).contains(&text.chars().count()) {
            return Err(Invalid::new("username", "must be 3 to 32 characters long"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !text.chars().all(allowed) {
            return Err(Invalid::new(
                "username",
                "may hold only letters a–z, digits, “_”, “.” and “-”",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns whether the name is reserved: the name of a deleted account, or the name that mentions the whole
    /// room.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        let folded = self.folded();
        if folded == EVERYBODY {
            return true;
        }
        let number = folded.strip_prefix("deleted-");
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Returns the form that all spellings of the name share.
    #[must_use]
    pub fn folded(&self) -> String {
        fold_username(&self.0)
    }
}

/// Returns the form that all spellings of a username share.
///
/// Unlike [`Username::parse`], this accepts any text. Sign-in therefore answers an impossible name like an
/// unknown one.
#[must_use]
pub fn fold_username(text: &str) -> String {
    text.to_ascii_lowercase()
}

impl Password {
    /// Validates a new password.
    ///
    /// # Errors
    /// [`Invalid`] for `field` unless the password has 8 to 128 characters.
    pub fn parse(field: &'static str, text: String) -> Result<Self, Invalid> {
        if (8..=128).contains(&text.chars().count()) {
            Ok(Self(text))
        } else {
            Err(Invalid::new(field, "must be 8 to 128 characters long"))
        }
    }

    /// Wraps a password that is only compared with a stored hash. Any text is accepted.
    #[must_use]
    pub fn unchecked(text: String) -> Self {
        Self(text)
    }

    /// Returns the bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns whether the password is longer than any valid one, and therefore not worth hashing.
    #[must_use]
    pub fn is_oversized(&self) -> bool {
        self.0.len() > 128 * 4
    }
}

impl DisplayName {
    /// Trims and validates a display name.
    ///
    /// # Errors
    /// [`Invalid`] if it is blank, too long or more than one line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line("display_name", text, 1, 64).map(Self)
    }
}

impl RoomName {
    /// Trims and validates the name of a room.
    ///
    /// # Errors
    /// [`Invalid`] if it is blank, too long or more than one line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line("name", text, 1, 80).map(Self)
    }
}

impl About {
    /// Trims and validates a description, and converts line ends to `\n`.
    ///
    /// # Errors
    /// [`Invalid`] if it is too long or contains control characters other than line ends.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > 500 * 4 || text.chars().count() > 500 {
            return Err(Invalid::new("about", "must be at most 500 characters long"));
        }
        let text = text.trim().replace("\r\n", "\n").replace('\r', "\n");
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(Invalid::new("about", "must not hold control characters"));
        }
        Ok(Self(text))
    }
}

impl TokenName {
    /// Trims and validates the name of a token.
    ///
    /// # Errors
    /// [`Invalid`] if it is blank, too long or more than one line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line("name", text, 1, 80).map(Self)
    }
}

impl serde::Serialize for TokenName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Topic {
    /// Trims and validates a topic.
    ///
    /// # Errors
    /// [`Invalid`] if it is too long or more than one line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line("topic", text, 0, 250).map(Self)
    }
}

impl Body {
    /// Validates the text of a message. Converts line ends to `\n` and removes trailing white space.
    ///
    /// # Errors
    /// [`Invalid`] if it is blank, longer than `max_chars`, or contains a NUL.
    pub fn parse(text: &str, max_chars: usize) -> Result<Self, Invalid> {
        // A character has at most 4 bytes, so a text with more bytes is too long without a count.
        if text.len() > max_chars.saturating_mul(4) || text.chars().count() > max_chars {
            return Err(Invalid::new(
                "body",
                format!("must be at most {max_chars} characters long"),
            ));
        }
        if text.contains('\0') {
            return Err(Invalid::new("body", "must not hold a NUL character"));
        }
        if is_blank(text) {
            return Err(Invalid::new("body", "must not be blank"));
        }
        Ok(Self(
            text.trim_end().replace("\r\n", "\n").replace('\r', "\n"),
        ))
    }
}

impl Body {
    /// Validates the text of a message that may have no text, such as a message with files.
    ///
    /// # Errors
    /// [`Invalid`] if it is longer than `max_chars` or contains a NUL.
    pub fn parse_or_none(text: &str, max_chars: usize) -> Result<Self, Invalid> {
        if text.len() <= max_chars && is_blank(text) && !text.contains('\0') {
            return Ok(Self(String::new()));
        }
        Self::parse(text, max_chars)
    }
}

impl Key {
    /// Validates an idempotency key.
    ///
    /// # Errors
    /// [`Invalid`] if the length is wrong or a character is not visible ASCII.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if !(1..=64).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::new(
                "key",
                "must be 1 to 64 visible ASCII characters",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Returns the trimmed text if it has `min..=max` characters and no control characters or line breaks.
fn one_line(field: &'static str, text: &str, min: usize, max: usize) -> Result<String, Invalid> {
    let text = text.trim();
    let length = text.chars().count();
    if length < min || (min > 0 && is_blank(text)) {
        return Err(Invalid::new(field, "must not be blank"));
    }
    if length > max {
        return Err(Invalid::new(
            field,
            format!("must be at most {max} characters long"),
        ));
    }
    if text
        .chars()
        .any(|c| c.is_control() || is_bidi_or_line_break(c))
    {
        let detail = "must be one line without control characters";
        return Err(Invalid::new(field, detail));
    }
    Ok(text.to_owned())
}

/// Returns whether the text has no visible character.
fn is_blank(text: &str) -> bool {
    let unseen = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || is_bidi_or_line_break(c)
            || matches!(c, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{2800}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().all(unseen)
}

/// Returns whether a character is a Unicode line break or changes the direction of text.
///
/// Such characters are not control characters, but in a name they could imitate another name.
pub(crate) fn is_bidi_or_line_break(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_usernames_are_refused() {
        for good in ["ada", "A.b-c_9", &"x".repeat(32)] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "a b", "zoë", "a@b", &"x".repeat(33)] {
            assert_eq!(Username::parse(bad).unwrap_err().field, "username", "{bad}");
        }
        assert_eq!(Username::parse("AdA").unwrap().folded(), "ada");
    }

    #[test]
    fn bodies_are_unchanged_except_for_line_endings() {
        assert_eq!(Body::parse(" a\r\nb\r \n", 10).unwrap().as_str(), " a\nb");
        assert!(Body::parse(" \n\t", 10).is_err());
        assert!(Body::parse("a\0b", 10).is_err());
        assert!(Body::parse("\u{200b}", 10).is_err());
        assert!(Body::parse("\u{1b}\u{7}", 10).is_err());
        assert!(Body::parse(&"é".repeat(10), 10).is_ok());
        assert!(Body::parse(&"é".repeat(11), 10).is_err());
    }

    #[test]
    fn names_are_one_line() {
        assert_eq!(RoomName::parse("  lobby ").unwrap().as_str(), "lobby");
        assert!(RoomName::parse("a\nb").is_err());
        assert!(DisplayName::parse("ada\u{202e}nimda").is_err());
        for unseen in [
            "\u{200b}\u{feff}",
            "\u{3164}",
            "\u{2800}",
            "\u{115f}\u{ffa0}",
            "\u{180e}",
        ] {
            assert!(DisplayName::parse(unseen).is_err(), "{unseen:?}");
        }
        assert!(DisplayName::parse("ada\u{61c}").is_err());
        assert!(DisplayName::parse("👩\u{200d}🔬").is_ok());
        assert!(RoomName::parse(" ").is_err());
        assert!(Topic::parse("").is_ok());
    }

    #[test]
    fn debug_output_hides_the_password() {
        let password = Password::parse("password", "correct horse".into()).unwrap();
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
