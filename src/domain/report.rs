//! Messages that somebody wants an admin to look at.

use super::{Invalid, MessageKind, RoomId, Seq, Timestamp, UserSummary};

/// The most characters of a reason.
const MAX_CHARS: usize = 500;

/// Why somebody reports a message, in their words; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// # Errors
    /// [`Invalid`] if longer than 500 characters or holding a NUL.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.chars().count() > MAX_CHARS {
            let detail = format!("must be at most {MAX_CHARS} characters long");
            return Err(Invalid::new("reason", detail));
        }
        if text.contains('\0') {
            return Err(Invalid::new("reason", "must not hold a NUL character"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text itself, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A report that nobody has closed yet.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its number; later ones are greater.
    pub id: i64,
    /// The room.
    pub room: RoomId,
    /// Its name, unless it is gone.
    pub room_name: Option<String>,
    /// The message.
    pub seq: Seq,
    /// Who reports it.
    pub reporter: UserSummary,
    /// Why.
    pub reason: String,
    /// When they did.
    pub created_at: Timestamp,
    /// What it says now, unless it is gone with its room.
    pub message: Option<ReportedMessage>,
}

/// A reported message as it is now.
#[derive(Clone, Debug)]
pub struct ReportedMessage {
    /// A person's text or the room's own.
    pub kind: MessageKind,
    /// Who wrote it.
    pub author: UserSummary,
    /// The text; empty once deleted.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its text was last changed.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}
