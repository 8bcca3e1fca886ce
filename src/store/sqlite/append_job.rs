//! A message that waits to be written.

use tokio::sync::oneshot;

use crate::{
    domain::{RoomId, UserId},
    store::{Append, Appended, StoreError},
};

/// A message to write, and what came of it.
pub(super) struct AppendJob {
    pub(super) append: Append,
    pub(super) outcome: Result<Appended, StoreError>,
    pub(super) reply: oneshot::Sender<Result<Appended, StoreError>>,
}

/// Where somebody sends to.
pub(super) type MemberKey = (RoomId, UserId);
/// Room, author and idempotency key of a message.
pub(super) type IdempotencyKey = (RoomId, UserId, String);
