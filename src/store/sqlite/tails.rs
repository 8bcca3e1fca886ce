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
    fn it_ends_where_nobody_wants_it() {
        let tails = kept(1..=1, false);
        for number in 2..=i64::try_from(PATIENCE).unwrap() + 2 {
            tails.learn(&message(number));
        }
        assert!(tails.0.is_empty());
    }
}
