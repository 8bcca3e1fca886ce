//! Invites: what lets people into a room besides its standing access code.

use std::time::Duration;

use super::{AccessCode, Invalid, InviteId, Timestamp, UserId};

/// An invite lasts a year at most, unless it lasts for good.
const LONGEST_S: i64 = 365 * 24 * 60 * 60;
/// As many people as an invite may be made for, unless it is for everybody.
const MOST_USES: i64 = 100_000;

/// How long an invite lasts and how many people it lets in; `None` is without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InviteTerms {
    /// How long it lasts.
    pub lasts: Option<Duration>,
    /// How many people it lets in.
    pub max_uses: Option<i64>,
}

impl InviteTerms {
    /// Reads them as they are sent: seconds, and a number of people.
    ///
    /// # Errors
    /// [`Invalid`] for less than 1 of either, more than a year, or more than 100,000 people.
    pub fn parse(expires_in: Option<i64>, max_uses: Option<i64>) -> Result<Self, Invalid> {
        let lasts = match expires_in {
            None => None,
            Some(seconds @ 1..=LONGEST_S) => u64::try_from(seconds).ok().map(Duration::from_secs),
            Some(_) => {
                let detail = format!("must be 1 to {LONGEST_S} seconds");
                return Err(Invalid::new("expires_in", detail));
            }
        };
        if max_uses.is_some_and(|uses| !(1..=MOST_USES).contains(&uses)) {
            return Err(Invalid::new(
                "max_uses",
                format!("must be 1 to {MOST_USES}"),
            ));
        }
        Ok(Self { lasts, max_uses })
    }
}

/// An invite as it is listed: everything about it but its code.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Its number.
    pub id: InviteId,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to admit.
    pub expires_at: Option<Timestamp>,
    /// How many people it lets in.
    pub max_uses: Option<i64>,
    /// How many it has let in.
    pub uses: i64,
    /// Whether it is the room's access code.
    pub standing: bool,
}

/// An invite that was just made. Its code can be shown now and never again.
#[derive(Clone, Debug)]
pub struct CreatedInvite {
    /// The invite.
    pub invite: Invite,
    /// Its code.
    pub code: AccessCode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_bounded_and_name_what_is_wrong() {
        assert_eq!(InviteTerms::parse(None, None), Ok(InviteTerms::default()));
        let terms = InviteTerms::parse(Some(LONGEST_S), Some(MOST_USES)).unwrap();
        assert_eq!(terms.lasts, Some(Duration::from_hours(365 * 24)));
        for seconds in [i64::MIN, -1, 0, LONGEST_S + 1, i64::MAX] {
            let refused = InviteTerms::parse(Some(seconds), None).unwrap_err();
            assert_eq!(refused.field, "expires_in", "{seconds}");
        }
        for uses in [i64::MIN, 0, MOST_USES + 1] {
            let refused = InviteTerms::parse(None, Some(uses)).unwrap_err();
            assert_eq!(refused.field, "max_uses", "{uses}");
        }
    }
}
