//! Where the changes of a room have a long gap, because everything that came there has changed later.
//!
//! What has no change between two revs never gets one there again, for whatever changes gets a new rev at the
//! end. So nothing here becomes untrue, and the way through a gap is gone once and not by every reader.

use dashmap::DashMap;

use crate::domain::{Rev, RoomId};

/// Rooms of which some are remembered.
const MOST_ROOMS: usize = 256;
/// So many of each.
const MOST_GAPS: usize = 4;

/// The longest gaps that were met in each room, and the last one. They do not meet.
#[derive(Default)]
pub(super) struct Gaps(DashMap<RoomId, Vec<Gap>>);

/// No change has a rev that is above the one and not above the other.
#[derive(Clone, Copy)]
struct Gap {
    after: Rev,
    reach: Rev,
}

impl Gaps {
    /// From where on to look for what changed behind that rev.
    pub(super) fn past(&self, room: RoomId, after: Rev) -> Rev {
        let gaps = self.0.get(&room);
        let gap = gaps.and_then(|gaps| gaps.iter().copied().find(|gap| gap.holds(after)));
        gap.map_or(after, |gap| gap.reach)
    }

    /// Notes a gap.
    pub(super) fn note(&self, room: RoomId, after: Rev, reach: Rev) {
        if self.0.len() >= MOST_ROOMS && !self.0.contains_key(&room) {
            self.0.clear();
        }
        let mut gaps = self.0.entry(room).or_default();
        let mut new = Gap { after, reach };
        gaps.retain(|gap| {
            let meets = gap.after <= new.reach && new.after <= gap.reach;
            if meets {
                new.after = new.after.min(gap.after);
                new.reach = new.reach.max(gap.reach);
            }
            !meets
        });
        if gaps.len() >= MOST_GAPS {
            gaps.sort_unstable_by_key(|gap| std::cmp::Reverse(gap.length()));
            gaps.truncate(MOST_GAPS - 1);
        }
        gaps.push(new);
    }
}

impl Gap {
    fn holds(self, after: Rev) -> bool {
        self.after <= after && after < self.reach
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
    fn gaps_that_meet_are_one() {
        let gaps = Gaps::default();
        gaps.note(ROOM, Rev(10), Rev(20));
        gaps.note(ROOM, Rev(30), Rev(40));
        assert_eq!(past(&gaps, [9, 10, 25, 30]), [9, 20, 25, 40]);
        gaps.note(ROOM, Rev(5), Rev(10));
        assert_eq!(past(&gaps, [4, 5, 25, 30]), [4, 20, 25, 40]);
        gaps.note(ROOM, Rev(20), Rev(33));
        assert_eq!(past(&gaps, [4, 5, 25, 40]), [4, 40, 40, 40]);
    }

    #[test]
    fn they_are_bounded_and_the_last_one_stays_beside_the_longest() {
        let gaps = Gaps::default();
        for (after, reach) in [(0, 90), (100, 130), (200, 240), (300, 320), (400, 401)] {
            gaps.note(ROOM, Rev(after), Rev(reach));
        }
        assert_eq!(past(&gaps, [0, 100, 200, 400]), [90, 130, 240, 401]);
        assert_eq!(gaps.past(ROOM, Rev(300)), Rev(300));
        for room in 0..1000 {
            gaps.note(RoomId(room), Rev(0), Rev(10));
            assert!(gaps.0.len() <= MOST_ROOMS);
        }
        assert_eq!(gaps.past(RoomId(999), Rev(0)), Rev(10));
    }
}
