//! Contract for reported messages.

use super::{Backend, Store, StoreError};
use crate::domain::{Actor, Report, RoomId, Seq, Timestamp, report::Reason};

/// Outcome of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// Reported, now or earlier.
    Done,
    /// The reporter is no longer in the room.
    NotMember,
    /// The room has no such message.
    NoSuchMessage,
}

/// Outcome of closing a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReportOutcome {
    /// The report is closed.
    Done,
    /// The report does not exist, or was closed before.
    NoSuchReport,
    /// The user is no longer an admin.
    Forbidden,
}

impl Store {
    /// Reports a message to the admins, at most once per user and message.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn report(
        &self,
        room: RoomId,
        seq: Seq,
        reason: Reason,
        by: Actor,
        now: Timestamp,
    ) -> Result<ReportOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.report(room, seq, reason, by, now).await,
        }
    }

    /// Returns open reports with smaller ids, newest first, each with its message as it is now.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn reports(&self, before: i64, limit: i64) -> Result<Vec<Report>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.reports(before, limit).await,
        }
    }

    /// Closes a report. The same user may report the same message again.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn close_report(
        &self,
        id: i64,
        by: Actor,
        now: Timestamp,
    ) -> Result<CloseReportOutcome, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.close_report(id, by, now).await,
        }
    }
}
