//! Entries of the audit log: uses of rights that ordinary members lack, and reports.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{RoomId, Seq, Timestamp, UserId, UserSummary};

/// User who performs an audited action, and their address.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user.
    pub author: UserSummary,
    /// Address of the request or connection. `None` if the server acts by itself.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// Returns the id of the user.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.author.id
    }
}

/// Kind of an audited action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A member was removed from a room.
    Kick,
    /// A user was banned from a room.
    Ban,
    /// A ban was lifted.
    Unban,
    /// A member was muted; the detail is the number of seconds.
    Mute,
    /// A mute was lifted.
    Unmute,
    /// The slow mode of a room was set; the detail is the number of seconds.
    SlowMode,
    /// A room was locked.
    Lock,
    /// A room was unlocked.
    Unlock,
    /// A member got another role; the detail is the role.
    Role,
    /// An owner made another member the owner.
    Transfer,
    /// A message was reported.
    Report,
    /// A report was closed.
    ReportClose,
    /// A message of another user was deleted.
    DeleteMessage,
    /// A room was deleted.
    RoomDelete,
    /// The access code of a room was replaced.
    AccessCode,
    /// A user became an admin.
    AdminGrant,
    /// An admin became an ordinary user.
    AdminRevoke,
    /// An account was disabled.
    Disable,
    /// An account was enabled again.
    Enable,
    /// A link to set a new password was created.
    Reset,
}

impl Action {
    const ALL: [Self; 20] = [
        Self::Kick,
        Self::Ban,
        Self::Unban,
        Self::Mute,
        Self::Unmute,
        Self::SlowMode,
        Self::Lock,
        Self::Unlock,
        Self::Role,
        Self::Transfer,
        Self::Report,
        Self::ReportClose,
        Self::DeleteMessage,
        Self::RoomDelete,
        Self::AccessCode,
        Self::AdminGrant,
        Self::AdminRevoke,
        Self::Disable,
        Self::Enable,
        Self::Reset,
    ];

    /// Returns the name in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::SlowMode => "slow_mode",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Role => "role",
            Self::Transfer => "transfer",
            Self::Report => "report",
            Self::ReportClose => "report_close",
            Self::DeleteMessage => "delete_message",
            Self::RoomDelete => "room_delete",
            Self::AccessCode => "access_code",
            Self::AdminGrant => "admin_grant",
            Self::AdminRevoke => "admin_revoke",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Reset => "reset",
        }
    }

    /// Returns the action with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// A new audit entry. It has no field for the text of messages.
#[derive(Clone, Debug)]
pub struct NewAuditEntry {
    /// Kind of the action.
    pub action: Action,
    /// User who acted.
    pub actor: UserId,
    /// Address of that user.
    pub address: Option<IpAddr>,
    /// Room of the action.
    pub room: Option<RoomId>,
    /// User whom the action affected.
    pub target: Option<UserId>,
    /// Message that the action affected.
    pub seq: Option<Seq>,
    /// Further detail: one word or number that the server chose.
    pub detail: Option<String>,
}

impl NewAuditEntry {
    /// Creates an entry for an action of `actor`.
    #[must_use]
    pub fn new(action: Action, actor: &Actor) -> Self {
        Self {
            action,
            actor: actor.id(),
            address: actor.address,
            room: None,
            target: None,
            seq: None,
            detail: None,
        }
    }

    /// Sets the room.
    #[must_use]
    pub fn in_room(self, room: RoomId) -> Self {
        let room = Some(room);
        Self { room, ..self }
    }

    /// Sets the affected user.
    #[must_use]
    pub fn to(self, user: UserId) -> Self {
        let target = Some(user);
        Self { target, ..self }
    }

    /// Sets the affected message.
    #[must_use]
    pub fn about(self, seq: Seq) -> Self {
        let seq = Some(seq);
        Self { seq, ..self }
    }

    /// Sets the detail.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        let detail = Some(detail.into());
        Self { detail, ..self }
    }
}

/// A user in an audit entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditedUser {
    /// Id of the user.
    pub id: UserId,
    /// Username; null if the account no longer exists.
    #[schema(required = true)]
    pub username: Option<String>,
}

/// A stored audit entry.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Id of the entry, in ascending order.
    pub id: i64,
    /// Time of the action.
    pub at: Timestamp,
    /// User who acted.
    pub actor: AuditedUser,
    /// Kind of the action.
    pub action: Action,
    /// Room of the action.
    pub room: Option<RoomId>,
    /// User whom the action affected.
    pub target: Option<AuditedUser>,
    /// Message that the action affected.
    pub seq: Option<Seq>,
    /// Address of the user who acted.
    pub address: Option<String>,
    /// Further detail.
    pub detail: Option<String>,
}

/// Conditions for a list of audit entries. `None` matches all entries.
#[derive(Clone, Debug)]
pub struct AuditFilter {
    /// User who acted.
    pub actor: Option<UserId>,
    /// User whom the action affected.
    pub target: Option<UserId>,
    /// Room of the action.
    pub room: Option<RoomId>,
    /// Kind of the action.
    pub action: Option<Action>,
    /// Exclusive upper limit of the entry's id (keyset pagination).
    pub before: i64,
    /// Maximum number of entries.
    pub limit: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_name_is_the_same_in_code_and_database() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(json, format!("\"{}\"", action.as_str()));
        }
    }
}
