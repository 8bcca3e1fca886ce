//! The last changes of rooms that somebody has come back to, for all others who come back to them: in a
//! storm of reconnections, messages are read once and not by everybody.
//!
//! A tail holds every change behind a `rev`, up to where the room stands or to where reading stopped. New
//! messages join it as they are committed, before anybody is told of them; anything else ends it. So does
//! nobody's wanting it.

use std::collections::{HashSet, VecDeque};

use dashmap::{DashMap, Entry};

use crate::{
    domain::{Extras, Head, Message, Rev, RoomId, UserId},
    store::{Changes, Most},
};

/// What a tail holds at most.
pub(super) const LENGTH: Most = Most {
    messages: 256,
    bytes: 128 * 1024,
};
/// Tails at most.
const MOST_TAILS: usize = 32;
/// Readers of one that are remembered at most; others read for themselves.
const MOST_READERS: usize = 8192;
/// Messages that may join a tail with nobody asking for it.
const PATIENCE: usize = 256;

#[derive(Default)]
pub(super) struct Tails(DashMap<RoomId, Tail>);

struct Tail {
    /// Everything that changed after this is here.
    from: Rev,
    /// By ascending `rev`, each once in its latest state.
    items: VecDeque<Message>,
    bytes: usize,
    /// Where the room stands.
    head: Head,
    /// Whether it ends before that.
    cut: bool,
    /// Who is known to be in the room.
    readers: HashSet<UserId>,
    /// Messages that have joined since somebody asked.
    unwanted: usize,
}

impl Tails {
    /// What a reader asks for, if it is here and they are known to be in the room.
    pub(super) fn get(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        most: Most,
    ) -> Option<Changes> {
        let mut tail = self.0.get_mut(&room)?;
        if !tail.readers.contains(&reader) || after < tail.from {
            return None;
        }
        let is_behind_it = tail.cut && tail.items.back().is_none_or(|last| last.rev <= after);
        if is_behind_it {
            return None;
        }
        tail.unwanted = 0;
        Some(tail.changes(after, most))
    }

    /// Notes that somebody was seen in a room, if that `is_still_true`, which is asked while the room's place
    /// is held: who takes something away counts first.
    pub(super) fn admit(&self, room: RoomId, reader: UserId, is_still_true: impl FnOnce() -> bool) {
        if let Some(mut tail) = self.0.get_mut(&room)
            && tail.readers.len() < MOST_READERS
            && is_still_true()
        {
            tail.readers.insert(reader);
        }
    }

    /// Keeps what a reader has read, if that `is_still_true`.
    pub(super) fn keep(
        &self,
        room: RoomId,
        reader: UserId,
        after: Rev,
        changes: &Changes,
        is_still_true: impl FnOnce() -> bool,
    ) {
        if self.0.len() >= MOST_TAILS && !self.0.contains_key(&room) {
            self.0.clear();
        }
        let mut place = self.0.entry(room);
        if !is_still_true() {
            return;
        }
        // Whoever was seen in the room still is.
        let mut readers = match &mut place {
            Entry::Occupied(old) => std::mem::take(&mut old.get_mut().readers),
            Entry::Vacant(_) => HashSet::new(),
        };
        readers.insert(reader);
        let bytes = changes.items.iter().map(weight).sum();
        place.insert(Tail {
            from: after,
            bytes,
            items: changes.items.clone().into(),
            head: changes.head,
            cut: changes.has_after,
            readers,
            unwanted: 0,
        });
    }

    /// A message was committed.
    pub(super) fn learn(&self, message: &Message) {
        let room = message.room_id;
        let Some(mut tail) = self.0.get_mut(&room) else {
            return;
        };
        let stays = tail.learn(message);
        drop(tail);
        if !stays {
            self.forget(room);
        }
    }

    /// What is kept of a room may not be true any more.
    pub(super) fn forget(&self, room: RoomId) {
        self.0.remove(&room);
    }

    /// The same of all rooms.
    pub(super) fn forget_all(&self) {
        self.0.clear();
    }
}

impl Tail {
    fn changes(&self, after: Rev, most: Most) -> Changes {
        let start = self.items.partition_point(|message| message.rev <= after);
        let rest = self.items.range(start..);
        let length = first(rest.clone(), most);
        let items: Vec<Message> = rest.take(length).cloned().collect();
        let has_after = self.cut || start + items.len() < self.items.len();
        Changes {
            items,
            head: self.head,
            has_after,
        }
    }

    /// Whether the tail is worth being kept on.
    fn learn(&mut self, message: &Message) -> bool {
        // It was read after the commit that is told of now.
        if message.rev <= self.head.rev {
            return true;
        }
        self.unwanted += 1;
        if self.cut || message.rev != self.head.rev.next() || self.unwanted > PATIENCE {
            return false;
        }
        self.head = Head {
            seq: self.head.seq.max(message.seq),
            rev: message.rev,
        };
        self.bytes += weight(message);
        self.items.push_back(message.clone());
        while self.bytes > LENGTH.bytes || self.items.len() > wanted(LENGTH) {
            let Some(oldest) = self.items.pop_front() else {
                break;
            };
            self.bytes -= weight(&oldest);
            self.from = oldest.rev;
        }
        true
    }
}

/// How many of these are as much as is wanted. The one that goes beyond the bytes is the last.
fn first<'m>(messages: impl Iterator<Item = &'m Message>, most: Most) -> usize {
    let mut left = most.bytes;
    let whole = messages.take(wanted(most)).take_while(|message| {
        let goes_on = left > 0;
        left = left.saturating_sub(weight(message));
        goes_on
    });
    whole.count()
}

/// Of what was read, as much as is wanted.
pub(super) fn cut(mut changes: Changes, most: Most) -> Changes {
    let length = first(changes.items.iter(), most);
    changes.has_after |= length < changes.items.len();
    changes.items.truncate(length);
    changes
}

fn wanted(most: Most) -> usize {
    usize::try_from(most.messages).unwrap_or(usize::MAX)
}

fn weight(message: &Message) -> usize {
    message.body.len() + message.extras.as_deref().map_or(0, Extras::weight)
}
