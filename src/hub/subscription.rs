//! Subscription to a room's channel.

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

use super::{Hub, RoomEvent};
use crate::domain::RoomId;

/// Events were missed. Their content must be read from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaggedError;

/// Subscription to one room. Dropping it unsubscribes.
pub struct Subscription {
    hub: Hub,
    room: RoomId,
    /// `None` only during `drop`.
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

    /// Returns the room.
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
            // The channel outlives its subscribers, so it cannot be closed here.
            Some(receiver) => receiver.recv().await.map_err(|error| match error {
                RecvError::Lagged(_) | RecvError::Closed => LaggedError,
            }),
            None => std::future::pending().await,
        }
    }

    /// Returns the next event if it is available now.
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
        // Drop the receiver first, because the release checks whether the channel has receivers.
        self.receiver = None;
        self.hub.release(self.room);
    }
}
