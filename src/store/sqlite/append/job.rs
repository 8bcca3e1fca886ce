//! A queued message.

use tokio::sync::oneshot;

use crate::{
    domain::{RoomId, UserId},
    store::{Append, AppendOutcome, StoreError},
};

/// A message to write, and its outcome.
pub(in crate::store) struct AppendJob {
    pub(in crate::store) append: Append,
    pub(in crate::store) outcome: Result<AppendOutcome, StoreError>,
    pub(in crate::store) reply: oneshot::Sender<Result<AppendOutcome, StoreError>>,
}

/// A room and one of its members.
pub(in crate::store) type MemberKey = (RoomId, UserId);
/// Room, author and idempotency key of a message.
pub(in crate::store) type IdempotencyKey = (RoomId, UserId, String);
