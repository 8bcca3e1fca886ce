//! Presence. It is derived from live connections and never stored.
//!
//! A user is online from the first connection until a grace period after the last one closed. The index maps users to
//! rooms and rooms to users, and collects each room's changes since the last flush. [`Presence::flush`] returns them;
//! its caller sets the pace.

mod index;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use index::{OnlineUser, PresenceIndex};

use crate::domain::{RoomId, Timestamp, UserId, UserSummary};

/// Index of online users.
#[derive(Clone)]
pub struct Presence {
    inner: Arc<PresenceInner>,
}

struct PresenceInner {
    index: Mutex<PresenceIndex>,
    /// Wakes the task that flushes.
    changed: Notify,
    grace: Duration,
}

/// Presence changes of one room since the last flush.
#[derive(Clone, Debug)]
pub struct PresenceDiff {
    /// Users who came online, by id.
    pub online: Vec<Arc<UserSummary>>,
    /// Users who went offline, by id, and when their last connection closed, unless they hide it.
    pub offline: Vec<(Arc<UserSummary>, Option<Timestamp>)>,
    /// Number of users online in the room.
    pub online_count: usize,
}

/// Result of a flush.
#[derive(Debug, Default)]
pub struct PresenceFlush {
    /// Changes to publish, by room.
    pub diffs: Vec<(RoomId, PresenceDiff)>,
    /// End of the next grace period.
    pub next: Option<Instant>,
}

/// One live connection. Dropping it removes the connection, no matter how its task ends. After the last one, the grace
/// period begins.
pub struct PresenceGuard {
    inner: Arc<PresenceInner>,
    user: UserId,
}

/// Version of a user's memberships, to detect a change while they were read.
#[derive(Clone, Copy, Debug)]
pub struct MembershipEpoch(u64);

impl PresenceDiff {
    /// Removes the `last_seen` of `hidden` users.
    pub fn redact_last_seen(&mut self, hidden: &HashSet<UserId>) {
        for (who, last_seen) in &mut self.offline {
            if hidden.contains(&who.id) {
                *last_seen = None;
            }
        }
    }
}

impl Presence {
    /// Creates an empty index. Users stay online for `grace` after their last connection.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        let inner = PresenceInner {
            index: Mutex::default(),
            changed: Notify::new(),
            grace,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Adds a connection of `who`, who is online from now on in the rooms of their other connections. The rooms of this
    /// connection follow with [`PresenceGuard::join_rooms`].
    #[must_use]
    pub fn enter(&self, who: UserSummary) -> PresenceGuard {
        let user = who.id;
        let mut index = self.inner.lock();
        let PresenceIndex { users, arrived, .. } = &mut *index;
        let online = users.entry(user).or_insert_with(|| {
            arrived.insert(user, Timestamp::now());
            OnlineUser {
                who: Arc::new(who),
                rooms: Vec::new(),
                epoch: 0,
                connections: 0,
                gone: None,
            }
        });
        online.connections += 1;
        online.gone = None;
        drop(index);
        self.inner.changed.notify_one();
        PresenceGuard {
            inner: self.inner.clone(),
            user,
        }
    }

    /// Adds `room` to the rooms of `user`.
    pub fn join(&self, user: UserId, room: RoomId) {
        let mut index = self.inner.lock();
        let Some(online) = index.users.get_mut(&user) else {
            return;
        };
        online.epoch += 1;
        index.add(user, room);
        drop(index);
        self.inner.changed.notify_one();
    }

    /// Removes `room` from the rooms of `user`. This publishes no change, because the message of the removal tells it.
    pub fn leave(&self, user: UserId, room: RoomId) {
        let mut index = self.inner.lock();
        if let Some(online) = index.users.get_mut(&user) {
            online.epoch += 1;
            online.remove_room(room);
        }
        if let Some(presence) = index.rooms.get_mut(&room) {
            presence.online.remove(&user);
            presence.changes.remove(&user);
        }
        index.forget_if_empty(room);
    }

    /// Removes all users from `room`.
    pub fn clear_room(&self, room: RoomId) {
        let mut index = self.inner.lock();
        // Connections that are starting may have read the room too. The new epoch makes them read again.
        for online in index.users.values_mut() {
            online.epoch += 1;
            online.remove_room(room);
        }
        index.rooms.remove(&room);
    }

    /// Updates the names and the avatar of a user for later presence events.
    pub fn rename(&self, who: UserSummary) {
        let mut index = self.inner.lock();
        if let Some(online) = index.users.get_mut(&who.id) {
            online.who = Arc::new(who);
        }
    }

    /// Returns whether `user` is online.
    #[must_use]
    pub fn is_online(&self, user: UserId) -> bool {
        self.inner.lock().users.contains_key(&user)
    }

    /// Returns whether `user` is online in `room`.
    #[must_use]
    pub fn is_in(&self, user: UserId, room: RoomId) -> bool {
        let index = self.inner.lock();
        index
            .users
            .get(&user)
            .is_some_and(|online| online.is_in(room))
    }

    /// Returns which of `users` are online.
    #[must_use]
    pub fn online_among(&self, users: impl IntoIterator<Item = UserId>) -> HashSet<UserId> {
        let index = self.inner.lock();
        users
            .into_iter()
            .filter(|user| index.users.contains_key(user))
            .collect()
    }

    /// Returns the number of users online in `room`, and the first `limit` of them by id.
    #[must_use]
    pub fn in_room(&self, room: RoomId, limit: usize) -> (usize, Vec<Arc<UserSummary>>) {
        let index = self.inner.lock();
        let Some(presence) = index.rooms.get(&room) else {
            return (0, Vec::new());
        };
        let names = presence
            .online
            .iter()
            .filter_map(|user| index.users.get(user));
        (
            presence.online.len(),
            names.take(limit).map(|online| online.who.clone()).collect(),
        )
    }

    /// Returns the number of online users.
    #[must_use]
    pub fn online_users(&self) -> usize {
        self.inner.lock().users.len()
    }

    /// Returns `last_seen` of all users in the index: now, or when their last connection closed.
    #[must_use]
    pub fn last_seen_times(&self) -> Vec<(UserId, Timestamp)> {
        let now = Timestamp::now();
        let index = self.inner.lock();
        let last = |(user, online): (&UserId, &OnlineUser)| {
            (*user, online.gone.map_or(now, |gone| gone.0))
        };
        index.users.iter().map(last).collect()
    }

    /// Waits until there is a change since the last flush.
    pub async fn changed(&self) {
        self.inner.changed.notified().await;
    }

    /// Returns `last_seen` of the users who came online since the last call, or whose grace period is over by `now`.
    /// Store them before the [`flush`](Self::flush) of the same `now` publishes the changes.
    #[must_use]
    pub fn pending_last_seen(&self, now: Instant) -> Vec<(UserId, Timestamp)> {
        let mut index = self.inner.lock();
        let arrived = std::mem::take(&mut index.arrived);
        let due = index.leaving.iter().take_while(|(end, _)| *end <= now);
        let gone = due.filter_map(|(_, user)| Some((*user, index.users.get(user)?.gone?.0)));
        arrived.into_iter().chain(gone).collect()
    }

    /// Returns `last_seen` times that could not be stored to the index, for another attempt.
    pub fn restore_last_seen(&self, seen: Vec<(UserId, Timestamp)>) {
        self.inner.lock().arrived.extend(seen);
    }

    /// Expires users whose grace period is over by `now`, and returns the changes to publish.
    #[must_use]
    pub fn flush(&self, now: Instant) -> PresenceFlush {
        let mut index = self.inner.lock();
        while let Some((_, user)) = index.leaving.pop_front_if(|(end, _)| *end <= now) {
            index.expire(user, now);
        }
        let diffs = index.take_diffs();
        let next = index.leaving.front().map(|(end, _)| *end);
        PresenceFlush { diffs, next }
    }

    /// Checks that both directions of the index agree.
    ///
    /// # Panics
    /// If they do not.
    #[cfg(test)]
    fn check_invariants(&self) {
        let index = self.inner.lock();
        for (user, online) in &index.users {
            assert_eq!(online.gone.is_some(), online.connections == 0, "{user}");
            for room in &online.rooms {
                assert!(
                    index.rooms[room].online.contains(user),
                    "{user} is not in {room}"
                );
            }
        }
        for (room, presence) in &index.rooms {
            assert!(!presence.is_empty(), "{room} is empty and in memory");
            for user in &presence.online {
                assert!(index.users[user].is_in(*room), "{room} is not with {user}");
            }
        }
    }
}

impl PresenceInner {
    /// Locks the index. No code panics halfway through a change under this lock, so that the index is consistent even
    /// if the lock is poisoned.
    fn lock(&self) -> MutexGuard<'_, PresenceIndex> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PresenceGuard {
    /// Returns the version of the user's memberships. Take it before the user's rooms are read.
    #[must_use]
    pub fn membership_epoch(&self) -> MembershipEpoch {
        let index = self.inner.lock();
        MembershipEpoch(index.users.get(&self.user).map_or(0, |online| online.epoch))
    }

    /// Adds the rooms that were read after `mark` was taken. Returns `false` and does nothing if the memberships
    /// changed since, because the rooms may be outdated.
    #[must_use]
    pub fn join_rooms(
        &self,
        mark: MembershipEpoch,
        rooms: impl IntoIterator<Item = RoomId>,
    ) -> bool {
        let mut index = self.inner.lock();
        let epoch = index.users.get(&self.user).map(|online| online.epoch);
        if epoch != Some(mark.0) {
            return false;
        }
        for room in rooms {
            index.add(self.user, room);
        }
        drop(index);
        self.inner.changed.notify_one();
        true
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        let mut index = self.inner.lock();
        let Some(online) = index.users.get_mut(&self.user) else {
            return;
        };
        online.connections -= 1;
        if online.connections > 0 {
            return;
        }
        let end = Instant::now() + self.inner.grace;
        online.gone = Some((Timestamp::now(), end));
        index.leaving.push_back((end, self.user));
        drop(index);
        self.inner.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
