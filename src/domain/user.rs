//! Accounts, and the part of them that is shown beside messages.

use serde::Serialize;

use super::{AvatarVersion, Role, Timestamp, UserId};

/// Display name of deleted accounts.
pub const DELETED: &str = "Deleted user";

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Id of the account.
    pub id: UserId,
    /// Name to sign in with, in the spelling of registration.
    pub username: String,
    /// Name that other users see.
    pub display_name: String,
    /// Version of the avatar; `None` without one.
    pub avatar: Option<AvatarVersion>,
    /// Time when the last connection closed, or when the user was last known to be online.
    pub last_seen: Timestamp,
    /// Whether other users cannot see `last_seen`.
    pub hides_last_seen: bool,
    /// Time of creation.
    pub created_at: Timestamp,
}

impl User {
    /// Returns the part that is shown beside messages.
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
    /// Whether the user is an admin of the server.
    pub admin: bool,
    /// Whether sign-in is disabled.
    pub disabled: bool,
    /// Whether the owner has deleted the account.
    pub deleted: bool,
}

/// Short form of a user, as author of a message or in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct UserSummary {
    /// Id of the user.
    pub id: UserId,
    /// Name to sign in with.
    pub username: String,
    /// Name that other users see.
    pub display_name: String,
    /// Version of the avatar; null without one.
    #[schema(required = true)]
    pub avatar: Option<AvatarVersion>,
}

/// A member in the member list of a room.
#[derive(Clone, Debug)]
pub struct RosterEntry {
    /// The account.
    pub user: User,
    /// Role in the room.
    pub role: Role,
    /// Time of joining.
    pub joined_at: Timestamp,
}

/// A page of a room's members, in ascending order of user id.
#[derive(Clone, Debug)]
pub struct Roster {
    /// Members of this page.
    pub items: Vec<RosterEntry>,
    /// Whether more members follow.
    pub has_after: bool,
}
