//! Random strings that let somebody in: personal tokens, and links to set a new password.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{SessionId, Timestamp, UserId, text::TokenName};

/// Small letters and digits without those that are taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH: usize = 32;

/// 32 characters of 5 bits each, so 160 random bits, behind a prefix. It is shown once; what is kept
/// of it is its digest. So much randomness needs neither salt nor a slow hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The SHA-256 of a [`Secret`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Secret {
    /// What personal tokens begin with, so that they are known where they should not be.
    pub const PERSONAL: &'static str = "parlor_";
    /// What stands in a link needs no prefix.
    pub const LINK: &'static str = "";

    /// A new one from the system's random source.
    ///
    /// # Errors
    /// Only if the system has no randomness to give.
    pub fn generate(prefix: &str) -> Result<Self, getrandom::Error> {
        let mut random = [0_u8; LENGTH];
        getrandom::fill(&mut random)?;
        let characters = random
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        Ok(Self(prefix.chars().chain(characters).collect()))
    }

    /// Reads one back. `None` if it cannot be one at all.
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(prefix)?;
        let valid = rest.len() == LENGTH && rest.bytes().all(|byte| ALPHABET.contains(&byte));
        valid.then(|| Self(text.to_owned()))
    }

    /// The text itself, for the one time it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Digest(bytes)
    }
}

impl Digest {
    /// As it is stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// What a personal token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    /// To read what its owner may read.
    Read,
    /// All that its owner may do.
    Write,
}

impl TokenScope {
    /// Its name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }
}

/// A personal token as its owner sees it.
#[derive(Clone, Debug, Serialize)]
pub struct PersonalToken {
    /// Its number, which is that of a login.
    pub id: SessionId,
    /// What its owner calls it.
    pub name: TokenName,
    /// What it is good for.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute; `None` if it never was.
    pub last_used_at: Option<Timestamp>,
    /// When it runs out; `None` if it does not.
    pub expires_at: Option<Timestamp>,
}

/// Whom a personal token lets in, and what for.
#[derive(Clone, Copy, Debug)]
pub struct TokenHolder {
    /// Who.
    pub user: UserId,
    /// As which login.
    pub session: SessionId,
    /// What for.
    pub scope: TokenScope,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_under_its_own_prefix_only() {
        for prefix in [Secret::PERSONAL, Secret::LINK] {
            let secret = Secret::generate(prefix).unwrap();
            assert_eq!(secret.as_str().len(), prefix.len() + LENGTH);
            assert_eq!(Secret::parse(prefix, secret.as_str()), Some(secret));
        }
        let link = Secret::generate(Secret::LINK).unwrap();
        assert_eq!(Secret::parse(Secret::PERSONAL, link.as_str()), None);
        for text in ["", "parlor_", "parlor_short", "eyJ0.eyJ1.sig"] {
            assert_eq!(Secret::parse(Secret::PERSONAL, text), None, "{text}");
        }
    }

    #[test]
    fn nothing_of_a_secret_is_shown_by_accident() {
        let secret = Secret::generate(Secret::PERSONAL).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:?}", secret.digest()), "Digest(…)");
    }
}
