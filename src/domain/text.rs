//! What people type, parsed: each type holds only what its rule allows.

use std::fmt;

use super::mention::EVERYBODY;

/// A value that breaks its rule, and the field it came in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {detail}")]
pub struct Invalid {
    /// The name of the field as clients send it.
    pub field: &'static str,
    /// What is wrong, to be read after the field's name: "must be 3 to 32 characters".
    pub detail: String,
}

impl Invalid {
    /// A refusal of `field`.
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
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text itself, owned.
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
    /// A name to sign in with: 3 to 32 of `a-z A-Z 0-9 _ . -`; unique without regard to case.
    Username
}
text! {
    /// A name to be shown: 1 to 64 characters, one line.
    DisplayName
}
text! {
    /// A room's name: 1 to 80 characters, one line.
    RoomName
}
text! {
    /// What a room is about: at most 250 characters, one line; may be empty.
    Topic
}
text! {
    /// What somebody calls a personal token: 1 to 80 characters, one line.
    TokenName
}
text! {
    /// What somebody says of themselves: at most 500 characters; may be empty.
    About
}
text! {
    /// A message's text: not blank, at most as many characters as the server allows.
    Body
}
text! {
    /// A sender's idempotency key: 1 to 64 visible ASCII characters.
    Key
}

/// A password as it was typed. Neither shown nor logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Username {
    /// # Errors
    /// [`Invalid`] for a wrong length or another character.
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

    /// Whether it is nobody's to take: it looks like that of an account that was deleted, or `@` and
    /// it name the whole room.
    #[must_use]
    pub fn is_of_nobody(&self) -> bool {
        let folded = self.folded();
        if folded == EVERYBODY {
            return true;
        }
        let number = folded.strip_prefix("deleted-");
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// What two spellings of one name share.
    #[must_use]
    pub fn folded(&self) -> String {
        fold_username(&self.0)
    }
}

/// What two spellings of one username share. Unlike [`Username::parse`] it takes anything, for
/// sign-in must not tell a name that cannot exist from one that does not.
#[must_use]
pub fn fold_username(text: &str) -> String {
    text.to_ascii_lowercase()
}

impl Password {
    /// # Errors
    /// [`Invalid`] unless it has 8 to 128 characters. `field` is the name it was sent under.
    pub fn parse(field: &'static str, text: String) -> Result<Self, Invalid> {
        if (8..=128).contains(&text.chars().count()) {
            Ok(Self(text))
        } else {
            Err(Invalid::new(field, "must be 8 to 128 characters long"))
        }
    }

    /// A password that is only compared with a stored one, so that any text will do.
    #[must_use]
    pub fn unchecked(text: String) -> Self {
        Self(text)
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is longer than any stored one can be, and so not worth hashing.
    #[must_use]
    pub fn is_oversized(&self) -> bool {
        self.0.len() > 128 * 4
    }
}

impl DisplayName {
    /// # Errors
    /// [`Invalid`] if blank, too long or more than one line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line("display_name", text, 1, 64).map(Self)
    }
}

impl RoomName {
    /// # Errors
    /// [`Invalid`] if blank, too long or more than one line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line("name", text, 1, 80).map(Self)
    }
}

impl About {
    /// Line ends become `\n` and white space around it goes.
    ///
    /// # Errors
    /// [`Invalid`] if too long or holding control characters other than line ends.
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
    /// # Errors
    /// [`Invalid`] if blank, too long or more than one line.
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
    /// # Errors
    /// [`Invalid`] if too long or more than one line.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        one_line("topic", text, 0, 250).map(Self)
    }
}

impl Body {
    /// Line ends become `\n` and trailing white space goes; everything else stays as it was typed.
    ///
    /// # Errors
    /// [`Invalid`] if blank, longer than `max_chars`, or holding a NUL.
    pub fn parse(text: &str, max_chars: usize) -> Result<Self, Invalid> {
        // A byte holds at most one character's start, so a text this long is too long uncounted.
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
    /// The same for a message that says something without words, such as by its files.
    ///
    /// # Errors
    /// [`Invalid`] if longer than `max_chars`, or holding a NUL.
    pub fn parse_or_none(text: &str, max_chars: usize) -> Result<Self, Invalid> {
        if text.len() <= max_chars && is_blank(text) && !text.contains('\0') {
            return Ok(Self(String::new()));
        }
        Self::parse(text, max_chars)
    }
}

impl Key {
    /// # Errors
    /// [`Invalid`] for a wrong length or a character outside visible ASCII.
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

/// Trimmed text of `min..=max` characters without control characters or line breaks.
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
    if text.chars().any(|c| c.is_control() || is_steering(c)) {
        let detail = "must be one line without control characters";
        return Err(Invalid::new(field, detail));
    }
    Ok(text.to_owned())
}

/// Whether nothing of it can be seen.
fn is_blank(text: &str) -> bool {
    let unseen = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || is_steering(c)
            || matches!(c, '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{2800}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().all(unseen)
}

/// Line breaks that are no control characters, and marks that turn the direction of what follows:
/// in a name they could make it pass for another.
pub(crate) fn is_steering(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_keep_their_rule() {
        for good in ["ada", "A.b-c_9", &"x".repeat(32)] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "a b", "zoë", "a@b", &"x".repeat(33)] {
            assert_eq!(Username::parse(bad).unwrap_err().field, "username", "{bad}");
        }
        assert_eq!(Username::parse("AdA").unwrap().folded(), "ada");
    }

    #[test]
    fn bodies_are_kept_but_for_line_ends() {
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
    fn a_password_is_never_shown() {
        let password = Password::parse("password", "correct horse".into()).unwrap();
        assert_eq!(format!("{password:?}"), "Password(…)");
    }
}
