//! Messages and receipts in SQLite.
//!
//! Every read of messages is one statement that joins the reader's membership. Non-members get no row, and the
//! messages and the state of the room are from the same moment.

use super::{
    Sqlite,
    read::pages::{PageRead, seen},
};
use crate::{
    domain::{Message, MessagePage, RoomId, Seq, UserId, Window},
    store::{Append, EncodedPage, PINS, PageLimit, PendingAppend, StoreError},
};

impl Sqlite {
    pub(in crate::store) fn append(&self, append: Append) -> Result<PendingAppend, StoreError> {
        self.writer.append(append)
    }

    pub(in crate::store) async fn page(
        &self,
        room: RoomId,
        reader: UserId,
        window: Window,
        limit: PageLimit,
    ) -> Result<Option<MessagePage>, StoreError> {
        let seen = match window {
            Window::Newest => self.before(room, reader, Seq(i64::MAX), limit).await?,
            Window::Before(seq) => self.before(room, reader, seq, limit).await?,
            Window::After(seq) => self.after(room, reader, seq, limit).await?,
            Window::Around(seq) => self.around(room, reader, seq, limit).await?,
        };
        let Some(PageRead { head, items, .. }) = seen else {
            return Ok(None);
        };
        // Numbers have no gaps, so the ends of the page tell whether others exist.
        let (first, last) = match (items.first(), items.last()) {
            (Some(first), Some(last)) => (first.seq, last.seq),
            _ => match window {
                Window::Newest => (Seq(1), head.seq),
                Window::Before(seq) | Window::Around(seq) => (seq, Seq(seq.0.saturating_sub(1))),
                Window::After(seq) => (Seq(seq.0.saturating_add(1)), seq),
            },
        };
        Ok(Some(MessagePage {
            items,
            head,
            has_before: first.0 > 1 && head.seq.0 >= 1,
            has_after: last < head.seq,
        }))
    }

    pub(in crate::store) async fn newest(
        &self,
        room: RoomId,
        reader: UserId,
        write_out: fn(&MessagePage) -> EncodedPage,
    ) -> Result<Option<EncodedPage>, StoreError> {
        let missed = match self.page_cache.get(room, reader) {
            Ok(page) => return Ok(Some(page)),
            Err(missed) => missed,
        };
        let page = self
            .page(room, reader, Window::Newest, PageLimit::PAGE)
            .await?;
        Ok(page
            .as_ref()
            .map(|page| self.page_cache.keep(room, reader, write_out(page), missed)))
    }

    pub(in crate::store) async fn pins(
        &self,
        room: RoomId,
        reader: UserId,
    ) -> Result<Option<Vec<Message>>, StoreError> {
        let limit = PageLimit {
            messages: PINS,
            bytes: usize::MAX,
        };
        // Every pin was set after time 0.
        let seen = seen!(
            self,
            room,
            reader,
            0,
            limit,
            "m.pinned_at > ?3",
            "m.pinned_at desc"
        )?;
        Ok(seen.map(|seen| seen.items))
    }
}
