//! The last changes of rooms that somebody has come back to, for all others who come back to them: in a
//! storm of reconnections, messages are read once and not by everybody.
//!
//! A tail holds every change behind a `rev`, up to where the room stands or to where reading stopped. New
//! messages join it as they are committed, before anybody is told of them; anything else ends it. So does
//! nobody's wanting it.

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::{AtomicUsize, Ordering},
};

use dashmap::{DashMap, Entry};

use super::pages::{first, wanted, weight};
use crate::{
    domain::{Head, Message, Rev, RoomId, UserId},
    store::{Changes, Most},
};

/// What a tail holds at most.
pub(super) const LENGTH: Most = Most {
    messages: 256,
    bytes: 128 * 1024,
};
/// Who wants less reads for themselves.
pub(super) const LEAST_MESSAGES: i64 = 32;
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
    unwanted: AtomicUsize,
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
        let tail = self.0.get(&room)?;
        if !tail.readers.contains(&reader) || after < tail.from {
            return None;
        }
        if !tail.reaches_beyond(after) {
            return None;
        }
        tail.unwanted.store(0, Ordering::Relaxed);
        Some(tail.changes(after, most))
    }

    /// Whether changes behind that `rev` may become a tail: not those that are in one, nor those that end where
    /// a tail up to the present begins.
    pub(super) fn wants(&self, room: RoomId, after: Rev) -> bool {
        let Some(tail) = self.0.get(&room) else {
            return true;
        };
        let is_there = tail.from <= after && tail.reaches_beyond(after);
        let ends_before = !tail.cut && tail.head.rev.0.saturating_sub(after.0) > LENGTH.messages;
        !is_there && !ends_before
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
        if after > changes.head.rev {
            return;
        }
        if self.0.len() >= MOST_TAILS && !self.0.contains_key(&room) {
            self.make_room();
        }
        let mut place = self.0.entry(room);
        if !is_still_true() {
            return;
        }
        // Whoever was seen in the room still is.
        let mut readers = HashSet::new();
        if let Entry::Occupied(old) = &mut place {
            let old = old.get_mut();
            let answers_it = old.from <= after && old.reaches_beyond(after);
            if answers_it || (changes.has_after && !old.cut) {
                if old.readers.len() < MOST_READERS {
                    old.readers.insert(reader);
                }
                return;
            }
            readers = std::mem::take(&mut old.readers);
        }
        readers.insert(reader);
        let bytes = changes.items.iter().map(weight).sum();
        place.insert(Tail {
            from: after,
            bytes,
            items: changes.items.clone().into(),
            head: changes.head,
            cut: changes.has_after,
            readers,
            unwanted: AtomicUsize::new(0),
        });
    }

    /// Takes one away: that which has been least wanted.
    fn make_room(&self) {
        let unwanted = |tail: &Tail| tail.unwanted.load(Ordering::Relaxed);
        let least = self.0.iter().max_by_key(|tail| unwanted(tail));
        let room = least.map(|tail| *tail.key());
        if let Some(room) = room {
            self.0.remove(&room);
        }
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
    /// Whether what comes next after that is here, if anything does.
    fn reaches_beyond(&self, after: Rev) -> bool {
        !self.cut || self.items.back().is_some_and(|last| last.rev > after)
    }

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
        let unwanted = self.unwanted.get_mut();
        *unwanted += 1;
        if self.cut || message.rev != self.head.rev.next() || *unwanted > PATIENCE {
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

/// Of what was read, as much as is wanted.
pub(super) fn cut(mut changes: Changes, most: Most) -> Changes {
    let length = first(changes.items.iter(), most);
    changes.has_after |= length < changes.items.len();
    changes.items.truncate(length);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Author, MessageKind, Seq, Timestamp};

    const ROOM: RoomId = RoomId(1);
    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);
    const ALL: Most = Most {
        messages: 1000,
        bytes: 1 << 20,
    };

    fn message(number: i64) -> Message {
        Message {
            room_id: ROOM,
            seq: Seq(number),
            rev: Rev(number),
            kind: MessageKind::Text,
            author: Author {
                id: ADA,
                username: "ada".into(),
                display_name: "Ada".into(),
                avatar: None,
            },
            body: "hello".into(),
            event: None,
            reply_to: None,
            key: None,
            created_at: Timestamp(number),
            edited_at: None,
            deleted_at: None,
            extras: None,
        }
    }

    fn changes(revs: std::ops::RangeInclusive<i64>, has_after: bool) -> Changes {
        Changes {
            head: Head {
                seq: Seq(*revs.end()),
                rev: Rev(*revs.end()),
            },
            items: revs.map(message).collect(),
            has_after,
        }
    }

    fn kept(revs: std::ops::RangeInclusive<i64>, has_after: bool) -> Tails {
        let tails = Tails::default();
        let after = Rev(revs.start() - 1);
        tails.keep(ROOM, ADA, after, &changes(revs, has_after), || true);
        tails
    }

    fn revs(changes: &Changes) -> Vec<i64> {
        changes.items.iter().map(|message| message.rev.0).collect()
    }

    fn get(tails: &Tails, after: i64) -> Option<Vec<i64>> {
        tails
            .get(ROOM, ADA, Rev(after), ALL)
            .map(|changes| revs(&changes))
    }

    #[test]
    fn whoever_is_known_gets_what_comes_after() {
        let tails = kept(5..=8, false);
        assert_eq!(get(&tails, 4), Some(vec![5, 6, 7, 8]));
        assert_eq!(get(&tails, 7), Some(vec![8]));
        assert_eq!(get(&tails, 8), Some(vec![]));
        assert_eq!(get(&tails, 3), None, "5 may not be all that came after 3");
        assert!(tails.get(ROOM, BOB, Rev(4), ALL).is_none());
        tails.admit(ROOM, BOB, || false);
        assert!(tails.get(ROOM, BOB, Rev(4), ALL).is_none());
        tails.admit(ROOM, BOB, || true);
        assert!(tails.get(ROOM, BOB, Rev(4), ALL).is_some());
    }

    #[test]
    fn new_messages_join_and_holes_end_it() {
        let tails = kept(5..=6, false);
        tails.learn(&message(6));
        tails.learn(&message(7));
        assert_eq!(get(&tails, 4), Some(vec![5, 6, 7]));
        let head = tails.get(ROOM, ADA, Rev(7), ALL).unwrap().head;
        assert_eq!((head.seq, head.rev), (Seq(7), Rev(7)));
        tails.learn(&message(9));
        assert_eq!(get(&tails, 4), None);
    }

    #[test]
    fn one_that_ends_before_the_room_says_so_and_takes_nothing_more() {
        let tails = kept(5..=6, true);
        let some = tails.get(ROOM, ADA, Rev(4), ALL).unwrap();
        assert_eq!((revs(&some), some.has_after), (vec![5, 6], true));
        assert_eq!(get(&tails, 6), None, "what follows is not here");
        tails.learn(&message(7));
        assert_eq!(get(&tails, 4), None);
    }

    #[test]
    fn no_more_is_answered_than_was_wanted() {
        let tails = kept(1..=10, false);
        let most = |messages, bytes| Most { messages, bytes };
        let get = |most| tails.get(ROOM, ADA, Rev(0), most).unwrap();
        let few = get(most(3, 1000));
        assert_eq!((revs(&few), few.has_after), (vec![1, 2, 3], true));
        let light = get(most(10, 7));
        assert_eq!((revs(&light), light.has_after), (vec![1, 2], true));
        assert!(!get(most(10, 1000)).has_after);
        let few = cut(changes(1..=10, false), most(3, 1000));
        assert_eq!((revs(&few), few.has_after), (vec![1, 2, 3], true));
    }

    #[test]
    fn it_is_bounded() {
        let tails = kept(1..=200, false);
        for number in 201..=400 {
            tails.learn(&message(number));
            assert!(get(&tails, number).is_some());
        }
        let from = 400 - LENGTH.messages;
        assert_eq!(get(&tails, from).map(|revs| revs.len()), Some(256));
        assert_eq!(get(&tails, from - 1), None);
        let mut heavy = message(401);
        heavy.body = "x".repeat(LENGTH.bytes);
        tails.learn(&heavy);
        assert_eq!(get(&tails, 400), Some(vec![401]));
        for room in 0..100 {
            tails.keep(RoomId(room), ADA, Rev(0), &changes(1..=2, false), || true);
            assert!(tails.0.len() <= MOST_TAILS);
        }
    }

    #[test]
    fn a_better_one_stays() {
        let tails = kept(5..=8, false);
        for (after, read) in [(6, changes(7..=8, false)), (1, changes(2..=4, true))] {
            tails.keep(ROOM, BOB, Rev(after), &read, || true);
            assert_eq!(get(&tails, 4), Some(vec![5, 6, 7, 8]));
            assert!(tails.get(ROOM, BOB, Rev(4), ALL).is_some());
        }
        let nothing = Changes {
            items: Vec::new(),
            ..changes(8..=8, false)
        };
        tails.keep(ROOM, BOB, Rev(i64::MAX), &nothing, || true);
        assert_eq!(get(&tails, 4), Some(vec![5, 6, 7, 8]));
        tails.keep(ROOM, BOB, Rev(2), &changes(3..=8, false), || true);
        assert_eq!(get(&tails, 2).map(|revs| revs.len()), Some(6));
        // One that ends before the room gives way to what goes on behind it.
        let tails = kept(1..=4, true);
        tails.keep(ROOM, BOB, Rev(4), &changes(5..=8, false), || true);
        assert_eq!(get(&tails, 4), Some(vec![5, 6, 7, 8]));
    }

    #[test]
    fn it_ends_where_nobody_wants_it() {
        let tails = kept(1..=1, false);
        for number in 2..=i64::try_from(PATIENCE).unwrap() + 2 {
            tails.learn(&message(number));
        }
        assert!(tails.0.is_empty());
    }
}
