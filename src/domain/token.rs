//! Secret tokens: personal access tokens, and links to set a new password.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Invalid, RoomId, SessionId, Timestamp, UserId, text::TokenName};

/// Lower-case letters and digits, without pairs that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH: usize = 32;

/// A prefix with 32 random characters of 5 bits each: 160 random bits.
///
/// The text is shown once, and only its digest is stored. With this much randomness the digest needs neither a
/// salt nor a slow hash.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSecret(String);

/// SHA-256 digest of a [`TokenSecret`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl TokenSecret {
    /// Prefix of personal tokens. It makes a leaked token recognisable.
    pub const PERSONAL: &'static str = "parlor_";
    /// Prefix of secrets in links: none.
    pub const LINK: &'static str = "";

    /// Generates a secret from the system's random source.
    ///
    /// # Errors
    /// Only if the system's random source fails.
    pub fn generate(prefix: &str) -> Result<Self, getrandom::Error> {
        let mut random = [0_u8; LENGTH];
        getrandom::fill(&mut random)?;
        let characters = random
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        Ok(Self(prefix.chars().chain(characters).collect()))
    }

    /// Parses a secret. Returns `None` if the text does not have its form.
    #[must_use]
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(prefix)?;
        let valid = rest.len() == LENGTH && rest.bytes().all(|byte| ALPHABET.contains(&byte));
        valid.then(|| Self(text.to_owned()))
    }

    /// Returns the text, which is shown once.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the digest, which is stored in place of the text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Digest(bytes)
    }
}

impl Digest {
    /// Returns the bytes of the digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// Scope of a personal token, or the scope that a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    /// Read access to everything that the owner may read.
    Read,
    /// Read and write access, except for actions that require [`Admin`](Self::Admin).
    Write,
    /// Sending of messages and upload of files only.
    Post,
    /// Access of [`Write`](Self::Write), and the actions of server admins.
    Admin,
}

impl TokenScope {
    /// Returns the name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Post => "post",
            Self::Admin => "admin",
        }
    }

    /// Returns the scope with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            "post" => Some(Self::Post),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    /// Returns whether a token of this scope permits an action that requires `needed`.
    #[must_use]
    pub fn includes(self, needed: Self) -> bool {
        match self {
            Self::Read | Self::Post => self == needed,
            Self::Write => needed != Self::Admin,
            Self::Admin => true,
        }
    }
}

/// Rooms to which a personal token is limited.
///
/// Logins, and tokens without a list of rooms, have no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RoomLimit(Option<Arc<[RoomId]>>);

impl RoomLimit {
    /// Maximum number of rooms in the list of one token.
    pub const MAX_ROOMS: usize = 100;

    /// Validates the list of a token with the given scope.
    ///
    /// # Errors
    /// [`Invalid`] if the list is empty or too long, or if the scope is [`TokenScope::Admin`].
    pub fn parse(scope: TokenScope, rooms: Option<Vec<RoomId>>) -> Result<Self, Invalid> {
        let Some(mut rooms) = rooms else {
            return Ok(Self(None));
        };
        if scope == TokenScope::Admin {
            let detail = "must be left out: a token with the scope admin has no list of rooms";
            return Err(Invalid::new("rooms", detail));
        }
        if !(1..=Self::MAX_ROOMS).contains(&rooms.len()) {
            let detail = format!(
                "must list 1 to {} room ids, or be left out for all rooms",
                Self::MAX_ROOMS
            );
            return Err(Invalid::new("rooms", detail));
        }
        rooms.sort_unstable();
        rooms.dedup();
        Ok(Self(Some(rooms.into())))
    }

    /// Returns whether `room` is within the limit.
    #[must_use]
    pub fn includes(&self, room: RoomId) -> bool {
        self.0.as_ref().is_none_or(|rooms| rooms.contains(&room))
    }

    /// Returns the listed rooms, or `None` if there is no limit.
    #[must_use]
    pub fn rooms(&self) -> Option<&[RoomId]> {
        self.0.as_deref()
    }
}

/// A personal token as its owner sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PersonalToken {
    /// Id of the token, from the same sequence as the ids of logins.
    pub id: SessionId,
    /// Name that the owner gave it.
    #[schema(value_type = String)]
    pub name: TokenName,
    /// Scope of the token.
    pub scope: TokenScope,
    /// Rooms to which the token is limited.
    #[schema(value_type = Option<Vec<RoomId>>)]
    pub rooms: RoomLimit,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last use, precise to a minute; null if it was never used.
    #[schema(required = true)]
    pub last_used_at: Option<Timestamp>,
    /// Time of expiry; null if it does not expire.
    #[schema(required = true)]
    pub expires_at: Option<Timestamp>,
}

/// User and rights that a personal token stands for.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    /// Owner of the token.
    pub user: UserId,
    /// Id of the token, as a login.
    pub session: SessionId,
    /// Scope of the token.
    pub scope: TokenScope,
    /// Rooms to which the token is limited.
    pub rooms: RoomLimit,
    /// Time of expiry.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secret_parses_with_its_own_prefix_only() {
        for prefix in [TokenSecret::PERSONAL, TokenSecret::LINK] {
            let secret = TokenSecret::generate(prefix).unwrap();
            assert_eq!(secret.as_str().len(), prefix.len() + LENGTH);
            assert_eq!(TokenSecret::parse(prefix, secret.as_str()), Some(secret));
        }
        let link = TokenSecret::generate(TokenSecret::LINK).unwrap();
        assert_eq!(
            TokenSecret::parse(TokenSecret::PERSONAL, link.as_str()),
            None
        );
        for text in ["", "parlor_", "parlor_short", "eyJ0.eyJ1.sig"] {
            assert_eq!(
                TokenSecret::parse(TokenSecret::PERSONAL, text),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn scope_includes_itself_and_its_parts() {
        use TokenScope::{Admin, Post, Read, Write};
        for (scope, included) in [
            (Read, &[Read][..]),
            (Post, &[Post]),
            (Write, &[Read, Write, Post]),
            (Admin, &[Read, Write, Post, Admin]),
        ] {
            for needed in [Read, Write, Post, Admin] {
                assert_eq!(scope.includes(needed), included.contains(&needed));
            }
            assert_eq!(TokenScope::parse(scope.as_str()), Some(scope));
        }
    }

    #[test]
    fn room_limit_is_a_list_or_absent() {
        let all = RoomLimit::parse(TokenScope::Admin, None).unwrap();
        assert_eq!((all.includes(RoomId(1)), all.rooms()), (true, None));
        let some = vec![RoomId(7), RoomId(3), RoomId(7)];
        let some = RoomLimit::parse(TokenScope::Post, Some(some)).unwrap();
        assert_eq!(some.rooms(), Some(&[RoomId(3), RoomId(7)][..]));
        assert_eq!(
            (some.includes(RoomId(7)), some.includes(RoomId(1))),
            (true, false)
        );
        let many: Vec<RoomId> = (1..=101).map(RoomId).collect();
        for (scope, rooms) in [
            (TokenScope::Read, Vec::new()),
            (TokenScope::Write, many),
            (TokenScope::Admin, vec![RoomId(1)]),
        ] {
            assert!(RoomLimit::parse(scope, Some(rooms)).is_err());
        }
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let secret = TokenSecret::generate(TokenSecret::PERSONAL).unwrap();
        assert_eq!(format!("{secret:?}"), "TokenSecret(…)");
        assert_eq!(format!("{:?}", secret.digest()), "Digest(…)");
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_no_secret_unless_it_has_the_form(text in "(parlor_|reset_)?[-_a-zA-Z0-9]{0,60}|\\PC{0,60}") {
            for prefix in [TokenSecret::PERSONAL, TokenSecret::LINK] {
                if let Some(secret) = TokenSecret::parse(prefix, &text) {
                    prop_assert_eq!(secret.as_str(), text.as_str());
                    prop_assert!(text.starts_with(prefix));
                }
            }
        }
    }
}
