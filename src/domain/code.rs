//! Access codes, which admit people to a room.

use std::fmt;

/// Digits and upper-case letters, without the look-alikes 0, O, 1 and I.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH: usize = 16;

/// Secret code that admits to one room: 16 characters of 5 bits each, 80 random bits.
///
/// The stored form has upper-case letters and no dashes. The displayed form is `K7QM-2XWD-9F4H-PT3C`; input may
/// be in any case, with any dashes or spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessCode(String);

impl AccessCode {
    /// Generates a code from the system's random source.
    ///
    /// # Errors
    /// Only if the system's random source fails.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut random = [0_u8; LENGTH];
        getrandom::fill(&mut random)?;
        Ok(Self(
            random
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
                .collect(),
        ))
    }

    /// Parses a code that a user typed. Returns `None` if the text does not have the form of a code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 4 * LENGTH {
            return None;
        }
        let code: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' ' | '\t' | '\r' | '\n'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let valid = code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
        valid.then_some(Self(code))
    }

    /// Returns the form that is stored and compared: upper case, without dashes.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, character) in self.0.chars().enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{character}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for AccessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn code_parses_in_every_spelling() {
        let code = AccessCode::generate().unwrap();
        let shown = code.to_string();
        assert_eq!(shown.len(), 19);
        assert_eq!(AccessCode::parse(&shown), Some(code.clone()));
        assert_eq!(
            AccessCode::parse(&shown.to_lowercase().replace('-', " ")),
            Some(code)
        );
    }

    #[test]
    fn invalid_code_does_not_parse() {
        for text in [
            "",
            "K7QM",
            "K7QM-2XWD-9F4H-PT3O",
            "K7QM-2XWD-9F4H-PT3C-X",
            "ééééééééééééééé1",
        ] {
            assert_eq!(AccessCode::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsed_code_is_canonical(text in "[-a-zA-Z0-9 \t]{10,30}|\\PC{0,20}") {
            if let Some(code) = AccessCode::parse(&text) {
                prop_assert_eq!(AccessCode::parse(&code.to_string()), Some(code.clone()));
                prop_assert_eq!(AccessCode::parse(code.canonical()), Some(code));
            }
        }
    }
}
