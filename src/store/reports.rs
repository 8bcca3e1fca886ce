//! The contract for reported messages.

use super::{Backend, Store, StoreError};
use crate::domain::{Actor, Report, RoomId, Seq, Timestamp, report::Reason};

/// What came of reporting a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportOutcome {
    /// Reported, now or before.
    Done,
    /// The one who reports is not in the room (any more).
    NotMember,
    /// The room has no such message.
    NoSuchMessage,
}

/// What came of closing a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReportOutcome {
    /// It is closed.
    Done,
    /// There is no such report (any more).
    NoSuchReport,
    /// The one who asked is not an admin (any more).
    Forbidden,
}

impl Store {
    /// Reports a message to the admins, once a user and message.
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

    /// Open reports older than that one, newest first, each with its message as it is now.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn reports(&self, before: i64, limit: i64) -> Result<Vec<Report>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.reports(before, limit).await,
        }
    }

    /// Closes a report; the same user may report the same message again.
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
