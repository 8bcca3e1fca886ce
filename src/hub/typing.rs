//! Typing indicators. They are short-lived, never stored, and the first events to be dropped.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    domain::{RoomId, UserId},
    protocol::{ServerEvent, ws_frame},
};

/// Minimum interval between two indicators of one user. Clients show an indicator for [`EXPIRES_AFTER`].
const RESEND_AFTER: Duration = Duration::from_secs(3);
/// Time for which clients show an indicator.
const EXPIRES_AFTER: Duration = Duration::from_secs(8);
/// Maximum members who are announced as typing. More names would not be read.
const MAX_TYPISTS: usize = 3;

/// Start or stop of typing in a room.
#[derive(Clone)]
pub struct Typing {
    /// The user who types.
    pub user: UserId,
    json: Bytes,
}

impl Typing {
    /// Creates the event that `user_id` types.
    #[must_use]
    pub fn new(room_id: RoomId, user_id: UserId) -> Self {
        Self {
            user: user_id,
            json: ws_frame::text(&ServerEvent::Typing { room_id, user_id }.encode()),
        }
    }

    /// Creates the event that `user_id` stopped without sending.
    #[must_use]
    pub fn stopped(room_id: RoomId, user_id: UserId) -> Self {
        Self {
            user: user_id,
            json: ws_frame::text(&ServerEvent::TypingStopped { room_id, user_id }.encode()),
        }
    }

    /// Returns the JSON frame.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }
}

/// Member whose typing was announced.
struct Typist {
    user: UserId,
    since: Instant,
    /// The member stopped without sending. The entry stays until [`RESEND_AFTER`] has passed, so that a member
    /// who starts and stops quickly is announced no more often than one who keeps typing.
    paused: bool,
}

/// Members of one room whose typing was announced lately.
#[derive(Default)]
pub(super) struct TypingThrottle(Mutex<Vec<Typist>>);

impl TypingThrottle {
    /// Returns whether to announce that `user` types.
    pub(super) fn admit(&self, user: UserId) -> bool {
        let now = Instant::now();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|typist| {
            let shown = if typist.paused {
                RESEND_AFTER
            } else {
                EXPIRES_AFTER
            };
            now.duration_since(typist.since) < shown
        });
        let room = entries.iter().filter(|typist| !typist.paused).count() < MAX_TYPISTS;
        if let Some(typist) = entries.iter_mut().find(|typist| typist.user == user) {
            let again = now.duration_since(typist.since) >= RESEND_AFTER;
            if again {
                typist.since = now;
            }
            return again;
        }
        if room {
            entries.push(Typist {
                user,
                since: now,
                paused: false,
            });
        }
        room
    }

    /// Notes that `user` stopped without sending. Returns whether they were announced as typing.
    pub(super) fn pause(&self, user: UserId) -> bool {
        let now = Instant::now();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = entries.iter_mut().find(|typist| {
            typist.user == user
                && !typist.paused
                && now.duration_since(typist.since) < EXPIRES_AFTER
        });
        said.is_some_and(|typist| {
            typist.paused = true;
            true
        })
    }

    /// Removes `user`, who sent a message or may not post.
    pub(super) fn clear(&self, user: UserId) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|typist| typist.user != user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn typing_lists_three_users_at_a_limited_rate() {
        let entries = TypingThrottle::default();
        assert!((1..=3).all(|user| entries.admit(UserId(user))));
        assert!(!entries.admit(UserId(4)), "a fourth name");
        assert!(!entries.admit(UserId(1)), "again at once");
        tokio::time::advance(RESEND_AFTER).await;
        assert!(entries.admit(UserId(1)));
        tokio::time::advance(EXPIRES_AFTER.checked_sub(RESEND_AFTER).unwrap()).await;
        assert!(entries.admit(UserId(4)), "two have stopped");
        entries.clear(UserId(4));
        assert!(entries.admit(UserId(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn stop_is_sent_once_and_restart_is_throttled() {
        let entries = TypingThrottle::default();
        assert!(!entries.pause(UserId(1)), "never said to type");
        assert!((1..=3).all(|user| entries.admit(UserId(user))));
        assert!(entries.pause(UserId(1)));
        assert!(!entries.pause(UserId(1)), "told already");
        assert!(entries.admit(UserId(4)), "the place is free");
        assert!(!entries.admit(UserId(1)), "again too soon");
        tokio::time::advance(EXPIRES_AFTER).await;
        assert!(entries.admit(UserId(1)));
        tokio::time::advance(EXPIRES_AFTER).await;
        assert!(!entries.pause(UserId(1)), "no longer shown");
    }
}
