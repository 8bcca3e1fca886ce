//! Rooms, roles, and who may do what: the one place that decides it.

use serde::{Deserialize, Serialize};

use super::{ReadGeneration, Rev, RoomId, Seq, Timestamp, UserSummary};

/// Who can find and enter a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// Anybody with an account finds it and may join.
    Public,
    /// Only who has its code may join; to everybody else it does not exist.
    Private,
    /// A fixed set of people; nobody joins or leaves.
    Direct,
}

impl RoomKind {
    /// Its name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Direct => "direct",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Public, Self::Private, Self::Direct]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A member's standing in one room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Also changes the topic, hands out the access code and other invites, and keeps order.
    Moderator,
    /// Also renames and deletes the room.
    Owner,
}

/// Something a role may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See and replace the access code; make, list and revoke other invites.
    Invite,
    /// Set the topic.
    SetTopic,
    /// Remove a member of a lower role.
    Kick,
    /// Remove somebody of a lower role for good.
    Ban,
    /// Take the voice of a member of a lower role for a time.
    Mute,
    /// Lock the room, or slow it down.
    Restrict,
    /// Give a member another role.
    SetRoles,
    /// Make another member owner in one's own place.
    Transfer,
    /// Rename the room.
    Rename,
    /// Delete the room with all that was said.
    DeleteRoom,
    /// Edit what others have said: nobody may.
    EditMessages,
    /// Delete what others have said.
    DeleteMessages,
    /// Leave a direct room: nobody may, for it is the room of these people.
    LeaveDirect,
    /// Pin and unpin messages.
    Pin,
    /// Read what messages said before they were edited; a setting of the server.
    ReadVersions,
    /// What server admins may; no role in a room allows it.
    Administer,
}

impl Permission {
    /// What it allows, to be read after "you may not".
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
    /// Its name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Moderator, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == text)
    }

    /// Whether somebody of this role may do that to a member of the other one.
    #[must_use]
    pub fn may_to(self, permission: Permission, other: Self) -> bool {
        self.may(permission) && self > other
    }

    /// Whether this role may do that.
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

/// Who may name the whole room with `@room`.
const SMALL_ROOM: i64 = 20;

impl Role {
    /// Whether this role may name the whole room, which has so many members.
    #[must_use]
    pub fn may_name_room(self, members: i64) -> bool {
        self >= Self::Moderator || members <= SMALL_ROOM
    }
}

/// What of a room's news a member wants to be told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    #[default]
    All,
    /// Messages that ask for their attention.
    Mentions,
    /// Nothing.
    None,
}

impl Notify {
    /// Its name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
    }

    /// The level of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::All, Self::Mentions, Self::None]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

/// A room's newest numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The newest message.
    pub seq: Seq,
    /// The newest change.
    pub rev: Rev,
}

/// One conversation.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its number.
    pub id: RoomId,
    /// Its name; rooms may share one.
    pub name: String,
    /// What it is about; may be empty.
    pub topic: String,
    /// Who can find and enter it.
    pub kind: RoomKind,
    /// Its newest numbers.
    pub head: Head,
    /// How many people are in it.
    pub member_count: i64,
    /// Seconds that a plain member waits between two messages; 0 is no wait.
    pub slow_mode_s: i64,
    /// Whether only moderators write.
    pub locked: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A room as one of its members has it.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The room.
    pub room: Room,
    /// What this member may do in it.
    pub role: Role,
    /// The furthest message they have read.
    pub read_seq: Seq,
    /// Text messages after that one.
    pub unread: i64,
    /// Those of them that ask for this member's attention.
    pub mentions: i64,
    /// How often the receipt was moved by force.
    pub read_generation: ReadGeneration,
    /// What they want to be told of.
    pub notify: Notify,
    /// Who is in it, where it is a direct room; empty in all others.
    pub people: Vec<UserSummary>,
    /// Until when they may not write, if somebody took their voice.
    pub muted_until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_may_what_their_rank_allows() {
        assert!(!Role::Member.may(Permission::Invite));
        assert!(Role::Moderator.may(Permission::SetTopic));
        assert!(!Role::Moderator.may(Permission::DeleteRoom));
        assert!(Role::Owner.may(Permission::DeleteRoom));
        assert!(!Role::Owner.may(Permission::Administer));
        assert!(Role::Owner.may_to(Permission::Kick, Role::Moderator));
        assert!(!Role::Moderator.may_to(Permission::Kick, Role::Moderator));
    }

    #[test]
    fn names_are_read_back() {
        for role in [Role::Member, Role::Moderator, Role::Owner] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for kind in [RoomKind::Public, RoomKind::Private, RoomKind::Direct] {
            assert_eq!(RoomKind::parse(kind.as_str()), Some(kind));
        }
    }
}
