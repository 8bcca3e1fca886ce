//! All WebSocket connections by user, so that events outside of rooms reach them at once: the end of a login, a room
//! that the user joined elsewhere.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use dashmap::{DashMap, Entry};
use tokio::sync::Notify;

use crate::domain::{ReadGeneration, RoomId, Seq, SessionId, UserId};

/// Control messages that may be queued for one connection before it is closed as too slow. A later message replaces an
/// earlier one about the same room, so that normal use never fills the queue.
const MAX_QUEUED: usize = 1024;

/// Message to one connection, outside of the rooms' channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlMessage {
    /// The user joined this room or has a new role in it.
    Room(RoomId),
    /// The user's receipt moved, on this connection or another.
    Read {
        /// The room.
        room: RoomId,
        /// `seq` of the newest message read.
        read_seq: Seq,
        /// Number of text messages after it.
        unread: i64,
        /// Number of those messages that mention the user.
        mentions: i64,
        /// `read_generation` of the receipt.
        generation: ReadGeneration,
    },
}

/// The user has the maximum number of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many connections")]
pub struct TooManyConnections;

/// Directory of connections.
#[derive(Clone)]
pub struct Connections {
    inner: Arc<ConnectionsInner>,
}

struct ConnectionsInner {
    by_user: DashMap<UserId, Vec<ConnectionEntry>>,
    next: AtomicU64,
    count: AtomicUsize,
    per_user: usize,
}

struct ConnectionEntry {
    id: u64,
    session: SessionId,
    controls: Arc<ControlQueue>,
}

/// Control messages of one connection, in the order in which each was first queued, and the reason for a forced
/// disconnect. An empty queue takes no memory.
#[derive(Default)]
pub struct ControlQueue {
    state: Mutex<ControlState>,
    message_arrived: Notify,
    disconnect_requested: Notify,
}

#[derive(Default)]
struct ControlState {
    controls: Vec<ControlMessage>,
    over: Option<ForcedDisconnect>,
}

/// Reason why a connection must end at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForcedDisconnect {
    /// The session has ended.
    Ended,
    /// The queue was full, so that a message was lost.
    Overflow,
}

impl ControlMessage {
    /// Returns whether `newer` makes this message obsolete.
    fn is_covered_by(&self, newer: &Self) -> bool {
        match (self, newer) {
            (Self::Room(one), Self::Room(other))
            | (Self::Read { room: one, .. }, Self::Read { room: other, .. }) => one == other,
            _ => false,
        }
    }
}

impl ControlQueue {
    /// Waits for the next control message. Cancelling it loses nothing.
    pub async fn recv(&self) -> ControlMessage {
        loop {
            if let Some(message) = self.take() {
                return message;
            }
            self.message_arrived.notified().await;
        }
    }

    /// Waits until the connection must close, and returns the reason.
    pub async fn disconnected(&self) -> ForcedDisconnect {
        loop {
            // A binding of its own, because the lock's guard would otherwise live across the wait.
            let over = self.lock().over;
            if let Some(over) = over {
                return over;
            }
            self.disconnect_requested.notified().await;
        }
    }

    fn force_disconnect(&self, why: ForcedDisconnect) {
        self.lock().over.get_or_insert(why);
        self.disconnect_requested.notify_one();
    }

    fn take(&self) -> Option<ControlMessage> {
        let queued = &mut self.lock().controls;
        if queued.is_empty() {
            return None;
        }
        let message = queued.remove(0);
        if queued.is_empty() {
            *queued = Vec::new();
        }
        Some(message)
    }

    /// Queues a message. If the queue is full, the connection must end.
    fn push(&self, message: ControlMessage) {
        let mut state = self.lock();
        let queued = &mut state.controls;
        match queued
            .iter()
            .position(|older| older.is_covered_by(&message))
        {
            Some(older) => queued[older] = message,
            None if queued.len() >= MAX_QUEUED => {
                drop(state);
                return self.force_disconnect(ForcedDisconnect::Overflow);
            }
            None => queued.push(message),
        }
        drop(state);
        self.message_arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, ControlState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Registration of a connection in the directory. Dropping it removes the connection.
pub struct ConnectionGuard {
    inner: Arc<ConnectionsInner>,
    user: UserId,
    id: u64,
    /// Control messages for this connection.
    pub controls: Arc<ControlQueue>,
}

impl Connections {
    /// Creates an empty directory that allows `per_user` connections per user.
    #[must_use]
    pub fn new(per_user: usize) -> Self {
        let inner = ConnectionsInner {
            by_user: DashMap::new(),
            next: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            per_user,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Registers a connection.
    ///
    /// # Errors
    /// [`TooManyConnections`] if the user has the maximum number of connections.
    pub fn register(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<ConnectionGuard, TooManyConnections> {
        let id = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let controls = Arc::<ControlQueue>::default();
        let mut entries = self.inner.by_user.entry(user).or_default();
        if entries.len() >= self.inner.per_user {
            return Err(TooManyConnections);
        }
        // Most users have one connection, so reserve no space for more.
        if entries.is_empty() {
            entries.reserve_exact(1);
        }
        entries.push(ConnectionEntry {
            id,
            session,
            controls: controls.clone(),
        });
        drop(entries);
        self.inner.count.fetch_add(1, Ordering::Relaxed);
        Ok(ConnectionGuard {
            inner: self.inner.clone(),
            user,
            id,
            controls,
        })
    }

    /// Sends a control message to every connection of a user.
    pub fn notify_user(&self, user: UserId, message: ControlMessage) {
        let Some(entries) = self.inner.by_user.get(&user) else {
            return;
        };
        for one in entries.iter() {
            one.controls.push(message);
        }
    }

    /// Ends every connection of one session.
    pub fn end_session(&self, user: UserId, session: SessionId) {
        let Some(entries) = self.inner.by_user.get(&user) else {
            return;
        };
        let of_session = entries.iter().filter(|one| one.session == session);
        of_session.for_each(|one| one.controls.force_disconnect(ForcedDisconnect::Ended));
    }

    /// Returns the number of connections.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.count.load(Ordering::Relaxed)
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let Entry::Occupied(mut entries) = self.inner.by_user.entry(self.user) else {
            return;
        };
        entries.get_mut().retain(|one| one.id != self.id);
        if entries.get().is_empty() {
            entries.remove();
        }
        self.inner.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn control_messages_reach_their_connections() {
        let connections = Connections::new(2);
        let ada = UserId(1);
        let phone = connections.register(ada, SessionId(1)).unwrap();
        let laptop = connections.register(ada, SessionId(2)).unwrap();
        assert!(connections.register(ada, SessionId(3)).is_err());
        connections.end_session(ada, SessionId(2));
        connections.notify_user(ada, ControlMessage::Room(RoomId(5)));
        assert_eq!(phone.controls.recv().await, ControlMessage::Room(RoomId(5)));
        assert_eq!(
            laptop.controls.disconnected().await,
            ForcedDisconnect::Ended
        );
        assert_eq!(phone.controls.lock().over, None);
        drop((phone, laptop));
        assert_eq!(connections.count(), 0);
        assert!(connections.inner.by_user.is_empty());
    }

    #[tokio::test]
    async fn control_queue_overflow_closes_the_connection() {
        let connections = Connections::new(2);
        let deaf = connections.register(UserId(1), SessionId(1)).unwrap();
        for room in (1..).take(MAX_QUEUED) {
            connections.notify_user(UserId(1), ControlMessage::Room(RoomId(room)));
        }
        assert_eq!(deaf.controls.lock().over, None);
        connections.notify_user(UserId(1), ControlMessage::Room(RoomId(0)));
        assert_eq!(
            deaf.controls.disconnected().await,
            ForcedDisconnect::Overflow
        );
    }

    #[tokio::test]
    async fn later_control_message_replaces_earlier_one() {
        let connections = Connections::new(2);
        let phone = connections.register(UserId(1), SessionId(1)).unwrap();
        let read = |seq| ControlMessage::Read {
            room: RoomId(5),
            read_seq: Seq(seq),
            unread: 0,
            mentions: 0,
            generation: ReadGeneration(0),
        };
        for seq in 0..10_000 {
            connections.notify_user(UserId(1), ControlMessage::Room(RoomId(5)));
            connections.notify_user(UserId(1), read(seq));
        }
        assert_eq!(phone.controls.lock().over, None);
        assert_eq!(phone.controls.recv().await, ControlMessage::Room(RoomId(5)));
        assert_eq!(phone.controls.recv().await, read(9_999));
        assert!(phone.controls.take().is_none());
    }
}
