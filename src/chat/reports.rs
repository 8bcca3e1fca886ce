//! Reporting messages, and looking at what was reported.

use super::{Admin, AdminReader, Chat, ChatError, Member};
use crate::{
    domain::{Permission, Report, Seq, Timestamp, report::Reason},
    store::{Closed, Reported},
};

impl Chat {
    /// Reports a message to the admins. To report it again is no error.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if the room has no such message.
    pub async fn report(&self, member: &Member, seq: Seq, reason: Reason) -> Result<(), ChatError> {
        self.inner.sends.take(&member.user())?;
        let (room, by, now) = (member.room(), member.actor(), Timestamp::now());
        match self.inner.store.report(room, seq, reason, by, now).await? {
            Reported::Done => Ok(()),
            Reported::NotMember => Err(ChatError::NotFound("room")),
            Reported::NoSuchMessage => Err(ChatError::NotFound("message")),
        }
    }

    /// Open reports older than that one, newest first. Of a room that they are not in, admins see
    /// what was reported and nothing else.
    ///
    /// # Errors
    /// [`ChatError`] if they could not be read.
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
    /// [`ChatError::NotFound`] if there is none of that number, or [`ChatError::Forbidden`] if `by`
    /// has lost the right.
    pub async fn close_report(&self, by: &Admin, id: i64) -> Result<(), ChatError> {
        let (by, now) = (by.actor().clone(), Timestamp::now());
        match self.inner.store.close_report(id, by, now).await? {
            Closed::Done => Ok(()),
            Closed::NoSuchReport => Err(ChatError::NotFound("report")),
            Closed::Forbidden => Err(ChatError::Forbidden(Permission::Administer)),
        }
    }
}
