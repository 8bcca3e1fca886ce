//! Every WebSocket connection, found by its user, so that a login's end or a join elsewhere
//! reaches it at once.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use dashmap::{DashMap, Entry};
use tokio::sync::Notify;

use crate::domain::{ReadGeneration, RoomId, Seq, SessionId, UserId};

/// How many words may wait for one connection before it is closed as too slow. A later word about
/// the same takes the place of an earlier one, so that nobody's haste fills this.
const MOST_WORDS: usize = 1024;

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
        /// Those of them that ask for the user's attention.
        mentions: i64,
        /// How often the receipt was moved by force.
        generation: ReadGeneration,
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
    words: Arc<Words>,
}

/// The words that wait for one connection, by the order in which each was first said, and whether it
/// is over. Waiting words take no memory while there are none.
#[derive(Default)]
pub struct Words {
    waiting: Mutex<Waiting>,
    arrived: Notify,
    over: Notify,
}

#[derive(Default)]
struct Waiting {
    words: Vec<Control>,
    over: Option<Over>,
}

/// Why a connection must close, whatever it is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The login has ended.
    Ended,
    /// A word could not be kept, so that it missed one.
    Overflow,
}

impl Control {
    /// Whether `newer` says all that this one does.
    fn is_covered_by(&self, newer: &Self) -> bool {
        match (self, newer) {
            (Self::Room(one), Self::Room(other))
            | (Self::Read { room: one, .. }, Self::Read { room: other, .. }) => one == other,
            _ => false,
        }
    }
}

impl Words {
    /// Waits for the next word. Cancelling it loses nothing.
    pub async fn next(&self) -> Control {
        loop {
            if let Some(word) = self.take() {
                return word;
            }
            self.arrived.notified().await;
        }
    }

    /// Waits until the connection is over, and says why.
    pub async fn over(&self) -> Over {
        loop {
            // Bound to a name, so that nothing is locked while it waits.
            let over = self.lock().over;
            if let Some(over) = over {
                return over;
            }
            self.over.notified().await;
        }
    }

    fn end(&self, why: Over) {
        self.lock().over.get_or_insert(why);
        self.over.notify_one();
    }

    fn take(&self) -> Option<Control> {
        let words = &mut self.lock().words;
        if words.is_empty() {
            return None;
        }
        let word = words.remove(0);
        if words.is_empty() {
            *words = Vec::new();
        }
        Some(word)
    }

    /// One that finds no room ends the connection.
    fn push(&self, word: Control) {
        let mut waiting = self.lock();
        let words = &mut waiting.words;
        match words.iter().position(|older| older.is_covered_by(&word)) {
            Some(older) => words[older] = word,
            None if words.len() >= MOST_WORDS => {
                drop(waiting);
                return self.end(Over::Overflow);
            }
            None => words.push(word),
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the directory. Dropping it removes it.
pub struct Registration {
    inner: Arc<Inner>,
    user: UserId,
    number: u64,
    /// The words for this connection.
    pub words: Arc<Words>,
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
        let words = Arc::<Words>::default();
        let mut listed = self.inner.by_user.entry(user).or_default();
        if listed.len() >= self.inner.per_user {
            return Err(TooManyConnections);
        }
        // Most users have one connection, and no room for more.
        if listed.is_empty() {
            listed.reserve_exact(1);
        }
        listed.push(Listed {
            number,
            session,
            words: words.clone(),
        });
        drop(listed);
        self.inner.count.fetch_add(1, Ordering::Relaxed);
        Ok(Registration {
            inner: self.inner.clone(),
            user,
            number,
            words,
        })
    }

    /// Tells every connection of a user.
    pub fn tell_user(&self, user: UserId, word: Control) {
        let Some(listed) = self.inner.by_user.get(&user) else {
            return;
        };
        for one in listed.iter() {
            one.words.push(word);
        }
    }

    /// Ends every connection of one login.
    pub fn end_session(&self, user: UserId, session: SessionId) {
        let Some(listed) = self.inner.by_user.get(&user) else {
            return;
        };
        let of_session = listed.iter().filter(|one| one.session == session);
        of_session.for_each(|one| one.words.end(Over::Ended));
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
        let phone = connections.register(ada, SessionId(1)).unwrap();
        let laptop = connections.register(ada, SessionId(2)).unwrap();
        assert!(connections.register(ada, SessionId(3)).is_err());
        connections.end_session(ada, SessionId(2));
        connections.tell_user(ada, Control::Room(RoomId(5)));
        assert_eq!(phone.words.next().await, Control::Room(RoomId(5)));
        assert_eq!(laptop.words.over().await, Over::Ended);
        assert_eq!(phone.words.lock().over, None);
        drop((phone, laptop));
        assert_eq!(connections.count(), 0);
        assert!(connections.inner.by_user.is_empty());
    }

    #[tokio::test]
    async fn a_word_that_cannot_be_kept_closes_the_connection() {
        let connections = Connections::new(2);
        let deaf = connections.register(UserId(1), SessionId(1)).unwrap();
        for room in (1..).take(MOST_WORDS) {
            connections.tell_user(UserId(1), Control::Room(RoomId(room)));
        }
        assert_eq!(deaf.words.lock().over, None);
        connections.tell_user(UserId(1), Control::Room(RoomId(0)));
        assert_eq!(deaf.words.over().await, Over::Overflow);
    }

    #[tokio::test]
    async fn a_later_word_takes_the_place_of_an_earlier_one_about_the_same() {
        let connections = Connections::new(2);
        let phone = connections.register(UserId(1), SessionId(1)).unwrap();
        let read = |seq| Control::Read {
            room: RoomId(5),
            read_seq: Seq(seq),
            unread: 0,
            mentions: 0,
            generation: ReadGeneration(0),
        };
        for seq in 0..10_000 {
            connections.tell_user(UserId(1), Control::Room(RoomId(5)));
            connections.tell_user(UserId(1), read(seq));
        }
        assert_eq!(phone.words.lock().over, None);
        assert_eq!(phone.words.next().await, Control::Room(RoomId(5)));
        assert_eq!(phone.words.next().await, read(9_999));
        assert!(phone.words.take().is_none());
    }
}
