//! What is done with a right that not everybody has, as the audit log tells it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{RoomId, Seq, Timestamp, UserId, UserSummary};

/// Who does something that is accounted for, and from where.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub author: UserSummary,
    /// The address of the request or the socket; `None` for what the server does by itself.
    pub address: Option<IpAddr>,
}

impl Actor {
    /// Their number.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.author.id
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Removed a member.
    Kick,
    /// Removed somebody for good.
    Ban,
    /// Lifted a ban.
    Unban,
    /// Took a member's voice for a time; the detail is the seconds.
    Mute,
    /// Gave it back.
    Unmute,
    /// Set how long members wait between messages; the detail is the seconds.
    SlowMode,
    /// Let only moderators write.
    Lock,
    /// Let everybody write again.
    Unlock,
    /// Gave a member another role; the detail is the role.
    Role,
    /// Made another member owner in one's own place.
    Transfer,
    /// Reported a message.
    Report,
    /// Closed a report.
    ReportClose,
    /// Deleted somebody's message.
    DeleteMessage,
    /// Deleted a room.
    RoomDelete,
    /// Replaced a room's access code.
    AccessCode,
    /// Made somebody admin.
    AdminGrant,
    /// Made an admin an ordinary user.
    AdminRevoke,
    /// Let an account in no more.
    Disable,
    /// Let it in again.
    Enable,
    /// Made a link with which somebody sets a new password.
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

    /// Its name in the database and on the wire.
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

    /// The action of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// An entry to write. It has no place for what anybody said.
#[derive(Clone, Debug)]
pub struct NewAuditEntry {
    /// What was done.
    pub action: Action,
    /// By whom.
    pub actor: UserId,
    /// From where.
    pub address: Option<IpAddr>,
    /// In which room.
    pub room: Option<RoomId>,
    /// To whom.
    pub target: Option<UserId>,
    /// To which message.
    pub seq: Option<Seq>,
    /// What the rest does not say; one word or number of ours.
    pub detail: Option<String>,
}

impl NewAuditEntry {
    /// That `actor` did this.
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

    /// In that room.
    #[must_use]
    pub fn in_room(self, room: RoomId) -> Self {
        let room = Some(room);
        Self { room, ..self }
    }

    /// To that user.
    #[must_use]
    pub fn to(self, user: UserId) -> Self {
        let target = Some(user);
        Self { target, ..self }
    }

    /// To that message.
    #[must_use]
    pub fn about(self, seq: Seq) -> Self {
        let seq = Some(seq);
        Self { seq, ..self }
    }

    /// What the rest does not say.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        let detail = Some(detail.into());
        Self { detail, ..self }
    }
}

/// Somebody named by an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditedUser {
    /// Their number.
    pub id: UserId,
    /// Their name, unless the account is gone without a trace.
    pub username: Option<String>,
}

/// An entry as it is read.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Its number; later ones are greater.
    pub id: i64,
    /// When it was done.
    pub at: Timestamp,
    /// By whom.
    pub actor: AuditedUser,
    /// What was done.
    pub action: Action,
    /// In which room.
    pub room: Option<RoomId>,
    /// To whom.
    pub target: Option<AuditedUser>,
    /// To which message.
    pub seq: Option<Seq>,
    /// From where.
    pub address: Option<String>,
    /// What the rest does not say.
    pub detail: Option<String>,
}

/// Which entries are wanted.
#[derive(Clone, Debug)]
pub struct AuditFilter {
    /// Done by this user.
    pub actor: Option<UserId>,
    /// Done to this user.
    pub target: Option<UserId>,
    /// Done in this room.
    pub room: Option<RoomId>,
    /// This was done.
    pub action: Option<Action>,
    /// Older than this entry.
    pub before: i64,
    /// At most so many.
    pub limit: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_one_name_everywhere() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            let json = serde_json::to_string(&action).unwrap();
            assert_eq!(json, format!("\"{}\"", action.as_str()));
        }
    }
}
