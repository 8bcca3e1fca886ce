//! What keeps people from writing: a mute, slow mode, a lock.

use std::time::Duration;

use super::{Invalid, Role, Timestamp, UserSummary};

/// Why a member may not write just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostingRestriction {
    /// Somebody took their voice, for this much longer.
    #[error("you are muted in this room")]
    Muted(Duration),
    /// They wrote a moment ago and wait this much longer.
    #[error("this room is in slow mode: wait between messages")]
    SlowMode(Duration),
    /// Only moderators write here.
    #[error("this room is locked: only moderators write")]
    Locked,
}

impl PostingRestriction {
    /// A stable name for the reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Muted(_) => "muted",
            Self::SlowMode(_) => "slow_mode",
            Self::Locked => "locked",
        }
    }

    /// When to try again, if that is known.
    #[must_use]
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Muted(wait) | Self::SlowMode(wait) => Some(wait),
            Self::Locked => None,
        }
    }
}

/// Everything that decides whether a member may write.
#[derive(Clone, Copy, Debug)]
pub struct PostingRestrictions {
    /// What they may do in the room.
    pub role: Role,
    /// Until when somebody took their voice; long ago if nobody did.
    pub muted_until: Timestamp,
    /// When they last wrote under slow mode.
    pub said_at: Timestamp,
    /// Seconds between a plain member's messages.
    pub slow_mode_s: i64,
    /// Whether only moderators write.
    pub locked: bool,
}

impl PostingRestrictions {
    /// What keeps them from saying something at that moment.
    #[must_use]
    pub fn check_post(&self, at: Timestamp) -> Option<PostingRestriction> {
        self.on_changing(at).or_else(|| self.slowed(at))
    }

    /// What keeps them from changing what was said: an edit, a reaction. Slow mode counts messages.
    #[must_use]
    pub fn on_changing(&self, at: Timestamp) -> Option<PostingRestriction> {
        // Nobody is above an owner to give them their voice back.
        if self.role < Role::Owner && self.muted_until > at {
            return Some(PostingRestriction::Muted(between(at, self.muted_until)));
        }
        (self.locked && self.role < Role::Moderator).then_some(PostingRestriction::Locked)
    }

    /// Whether it matters when they write.
    #[must_use]
    pub fn is_slowed(&self) -> bool {
        self.slow_mode_s > 0 && self.role < Role::Moderator
    }

    fn slowed(&self, at: Timestamp) -> Option<PostingRestriction> {
        let pause = Duration::from_secs(u64::try_from(self.slow_mode_s).unwrap_or(0));
        let free = self.said_at.plus(pause);
        // A clock that was set back must not make them wait longer than the rule says.
        (self.is_slowed() && free > at)
            .then(|| PostingRestriction::SlowMode(between(at, free).min(pause)))
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

/// How long a plain member waits between two messages: up to six hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowMode(i64);

impl SlowMode {
    /// # Errors
    /// [`Invalid`] for more than six hours or less than nothing.
    pub fn parse(seconds: i64) -> Result<Self, Invalid> {
        if (0..=21_600).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(Invalid::new("slow_mode_s", "must be 0 to 21600"))
        }
    }

    /// The seconds; 0 is no wait.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }
}

/// How long a mute lasts: a second to a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MuteDuration(i64);

impl MuteDuration {
    /// # Errors
    /// [`Invalid`] for less than a second or more than a year.
    pub fn parse(seconds: i64) -> Result<Self, Invalid> {
        if (1..=31_536_000).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(Invalid::new("seconds", "must be 1 to 31536000"))
        }
    }

    /// The seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// When it ends if it begins then.
    #[must_use]
    pub fn from(self, begin: Timestamp) -> Timestamp {
        begin.plus(Duration::from_secs(self.0.unsigned_abs()))
    }
}

/// Somebody who must not come in.
#[derive(Clone, Debug)]
pub struct Ban {
    /// Who.
    pub user: UserSummary,
    /// Who said so.
    pub by: UserSummary,
    /// When.
    pub created_at: Timestamp,
}

/// Somebody who must not write for a time.
#[derive(Clone, Debug)]
pub struct Mute {
    /// Who.
    pub user: UserSummary,
    /// Until when.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(role: Role) -> PostingRestrictions {
        PostingRestrictions {
            role,
            muted_until: Timestamp(0),
            said_at: Timestamp(0),
            slow_mode_s: 0,
            locked: false,
        }
    }

    const MOMENT: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn a_lock_and_slow_mode_are_for_plain_members() {
        for (role, held) in [
            (Role::Member, true),
            (Role::Moderator, false),
            (Role::Owner, false),
        ] {
            let locked = PostingRestrictions {
                locked: true,
                ..voice(role)
            };
            assert_eq!(locked.check_post(MOMENT).is_some(), held, "{role:?}");
            let slow = PostingRestrictions {
                slow_mode_s: 30,
                said_at: MOMENT,
                ..voice(role)
            };
            assert_eq!(slow.check_post(MOMENT).is_some(), held, "{role:?}");
            assert_eq!(slow.on_changing(MOMENT), None, "{role:?}");
        }
    }

    #[test]
    fn a_mute_is_for_all_but_owners() {
        for (role, held) in [
            (Role::Member, true),
            (Role::Moderator, true),
            (Role::Owner, false),
        ] {
            let muted = PostingRestrictions {
                muted_until: Timestamp(MOMENT.0 + 1),
                ..voice(role)
            };
            assert_eq!(muted.check_post(MOMENT).is_some(), held, "{role:?}");
            assert_eq!(muted.on_changing(MOMENT).is_some(), held, "{role:?}");
            assert_eq!(muted.check_post(Timestamp(MOMENT.0 + 1)), None, "{role:?}");
        }
    }

    #[test]
    fn the_wait_of_slow_mode_is_exact_and_never_longer_than_the_rule() {
        let said = |millis| PostingRestrictions {
            slow_mode_s: 30,
            said_at: Timestamp(MOMENT.0 + millis),
            ..voice(Role::Member)
        };
        let wait = |millis| Some(PostingRestriction::SlowMode(Duration::from_millis(millis)));
        assert_eq!(said(0).check_post(MOMENT), wait(30_000));
        assert_eq!(said(-29_999).check_post(MOMENT), wait(1));
        assert_eq!(said(-30_000).check_post(MOMENT), None);
        assert_eq!(said(3_600_000).check_post(MOMENT), wait(30_000));
    }
}
