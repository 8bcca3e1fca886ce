//! Posting restrictions: mutes, slow mode and locked rooms.

use std::time::Duration;

use super::{Invalid, Role, Timestamp, UserSummary};

/// A reason why a member may not post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostingRestriction {
    /// The member is muted for this much longer.
    #[error("you are muted in this room")]
    Muted(Duration),
    /// The member posted recently and must wait this much longer.
    #[error("this room is in slow mode: wait between messages")]
    SlowMode(Duration),
    /// Only moderators and owners may post.
    #[error("this room is locked: only moderators write")]
    Locked,
}

impl PostingRestriction {
    /// Returns the stable error code of the reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Muted(_) => "muted",
            Self::SlowMode(_) => "slow_mode",
            Self::Locked => "locked",
        }
    }

    /// Returns the time to wait before another attempt, if it is known.
    #[must_use]
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Muted(wait) | Self::SlowMode(wait) => Some(wait),
            Self::Locked => None,
        }
    }
}

/// State that decides whether a member may post.
#[derive(Clone, Copy, Debug)]
pub struct PostingRestrictions {
    /// Role of the member in the room.
    pub role: Role,
    /// End of the mute; in the past if the member is not muted.
    pub muted_until: Timestamp,
    /// Time of the last message that the member posted under slow mode.
    pub said_at: Timestamp,
    /// Seconds between two messages of a plain member.
    pub slow_mode_s: i64,
    /// Whether only moderators and owners may post.
    pub locked: bool,
}

impl PostingRestrictions {
    /// Returns the restriction that prevents a new message at the time `at`.
    #[must_use]
    pub fn check_post(&self, at: Timestamp) -> Option<PostingRestriction> {
        self.on_changing(at).or_else(|| self.slowed(at))
    }

    /// Returns the restriction that prevents an edit or a reaction at the time `at`. Slow mode limits only new
    /// messages.
    #[must_use]
    pub fn on_changing(&self, at: Timestamp) -> Option<PostingRestriction> {
        // Owners cannot be muted, because no role ranks above them to lift the mute.
        if self.role < Role::Owner && self.muted_until > at {
            return Some(PostingRestriction::Muted(between(at, self.muted_until)));
        }
        (self.locked && self.role < Role::Moderator).then_some(PostingRestriction::Locked)
    }

    /// Returns whether slow mode applies to the member.
    #[must_use]
    pub fn is_slowed(&self) -> bool {
        self.slow_mode_s > 0 && self.role < Role::Moderator
    }

    fn slowed(&self, at: Timestamp) -> Option<PostingRestriction> {
        let pause = Duration::from_secs(u64::try_from(self.slow_mode_s).unwrap_or(0));
        let free = self.said_at.plus(pause);
        // The limit keeps the wait within the rule even after the clock was set back.
        (self.is_slowed() && free > at)
            .then(|| PostingRestriction::SlowMode(between(at, free).min(pause)))
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

/// Time between two messages of a plain member, at most six hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowMode(i64);

impl SlowMode {
    /// Parses a number of seconds.
    ///
    /// # Errors
    /// [`Invalid`] if the number is negative or exceeds six hours.
    pub fn parse(seconds: i64) -> Result<Self, Invalid> {
        if (0..=21_600).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(Invalid::new("slow_mode_s", "must be 0 to 21600"))
        }
    }

    /// Returns the seconds; 0 disables slow mode.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }
}

/// Length of a mute, from one second to one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MuteDuration(i64);

impl MuteDuration {
    /// Parses a number of seconds.
    ///
    /// # Errors
    /// [`Invalid`] if the number is less than one second or exceeds one year.
    pub fn parse(seconds: i64) -> Result<Self, Invalid> {
        if (1..=31_536_000).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(Invalid::new("seconds", "must be 1 to 31536000"))
        }
    }

    /// Returns the seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Returns the end of a mute that starts at `begin`.
    #[must_use]
    pub fn from(self, begin: Timestamp) -> Timestamp {
        begin.plus(Duration::from_secs(self.0.unsigned_abs()))
    }
}

/// A user who may not join a room.
#[derive(Clone, Debug)]
pub struct Ban {
    /// The banned user.
    pub user: UserSummary,
    /// User who set the ban.
    pub by: UserSummary,
    /// Time of the ban.
    pub created_at: Timestamp,
}

/// A member who may not post for a time.
#[derive(Clone, Debug)]
pub struct Mute {
    /// The muted member.
    pub user: UserSummary,
    /// End of the mute.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restrictions(role: Role) -> PostingRestrictions {
        PostingRestrictions {
            role,
            muted_until: Timestamp(0),
            said_at: Timestamp(0),
            slow_mode_s: 0,
            locked: false,
        }
    }

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn lock_and_slow_mode_restrict_plain_members_only() {
        for (role, held) in [
            (Role::Member, true),
            (Role::Moderator, false),
            (Role::Owner, false),
        ] {
            let locked = PostingRestrictions {
                locked: true,
                ..restrictions(role)
            };
            assert_eq!(locked.check_post(NOW).is_some(), held, "{role:?}");
            let slow = PostingRestrictions {
                slow_mode_s: 30,
                said_at: NOW,
                ..restrictions(role)
            };
            assert_eq!(slow.check_post(NOW).is_some(), held, "{role:?}");
            assert_eq!(slow.on_changing(NOW), None, "{role:?}");
        }
    }

    #[test]
    fn mute_restricts_all_but_owners() {
        for (role, held) in [
            (Role::Member, true),
            (Role::Moderator, true),
            (Role::Owner, false),
        ] {
            let muted = PostingRestrictions {
                muted_until: Timestamp(NOW.0 + 1),
                ..restrictions(role)
            };
            assert_eq!(muted.check_post(NOW).is_some(), held, "{role:?}");
            assert_eq!(muted.on_changing(NOW).is_some(), held, "{role:?}");
            assert_eq!(muted.check_post(Timestamp(NOW.0 + 1)), None, "{role:?}");
        }
    }

    #[test]
    fn slow_mode_wait_is_exact_and_bounded() {
        let said = |millis| PostingRestrictions {
            slow_mode_s: 30,
            said_at: Timestamp(NOW.0 + millis),
            ..restrictions(Role::Member)
        };
        let wait = |millis| Some(PostingRestriction::SlowMode(Duration::from_millis(millis)));
        assert_eq!(said(0).check_post(NOW), wait(30_000));
        assert_eq!(said(-29_999).check_post(NOW), wait(1));
        assert_eq!(said(-30_000).check_post(NOW), None);
        assert_eq!(said(3_600_000).check_post(NOW), wait(30_000));
    }
}
