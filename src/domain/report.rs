//! Reports of messages to the admins of the server.

use super::{Invalid, MessageKind, RoomId, Seq, Timestamp, UserSummary};

/// Maximum number of characters in a reason.
const MAX_CHARS: usize = 500;

/// Reason for a report, in the reporter's words; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Trims and validates a reason.
    ///
    /// # Errors
    /// [`Invalid`] if it is longer than 500 characters or contains a NUL.
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

    /// Returns the text, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// An open report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Id of the report, in ascending order.
    pub id: i64,
    /// Room of the message.
    pub room: RoomId,
    /// Name of the room; `None` if the room was deleted.
    pub room_name: Option<String>,
    /// Number of the message.
    pub seq: Seq,
    /// User who reported the message.
    pub reporter: UserSummary,
    /// Reason for the report.
    pub reason: String,
    /// Time of the report.
    pub created_at: Timestamp,
    /// The message in its current state; `None` if it was deleted with its room.
    pub message: Option<ReportedMessage>,
}

/// A reported message in its current state.
#[derive(Clone, Debug)]
pub struct ReportedMessage {
    /// Origin: a member or the room itself.
    pub kind: MessageKind,
    /// Author of the message.
    pub author: UserSummary,
    /// Text; empty if the message is deleted.
    pub body: String,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last edit.
    pub edited_at: Option<Timestamp>,
    /// Time of deletion.
    pub deleted_at: Option<Timestamp>,
}
