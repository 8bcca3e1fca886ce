//! Presence index: users to rooms, rooms to users, and each room's changes since the last flush.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use tokio::time::Instant;

use super::PresenceDiff;
use crate::domain::{RoomId, Timestamp, UserId, UserSummary};

#[derive(Default)]
pub(super) struct PresenceIndex {
    pub(super) users: HashMap<UserId, OnlineUser>,
    pub(super) rooms: HashMap<RoomId, RoomPresence>,
    /// Rooms with unpublished changes.
    pub(super) dirty_rooms: HashSet<RoomId>,
    /// Users without a connection, by the end of their grace period. The period is the same for all, so the queue is
    /// sorted by itself. An entry whose user has returned is skipped.
    pub(super) leaving: VecDeque<(Instant, UserId)>,
    /// Users who came online since the last flush.
    pub(super) arrived: HashMap<UserId, Timestamp>,
}

pub(super) struct OnlineUser {
    pub(super) who: Arc<UserSummary>,
    /// Ids of rooms, sorted.
    pub(super) rooms: Vec<RoomId>,
    /// Counts joins and leaves, so that rooms that were read before a change are not used after it.
    pub(super) epoch: u64,
    pub(super) connections: usize,
    /// When the last connection closed, and the end of the grace period.
    pub(super) gone: Option<(Timestamp, Instant)>,
}

impl OnlineUser {
    pub(super) fn is_in(&self, room: RoomId) -> bool {
        self.rooms.binary_search(&room).is_ok()
    }

    pub(super) fn remove_room(&mut self, room: RoomId) {
        if let Ok(place) = self.rooms.binary_search(&room) {
            self.rooms.remove(place);
        }
    }
}

#[derive(Default)]
pub(super) struct RoomPresence {
    pub(super) online: BTreeSet<UserId>,
    /// Changes since the last flush.
    pub(super) changes: HashMap<UserId, PresenceChange>,
}

pub(super) enum PresenceChange {
    Online(Arc<UserSummary>),
    Offline(Arc<UserSummary>, Timestamp),
}

impl PresenceIndex {
    pub(super) fn expire(&mut self, user: UserId, now: Instant) {
        let Some(online) = self.users.get(&user) else {
            return;
        };
        let Some((last_seen, _)) = online.gone.filter(|(_, end)| *end <= now) else {
            return;
        };
        let Some(online) = self.users.remove(&user) else {
            return;
        };
        for room in online.rooms {
            if let Some(presence) = self.rooms.get_mut(&room) {
                presence.go_offline(&online.who, last_seen);
                self.dirty_rooms.insert(room);
            }
        }
    }

    /// Adds a room to a user if the user is online.
    pub(super) fn add(&mut self, user: UserId, room: RoomId) {
        let Some(online) = self.users.get_mut(&user) else {
            return;
        };
        if let Err(place) = online.rooms.binary_search(&room) {
            // Most users are in one room, so reserve no space for more.
            if online.rooms.is_empty() {
                online.rooms.reserve_exact(1);
            }
            online.rooms.insert(place, room);
            self.rooms.entry(room).or_default().go_online(&online.who);
            self.dirty_rooms.insert(room);
        }
    }

    pub(super) fn take_diffs(&mut self) -> Vec<(RoomId, PresenceDiff)> {
        let mut diffs = Vec::with_capacity(self.dirty_rooms.len());
        for room in std::mem::take(&mut self.dirty_rooms) {
            let Some(presence) = self.rooms.get_mut(&room) else {
                continue;
            };
            if !presence.changes.is_empty() {
                diffs.push((room, presence.take_diff()));
            }
            self.forget_if_empty(room);
        }
        diffs
    }

    pub(super) fn forget_if_empty(&mut self, room: RoomId) {
        if self.rooms.get(&room).is_some_and(RoomPresence::is_empty) {
            self.rooms.remove(&room);
        }
    }
}

impl RoomPresence {
    /// Marks a user online. Users who left and returned between two flushes have not changed.
    pub(super) fn go_online(&mut self, who: &Arc<UserSummary>) {
        self.online.insert(who.id);
        if self.changes.remove(&who.id).is_none() {
            self.changes
                .insert(who.id, PresenceChange::Online(who.clone()));
        }
    }

    pub(super) fn go_offline(&mut self, who: &Arc<UserSummary>, last_seen: Timestamp) {
        self.online.remove(&who.id);
        if self.changes.remove(&who.id).is_none() {
            self.changes
                .insert(who.id, PresenceChange::Offline(who.clone(), last_seen));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.online.is_empty() && self.changes.is_empty()
    }

    pub(super) fn take_diff(&mut self) -> PresenceDiff {
        let (mut online, mut offline) = (Vec::new(), Vec::new());
        for (_, change) in self.changes.drain() {
            match change {
                PresenceChange::Online(who) => online.push(who),
                PresenceChange::Offline(who, last_seen) => offline.push((who, Some(last_seen))),
            }
        }
        self.changes.shrink_to_fit();
        online.sort_by_key(|who| who.id);
        offline.sort_by_key(|(who, _)| who.id);
        PresenceDiff {
            online,
            offline,
            online_count: self.online.len(),
        }
    }
}
