//! Where the changes of a room have a long gap, because everything that came there has changed later.
//!
//! What has no change between two revs never gets one there again, for whatever changes gets a new rev at the
//! end. So nothing here becomes untrue, and the way through a gap is gone once and not by every reader.

use dashmap::DashMap;

use crate::domain::{Rev, RoomId};

/// Rooms of which one is remembered.
const MOST_ROOMS: usize = 256;

/// The longest gap that was met in each room.
#[derive(Default)]
pub(super) struct Gaps(DashMap<RoomId, Gap>);

/// No change has a rev that is above the one and not above the other.
#[derive(Clone, Copy)]
struct Gap {
    after: Rev,
    reach: Rev,
}

impl Gaps {
    /// From where on to look for what changed behind that rev.
    pub(super) fn past(&self, room: RoomId, after: Rev) -> Rev {
        match self.0.get(&room) {
            Some(gap) if gap.after <= after => after.max(gap.reach),
            _ => after,
        }
    }

    /// Notes a gap.
    pub(super) fn note(&self, room: RoomId, after: Rev, reach: Rev) {
        if self.0.len() >= MOST_ROOMS && !self.0.contains_key(&room) {
            self.0.clear();
        }
        let new = Gap { after, reach };
        self.0
            .entry(room)
            .and_modify(|known| *known = known.or(new))
            .or_insert(new);
    }
}

impl Gap {
    /// Both as one if they meet, or the longer one.
    fn or(self, other: Self) -> Self {
        if self.after <= other.reach && other.after <= self.reach {
            return Self {
                after: self.after.min(other.after),
                reach: self.reach.max(other.reach),
            };
        }
        if self.length() >= other.length() {
            self
        } else {
            other
        }
    }

    fn length(self) -> i64 {
        self.reach.0.saturating_sub(self.after.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(1);

    fn past(gaps: &Gaps, afters: [i64; 4]) -> [i64; 4] {
        afters.map(|after| gaps.past(ROOM, Rev(after)).0)
    }

    #[test]
    fn who_is_in_a_gap_looks_behind_it() {
        let gaps = Gaps::default();
        assert_eq!(past(&gaps, [0, 10, 19, 20]), [0, 10, 19, 20]);
        gaps.note(ROOM, Rev(10), Rev(20));
        assert_eq!(past(&gaps, [9, 10, 19, 25]), [9, 20, 20, 25]);
        assert_eq!(gaps.past(RoomId(2), Rev(10)), Rev(10));
    }

    #[test]
    fn gaps_that_meet_are_one_and_of_others_the_longer_stays() {
        let gaps = Gaps::default();
        gaps.note(ROOM, Rev(10), Rev(20));
        gaps.note(ROOM, Rev(5), Rev(10));
        assert_eq!(past(&gaps, [4, 5, 12, 20]), [4, 20, 20, 20]);
        gaps.note(ROOM, Rev(30), Rev(40));
        assert_eq!(past(&gaps, [5, 12, 30, 39]), [20, 20, 30, 39]);
        gaps.note(ROOM, Rev(30), Rev(90));
        assert_eq!(past(&gaps, [5, 12, 30, 39]), [5, 12, 90, 90]);
    }

    #[test]
    fn they_are_bounded() {
        let gaps = Gaps::default();
        for room in 0..1000 {
            gaps.note(RoomId(room), Rev(0), Rev(10));
            assert!(gaps.0.len() <= MOST_ROOMS);
        }
        assert_eq!(gaps.past(RoomId(999), Rev(0)), Rev(10));
    }
}
