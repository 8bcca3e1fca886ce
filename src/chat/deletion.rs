//! The end of an account, and taking along what is one's own.

use super::{Caller, Chat, ChatError, Login};
use crate::{
    domain::{Invalid, Password, Timestamp},
    store::{AccountEnd, OwnMessages},
};

/// Messages of one page of an export.
const PAGE: i64 = 100;
/// Rooms that a refusal names.
const NAMED: usize = 5;

impl Chat {
    /// Deletes the caller's account. What they said stays under "Deleted user", or goes by and by.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for `password`, [`ChatError::LastAdmin`], or
    /// [`ChatError::LastOwnerOf`] rooms with others in them.
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
            AccountEnd::Done { ended, left } => {
                self.inner.hub.presence().rename(left);
                for session in ended {
                    self.revoke_and_disconnect(user, session);
                }
                // It may have been the last one.
                self.inner.registration.recheck();
                self.inner.rooms_gone.notify_one();
                if erase {
                    self.inner.erase.notify_one();
                }
                Ok(())
            }
            AccountEnd::WrongPassword => {
                Err(Invalid::new("password", "is not your password").into())
            }
            AccountEnd::LastAdmin => Err(ChatError::LastAdmin),
            AccountEnd::LastOwner(rooms) => Err(ChatError::LastOwnerOf(list(&rooms))),
        }
    }

    /// That the caller may have all that is theirs, and not too often: every message is looked at.
    ///
    /// # Errors
    /// [`ChatError::RateLimited`].
    pub fn admit_export(&self, caller: &Caller) -> Result<(), ChatError> {
        Ok(self
            .inner
            .attempts
            .take(&format!("export {}", caller.user()))?)
    }

    /// A page of what the caller said, from `after` on; 0 is the beginning.
    ///
    /// # Errors
    /// [`ChatError::Unauthorized`] once the caller's login has ended.
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

/// Names in words, not more than one reads.
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
