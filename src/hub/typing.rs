//! Who is typing: news of seconds, never stored, and the first to be dropped.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    domain::{RoomId, UserId},
    protocol::{Frame, wire},
};

/// Nobody needs to hear it more often: it is shown for [`SHOWN`].
const AGAIN: Duration = Duration::from_secs(3);
/// How long it is shown.
const SHOWN: Duration = Duration::from_secs(8);
/// More names than these would not be read.
const MOST: usize = 3;

/// Somebody types in a room.
#[derive(Clone)]
pub struct Typing {
    /// Who.
    pub user: UserId,
    json: Bytes,
}

impl Typing {
    /// The news of it.
    #[must_use]
    pub fn new(room_id: RoomId, user_id: UserId) -> Self {
        Self {
            user: user_id,
            json: wire::text(&Frame::Typing { room_id, user_id }.encode()),
        }
    }

    /// The news that `user_id` stopped without sending.
    #[must_use]
    pub fn stopped(room_id: RoomId, user_id: UserId) -> Self {
        Self {
            user: user_id,
            json: wire::text(&Frame::TypingStopped { room_id, user_id }.encode()),
        }
    }

    /// Its JSON frame.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }
}

/// A user who was said to type in a room.
struct Typist {
    user: UserId,
    since: Instant,
    /// They stopped without sending. The entry stays until [`AGAIN`] has passed, so that a user
    /// who starts and stops quickly is announced no more often than one who keeps typing.
    paused: bool,
}

/// Who was said to type lately in one room.
#[derive(Default)]
pub(super) struct Typists(Mutex<Vec<Typist>>);

impl Typists {
    /// Whether it is worth saying that `user` types.
    pub(super) fn admit(&self, user: UserId) -> bool {
        let now = Instant::now();
        let mut typists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        typists.retain(|typist| {
            let shown = if typist.paused { AGAIN } else { SHOWN };
            now.duration_since(typist.since) < shown
        });
        let room = typists.iter().filter(|typist| !typist.paused).count() < MOST;
        if let Some(typist) = typists.iter_mut().find(|typist| typist.user == user) {
            let again = now.duration_since(typist.since) >= AGAIN;
            if again {
                typist.since = now;
            }
            return again;
        }
        if room {
            typists.push(Typist {
                user,
                since: now,
                paused: false,
            });
        }
        room
    }

    /// `user` stopped without sending. Returns whether they were said to type until now.
    pub(super) fn pause(&self, user: UserId) -> bool {
        let now = Instant::now();
        let mut typists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = typists.iter_mut().find(|typist| {
            typist.user == user && !typist.paused && now.duration_since(typist.since) < SHOWN
        });
        said.is_some_and(|typist| {
            typist.paused = true;
            true
        })
    }

    /// `user` has said it and types no more.
    pub(super) fn done(&self, user: UserId) {
        let mut typists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        typists.retain(|typist| typist.user != user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn three_are_named_and_none_too_often() {
        let typists = Typists::default();
        assert!((1..=3).all(|user| typists.admit(UserId(user))));
        assert!(!typists.admit(UserId(4)), "a fourth name");
        assert!(!typists.admit(UserId(1)), "again at once");
        tokio::time::advance(AGAIN).await;
        assert!(typists.admit(UserId(1)));
        tokio::time::advance(SHOWN.checked_sub(AGAIN).unwrap()).await;
        assert!(typists.admit(UserId(4)), "two have stopped");
        typists.done(UserId(4));
        assert!(typists.admit(UserId(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_is_told_once_and_a_new_start_not_too_soon() {
        let typists = Typists::default();
        assert!(!typists.pause(UserId(1)), "never said to type");
        assert!((1..=3).all(|user| typists.admit(UserId(user))));
        assert!(typists.pause(UserId(1)));
        assert!(!typists.pause(UserId(1)), "told already");
        assert!(typists.admit(UserId(4)), "the place is free");
        assert!(!typists.admit(UserId(1)), "again too soon");
        tokio::time::advance(SHOWN).await;
        assert!(typists.admit(UserId(1)));
        tokio::time::advance(SHOWN).await;
        assert!(!typists.pause(UserId(1)), "no longer shown");
    }
}
