//! Accounts, and how they appear beside what they wrote.

use serde::Serialize;

use super::{AvatarVersion, Role, Timestamp, UserId};

/// The name others see of whoever has deleted their account.
pub const DELETED: &str = "Deleted user";

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// The name it signs in with, as first spelt.
    pub username: String,
    /// The name others see.
    pub display_name: String,
    /// Which picture it has, if it has one.
    pub avatar: Option<AvatarVersion>,
    /// When its last connection closed, or it was last known to be here.
    pub last_seen: Timestamp,
    /// Whether others are kept from seeing that.
    pub hides_last_seen: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl User {
    /// The part of it that stands beside its messages.
    #[must_use]
    pub fn author(&self) -> UserSummary {
        UserSummary {
            id: self.id,
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            avatar: self.avatar,
        }
    }
}

/// An account as admins see it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account.
    pub user: User,
    /// Whether it administers the server.
    pub admin: bool,
    /// Whether it lets nobody in.
    pub disabled: bool,
    /// Whether its owner has deleted it.
    pub deleted: bool,
}

/// Who wrote a message, or is online.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserSummary {
    /// The user's number.
    pub id: UserId,
    /// The name they sign in with.
    pub username: String,
    /// The name others see.
    pub display_name: String,
    /// Which picture they have, if they have one.
    pub avatar: Option<AvatarVersion>,
}

/// One member in a room's list.
#[derive(Clone, Debug)]
pub struct RosterEntry {
    /// The account.
    pub user: User,
    /// What they may do in this room.
    pub role: Role,
    /// When they came in.
    pub joined_at: Timestamp,
}

/// A page of a room's members, by ascending user id.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The members of this page.
    pub items: Vec<RosterEntry>,
    /// Whether more follow.
    pub has_after: bool,
}
