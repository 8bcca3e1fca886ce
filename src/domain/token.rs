//! Random strings that let somebody in: personal tokens, and links to set a new password.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Invalid, RoomId, SessionId, Timestamp, UserId, text::TokenName};

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

/// Scope of a personal token, or the scope that a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    /// To read what its owner may read.
    Read,
    /// To read and to change what its owner may, except what [`Admin`](Self::Admin) is needed for.
    Write,
    /// To send messages and to upload files, and nothing else.
    Post,
    /// [`Write`](Self::Write), and to change what server admins may.
    Admin,
}

impl TokenScope {
    /// Its name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Post => "post",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
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

    /// Returns whether a token of this scope may do what `needed` is needed for.
    #[must_use]
    pub fn includes(self, needed: Self) -> bool {
        match self {
            Self::Read | Self::Post => self == needed,
            Self::Write => needed != Self::Admin,
            Self::Admin => true,
        }
    }
}

/// The rooms that a personal token is limited to.
///
/// A login, and a token without a list, have no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RoomLimit(Option<Arc<[RoomId]>>);

impl RoomLimit {
    /// Rooms that one token can list.
    pub const MAX_ROOMS: usize = 100;

    /// Reads the list of a token with that scope.
    ///
    /// # Errors
    /// [`Invalid`] for a list that is empty, too long, or goes with [`TokenScope::Admin`].
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
#[derive(Clone, Debug, Serialize)]
pub struct PersonalToken {
    /// Its number, which is that of a login.
    pub id: SessionId,
    /// What its owner calls it.
    pub name: TokenName,
    /// What it is good for.
    pub scope: TokenScope,
    /// The rooms it is limited to.
    pub rooms: RoomLimit,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute; `None` if it never was.
    pub last_used_at: Option<Timestamp>,
    /// When it runs out; `None` if it does not.
    pub expires_at: Option<Timestamp>,
}

/// Whom a personal token lets in, and what for.
#[derive(Clone, Debug)]
pub struct TokenHolder {
    /// Who.
    pub user: UserId,
    /// As which login.
    pub session: SessionId,
    /// What for.
    pub scope: TokenScope,
    /// The rooms it is limited to.
    pub rooms: RoomLimit,
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
    fn a_scope_includes_itself_and_what_it_is_made_of() {
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
    fn a_limit_is_a_list_of_rooms_or_none() {
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
    fn nothing_of_a_secret_is_shown_by_accident() {
        let secret = Secret::generate(Secret::PERSONAL).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:?}", secret.digest()), "Digest(…)");
    }
}
