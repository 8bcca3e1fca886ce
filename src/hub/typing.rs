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

    /// Its JSON frame.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }
}

/// Who was said to type lately in one room.
#[derive(Default)]
pub(super) struct Typists(Mutex<Vec<(UserId, Instant)>>);

impl Typists {
    /// Whether it is worth saying that `user` types.
    pub(super) fn admit(&self, user: UserId) -> bool {
        let now = Instant::now();
        let mut typists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        typists.retain(|(_, since)| now.duration_since(*since) < SHOWN);
        if let Some((_, since)) = typists.iter_mut().find(|(typist, _)| *typist == user) {
            let again = now.duration_since(*since) >= AGAIN;
            if again {
                *since = now;
            }
            return again;
        }
        let room = typists.len() < MOST;
        if room {
            typists.push((user, now));
        }
        room
    }

    /// `user` has said it and types no more.
    pub(super) fn done(&self, user: UserId) {
        let mut typists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        typists.retain(|(typist, _)| *typist != user);
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
}
