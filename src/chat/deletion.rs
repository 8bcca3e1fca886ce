//! Account deletion and data export.

use super::{Caller, Chat, ChatError, Login};
use crate::{
    domain::{Invalid, Password, Timestamp},
    store::{DeleteAccountOutcome, OwnMessages},
};

/// Messages in one page of an export.
const PAGE: i64 = 100;
/// Maximum rooms that a refusal names.
const NAMED: usize = 5;

impl Chat {
    /// Deletes the caller's account. Their messages stay under "Deleted user"; with `erase` they are deleted in the
    /// background.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for `password`, [`ChatError::LastAdmin`], or [`ChatError::LastOwnerOf`] with the rooms
    /// that have other members.
    pub async fn delete_account(
        &self,
        login: &Login,
        password: Password,
        erase: bool,
    ) -> Result<(), ChatError> {
        let caller = login.caller();
        let (user, now) = (caller.user(), Timestamp::now());
        let hash = self.confirm(caller, password, "password").await?;
        match self
            .inner
            .store
            .delete_account(user, hash, erase, now)
            .await?
        {
            DeleteAccountOutcome::Done { ended, left } => {
                self.inner.hub.presence().rename(left);
                for session in ended {
                    self.revoke_and_disconnect(user, session);
                }
                // This may have been the last account.
                self.inner.registration.recheck();
                self.inner.rooms_gone.notify_one();
                if erase {
                    self.inner.erase.notify_one();
                }
                Ok(())
            }
            DeleteAccountOutcome::WrongPassword => {
                Err(Invalid::new("password", "is not your password").into())
            }
            DeleteAccountOutcome::LastAdmin => Err(ChatError::LastAdmin),
            DeleteAccountOutcome::LastOwner(rooms) => Err(ChatError::LastOwnerOf(list(&rooms))),
        }
    }

    /// Counts an export of the caller's data, which reads all messages and so has a rate limit.
    ///
    /// # Errors
    /// [`ChatError::RateLimited`] if there were too many exports.
    pub fn admit_export(&self, caller: &Caller) -> Result<(), ChatError> {
        Ok(self
            .inner
            .attempts
            .take(&format!("export {}", caller.user()))?)
    }

    /// Returns a page of the caller's messages that begins after `after`; 0 is the beginning.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] if the caller's login has ended.
    pub async fn own_messages(
        &self,
        caller: &Caller,
        after: i64,
    ) -> Result<OwnMessages, ChatError> {
        if self.is_ended(caller) {
            return Err(ChatError::Unauthorized);
        }
        let store = &self.inner.store;
        let mut page = store.own_messages(caller.user(), after, PAGE).await?;
        let limit = caller.rooms();
        page.items.retain(|message| limit.includes(message.room_id));
        Ok(page)
    }
}

/// Joins the first names into a readable list.
fn list(rooms: &[String]) -> String {
    let named: Vec<_> = rooms
        .iter()
        .take(NAMED)
        .map(|name| format!("“{name}”"))
        .collect();
    match rooms.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
