//! Reading from a room's channel.

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

use super::{Hub, RoomEvent};
use crate::domain::RoomId;

/// Events were missed; the store has what they told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaggedError;

/// Subscription to one room. Dropping it ends it.
pub struct Subscription {
    hub: Hub,
    room: RoomId,
    /// `None` only while dropping.
    receiver: Option<broadcast::Receiver<RoomEvent>>,
}

impl Subscription {
    pub(super) fn new(hub: Hub, room: RoomId, receiver: broadcast::Receiver<RoomEvent>) -> Self {
        Self {
            hub,
            room,
            receiver: Some(receiver),
        }
    }

    /// The room it is about.
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Waits for the next event. Cancelling it loses nothing.
    ///
    /// # Errors
    /// [`LaggedError`] if events were dropped because this subscriber was slow.
    pub async fn recv(&mut self) -> Result<RoomEvent, LaggedError> {
        match &mut self.receiver {
            // The channel outlives its subscribers, so that it cannot be closed under one.
            Some(receiver) => receiver.recv().await.map_err(|error| match error {
                RecvError::Lagged(_) | RecvError::Closed => LaggedError,
            }),
            None => std::future::pending().await,
        }
    }

    /// The next event if it is there already.
    pub fn try_recv(&mut self) -> Option<Result<RoomEvent, LaggedError>> {
        match self.receiver.as_mut()?.try_recv() {
            Ok(event) => Some(Ok(event)),
            Err(TryRecvError::Lagged(_)) => Some(Err(LaggedError)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // The receiver must be gone before the channel is asked whether it has any.
        self.receiver = None;
        self.hub.release(self.room);
    }
}
