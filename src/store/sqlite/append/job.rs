//! A message that waits to be written.

use tokio::sync::oneshot;

use crate::{
    domain::{RoomId, UserId},
    store::{Append, AppendOutcome, StoreError},
};

/// A message to write, and what came of it.
pub(in crate::store) struct AppendJob {
    pub(in crate::store) append: Append,
    pub(in crate::store) outcome: Result<AppendOutcome, StoreError>,
    pub(in crate::store) reply: oneshot::Sender<Result<AppendOutcome, StoreError>>,
}

/// Where somebody sends to.
pub(in crate::store) type MemberKey = (RoomId, UserId);
/// Room, author and idempotency key of a message.
pub(in crate::store) type IdempotencyKey = (RoomId, UserId, String);
