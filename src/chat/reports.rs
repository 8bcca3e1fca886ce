//! Reports of messages.

use super::{Admin, AdminReader, Chat, ChatError, Member};
use crate::{
    domain::{Permission, Report, Seq, Timestamp, report::Reason},
    store::{CloseReportOutcome, ReportOutcome},
};

impl Chat {
    /// Reports a message to the admins. Repeating a report is not an error.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the room has no such message.
    pub async fn report(&self, member: &Member, seq: Seq, reason: Reason) -> Result<(), ChatError> {
        self.inner.sends.take(&member.user())?;
        let (room, by, now) = (member.room(), member.actor(), Timestamp::now());
        match self.inner.store.report(room, seq, reason, by, now).await? {
            ReportOutcome::Done => Ok(()),
            ReportOutcome::NotMember => Err(ChatError::NotFound("room")),
            ReportOutcome::NoSuchMessage => Err(ChatError::NotFound("message")),
        }
    }

    /// Returns open reports with ids below `before`, newest first. Admins see the reported messages even of rooms that
    /// they are not in, but nothing else of those rooms.
    ///
    /// # Errors
    /// [`ChatError`] if the reports could not be read.
    pub async fn reports(
        &self,
        _: &AdminReader,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Report>, ChatError> {
        Ok(self.inner.store.reports(before, limit).await?)
    }

    /// Closes a report.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such report, or [`ChatError::Forbidden`] if `by` is no longer an admin.
    pub async fn close_report(&self, by: &Admin, id: i64) -> Result<(), ChatError> {
        let (by, now) = (by.actor().clone(), Timestamp::now());
        match self.inner.store.close_report(id, by, now).await? {
            CloseReportOutcome::Done => Ok(()),
            CloseReportOutcome::NoSuchReport => Err(ChatError::NotFound("report")),
            CloseReportOutcome::Forbidden => Err(ChatError::Forbidden(Permission::Administer)),
        }
    }
}
