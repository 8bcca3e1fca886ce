//! Rooms, roles and permissions. All rules about permissions of roles are in this module.

use serde::{Deserialize, Serialize};

use super::{ReadGeneration, Rev, RoomId, Seq, Timestamp, UserSummary};

/// Kind of a room, which decides how people find and join it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// Every user can find it and join it.
    Public,
    /// Only users with a code can join it. All others cannot tell that it exists.
    Private,
    /// The set of members is fixed. No user can join or leave.
    Direct,
}

impl RoomKind {
    /// Returns the name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Direct => "direct",
        }
    }

    /// Returns the kind with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Public, Self::Private, Self::Direct]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Role of a member in a room.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May read and post.
    Member,
    /// May also set the topic, manage invites and moderate members and messages.
    Moderator,
    /// May also rename and delete the room, change roles and transfer the ownership.
    Owner,
}

/// Action that only some roles allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// View and replace the access code; create, list and revoke other invites.
    Invite,
    /// Set the topic.
    SetTopic,
    /// Remove a member with a lower role.
    Kick,
    /// Ban a user with a lower role.
    Ban,
    /// Mute a member with a lower role.
    Mute,
    /// Lock the room, or set its slow mode.
    Restrict,
    /// Change the role of a member.
    SetRoles,
    /// Make another member the owner in one's own place.
    Transfer,
    /// Rename the room.
    Rename,
    /// Delete the room with its messages.
    DeleteRoom,
    /// Edit messages of other users; no role allows it.
    EditMessages,
    /// Delete messages of other users.
    DeleteMessages,
    /// Leave a direct room; no role allows it, because the set of members is fixed.
    LeaveDirect,
    /// Pin and unpin messages.
    Pin,
    /// Read versions of edited messages. No role allows it; a setting of the server does.
    ReadVersions,
    /// Actions of server admins; no role in a room allows them.
    Administer,
}

impl Permission {
    /// Returns a description of the action, as a phrase that follows "you may not".
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Invite => "invite people to this room",
            Self::SetTopic => "set the topic",
            Self::Kick => "remove that member",
            Self::Ban => "ban that user",
            Self::Mute => "mute that member",
            Self::Restrict => "lock the room or slow it down",
            Self::SetRoles => "change roles",
            Self::Transfer => "hand the room over",
            Self::Rename => "rename the room",
            Self::DeleteRoom => "delete the room",
            Self::EditMessages => "edit what somebody else said",
            Self::DeleteMessages => "delete that message",
            Self::LeaveDirect => "leave a direct room",
            Self::Pin => "pin messages",
            Self::ReadVersions => "read what it said before",
            Self::Administer => "administer this server",
        }
    }
}

impl Role {
    /// Returns the name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// Returns the role with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Moderator, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == text)
    }

    /// Returns whether this role may act on a member with the role `other`.
    #[must_use]
    pub fn may_to(self, permission: Permission, other: Self) -> bool {
        self.may(permission) && self > other
    }

    /// Returns whether this role has a permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::EditMessages
            | Permission::ReadVersions
            | Permission::LeaveDirect
            | Permission::Administer => false,
            Permission::Invite
            | Permission::SetTopic
            | Permission::Kick
            | Permission::Ban
            | Permission::Mute
            | Permission::Restrict
            | Permission::DeleteMessages
            | Permission::Pin => self >= Self::Moderator,
            Permission::Rename
            | Permission::SetRoles
            | Permission::Transfer
            | Permission::DeleteRoom => self >= Self::Owner,
        }
    }
}

/// Largest number of members with which every member may mention the whole room.
const SMALL_ROOM: i64 = 20;

impl Role {
    /// Returns whether this role may mention the whole room of `members` members with `@room`.
    #[must_use]
    pub fn may_name_room(self, members: i64) -> bool {
        self >= Self::Moderator || members <= SMALL_ROOM
    }
}

/// Messages of a room that notify a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    #[default]
    All,
    /// Messages that mention the member or reply to them, and all messages in direct rooms.
    Mentions,
    /// No message.
    None,
}

impl Notify {
    /// Returns the name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }

    /// Returns the level with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::All, Self::Mentions, Self::None]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

/// Newest numbers of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Head {
    /// Number of the newest message.
    pub seq: Seq,
    /// Number of the newest change.
    pub rev: Rev,
}

/// A room.
#[derive(Clone, Debug)]
pub struct Room {
    /// Id of the room.
    pub id: RoomId,
    /// Name of the room. Several rooms may have the same name.
    pub name: String,
    /// Topic of the room; may be empty.
    pub topic: String,
    /// Kind, which decides how people find and join the room.
    pub kind: RoomKind,
    /// Newest numbers.
    pub head: Head,
    /// Number of members.
    pub member_count: i64,
    /// Seconds between two messages of a plain member; 0 disables slow mode.
    pub slow_mode_s: i64,
    /// Whether only moderators and owners may post.
    pub locked: bool,
    /// Time of creation.
    pub created_at: Timestamp,
}

/// A room with the state of one member.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The room.
    pub room: Room,
    /// Role of the member.
    pub role: Role,
    /// Newest message that the member has read.
    pub read_seq: Seq,
    /// Number of text messages after it.
    pub unread: i64,
    /// Number of those that mention the member or reply to them; in a direct room, all of them.
    pub mentions: i64,
    /// Number of forced moves of the receipt.
    pub read_generation: ReadGeneration,
    /// Messages that notify the member.
    pub notify: Notify,
    /// Members, if it is a direct room; empty otherwise.
    pub people: Vec<UserSummary>,
    /// End of the member's mute.
    pub muted_until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_follow_the_rank_of_the_role() {
        assert!(!Role::Member.may(Permission::Invite));
        assert!(Role::Moderator.may(Permission::SetTopic));
        assert!(!Role::Moderator.may(Permission::DeleteRoom));
        assert!(Role::Owner.may(Permission::DeleteRoom));
        assert!(!Role::Owner.may(Permission::Administer));
        assert!(Role::Owner.may_to(Permission::Kick, Role::Moderator));
        assert!(!Role::Moderator.may_to(Permission::Kick, Role::Moderator));
    }

    #[test]
    fn role_names_round_trip() {
        for role in [Role::Member, Role::Moderator, Role::Owner] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for kind in [RoomKind::Public, RoomKind::Private, RoomKind::Direct] {
            assert_eq!(RoomKind::parse(kind.as_str()), Some(kind));
        }
    }
}
