//! Invites: codes that admit people to a room, besides its permanent access code.

use std::time::Duration;

use super::{AccessCode, Invalid, InviteId, Timestamp, UserId};

/// Longest lifetime of an invite that expires, in seconds: one year.
const LONGEST_S: i64 = 365 * 24 * 60 * 60;
/// Greatest number of uses of an invite with limited uses.
const MAX_USES: i64 = 100_000;

/// Limits of an invite. `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InviteTerms {
    /// Lifetime.
    pub lasts: Option<Duration>,
    /// Number of people that it can admit.
    pub max_uses: Option<i64>,
}

impl InviteTerms {
    /// Parses the limits as clients send them: a lifetime in seconds and a number of people.
    ///
    /// # Errors
    /// [`Invalid`] if either value is less than 1, the lifetime exceeds a year, or the number exceeds 100,000.
    pub fn parse(expires_in: Option<i64>, max_uses: Option<i64>) -> Result<Self, Invalid> {
        let lasts = match expires_in {
            None => None,
            Some(seconds @ 1..=LONGEST_S) => u64::try_from(seconds).ok().map(Duration::from_secs),
            Some(_) => {
                let detail = format!("must be 1 to {LONGEST_S} seconds");
                return Err(Invalid::new("expires_in", detail));
            }
        };
        if max_uses.is_some_and(|uses| !(1..=MAX_USES).contains(&uses)) {
            return Err(Invalid::new("max_uses", format!("must be 1 to {MAX_USES}")));
        }
        Ok(Self { lasts, max_uses })
    }
}

/// An invite as lists show it: everything except its code.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Id of the invite.
    pub id: InviteId,
    /// User who created it.
    pub created_by: UserId,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of expiry.
    pub expires_at: Option<Timestamp>,
    /// Number of people that it can admit.
    pub max_uses: Option<i64>,
    /// Number of people that it has admitted.
    pub uses: i64,
    /// Whether it is the room's permanent access code.
    pub standing: bool,
}

/// A new invite with its code. The code cannot be shown again later.
#[derive(Clone, Debug)]
pub struct CreatedInvite {
    /// The invite.
    pub invite: Invite,
    /// Code of the invite.
    pub code: AccessCode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_invite_terms_name_the_field() {
        assert_eq!(InviteTerms::parse(None, None), Ok(InviteTerms::default()));
        let terms = InviteTerms::parse(Some(LONGEST_S), Some(MAX_USES)).unwrap();
        assert_eq!(terms.lasts, Some(Duration::from_hours(365 * 24)));
        for seconds in [i64::MIN, -1, 0, LONGEST_S + 1, i64::MAX] {
            let refused = InviteTerms::parse(Some(seconds), None).unwrap_err();
            assert_eq!(refused.field, "expires_in", "{seconds}");
        }
        for uses in [i64::MIN, 0, MAX_USES + 1] {
            let refused = InviteTerms::parse(None, Some(uses)).unwrap_err();
            assert_eq!(refused.field, "max_uses", "{uses}");
        }
    }
}
