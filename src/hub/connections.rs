//! Every WebSocket connection, found by its user, so that a login's end or a join elsewhere
//! reaches it at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use dashmap::{DashMap, Entry};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::{RoomId, Seq, SessionId, UserId};

/// How many words may wait for one connection before it is closed as too slow.
const CONTROL_QUEUE: usize = 1024;

/// A word to one connection, outside the rooms it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// The user is in this room now, or has another role in it.
    Room(RoomId),
    /// The user's receipt moved, on this connection or another.
    Read {
        /// The room.
        room: RoomId,
        /// The furthest message read.
        read_seq: Seq,
        /// Text messages after it.
        unread: i64,
    },
}

/// The user has as many connections as one may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many connections")]
pub struct TooManyConnections;

/// The directory of connections.
#[derive(Clone)]
pub struct Connections {
    inner: Arc<Inner>,
}

struct Inner {
    by_user: DashMap<UserId, Vec<Listed>>,
    next: AtomicU64,
    count: AtomicUsize,
    per_user: usize,
}

struct Listed {
    number: u64,
    session: SessionId,
    words: mpsc::Sender<Control>,
    ended: CancellationToken,
    overflow: CancellationToken,
}

/// A connection's place in the directory. Dropping it removes it.
pub struct Registration {
    inner: Arc<Inner>,
    user: UserId,
    number: u64,
    /// The words for this connection.
    pub words: mpsc::Receiver<Control>,
    /// Cancelled when the login is over.
    pub ended: CancellationToken,
    /// Cancelled when a word could not be kept: the connection must close, for it missed one.
    pub overflow: CancellationToken,
}

impl Connections {
    /// An empty directory in which one user may have `per_user` connections.
    #[must_use]
    pub fn new(per_user: usize) -> Self {
        let inner = Inner {
            by_user: DashMap::new(),
            next: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            per_user,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Lists a connection.
    ///
    /// # Errors
    /// [`TooManyConnections`] if the user has as many as one may have.
    pub fn register(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<Registration, TooManyConnections> {
        let number = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let (sender, words) = mpsc::channel(CONTROL_QUEUE);
        let (ended, overflow) = (CancellationToken::new(), CancellationToken::new());
        let mut listed = self.inner.by_user.entry(user).or_default();
        if listed.len() >= self.inner.per_user {
            return Err(TooManyConnections);
        }
        listed.push(Listed {
            number,
            session,
            words: sender,
            ended: ended.clone(),
            overflow: overflow.clone(),
        });
        drop(listed);
        self.inner.count.fetch_add(1, Ordering::Relaxed);
        Ok(Registration {
            inner: self.inner.clone(),
            user,
            number,
            words,
            ended,
            overflow,
        })
    }

    /// Tells every connection of a user.
    pub fn tell_user(&self, user: UserId, word: Control) {
        let Some(listed) = self.inner.by_user.get(&user) else {
            return;
        };
        for one in listed.iter() {
            if let Err(mpsc::error::TrySendError::Full(_)) = one.words.try_send(word) {
                one.overflow.cancel();
            }
        }
    }

    /// Ends every connection of one login.
    pub fn end_session(&self, user: UserId, session: SessionId) {
        let Some(listed) = self.inner.by_user.get(&user) else {
            return;
        };
        let of_session = listed.iter().filter(|one| one.session == session);
        of_session.for_each(|one| one.ended.cancel());
    }

    /// How many connections there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.count.load(Ordering::Relaxed)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let Entry::Occupied(mut listed) = self.inner.by_user.entry(self.user) else {
            return;
        };
        listed.get_mut().retain(|one| one.number != self.number);
        if listed.get().is_empty() {
            listed.remove();
        }
        self.inner.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn words_reach_the_connections_they_are_for() {
        let connections = Connections::new(2);
        let ada = UserId(1);
        let mut phone = connections.register(ada, SessionId(1)).unwrap();
        let laptop = connections.register(ada, SessionId(2)).unwrap();
        assert!(connections.register(ada, SessionId(3)).is_err());
        connections.end_session(ada, SessionId(2));
        connections.tell_user(ada, Control::Room(RoomId(5)));
        assert_eq!(phone.words.recv().await, Some(Control::Room(RoomId(5))));
        assert!(laptop.ended.is_cancelled() && !phone.ended.is_cancelled());
        drop((phone, laptop));
        assert_eq!(connections.count(), 0);
        assert!(connections.inner.by_user.is_empty());
    }

    #[tokio::test]
    async fn a_word_that_cannot_be_kept_closes_the_connection() {
        let connections = Connections::new(2);
        let deaf = connections.register(UserId(1), SessionId(1)).unwrap();
        for _ in 0..CONTROL_QUEUE {
            connections.tell_user(UserId(1), Control::Room(RoomId(5)));
        }
        assert!(!deaf.overflow.is_cancelled());
        connections.tell_user(UserId(1), Control::Room(RoomId(5)));
        assert!(deaf.overflow.is_cancelled());
    }
}
