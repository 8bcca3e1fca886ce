//! Points in time as the contract writes them: RFC 3339, UTC, milliseconds.

use std::{fmt, time::Duration};

use ::time::{
    Date, OffsetDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};
use serde::{Serialize, Serializer};

const RFC3339_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const CLOCK: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The present moment.
    #[must_use]
    pub fn now() -> Self {
        let millis = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
        Self(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// The moment of an RFC 3339 time, or of a date's beginning in UTC: `2026-11-23`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment = match Date::parse(text, DATE) {
            Ok(date) => date.midnight().assume_utc(),
            Err(_) => OffsetDateTime::parse(text, &Rfc3339).ok()?,
        };
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000))
            .ok()
            .map(Self)
    }

    /// The moment `span` later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// The moment `span` earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// Whole seconds since 1970, as JWT claims count.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Hours and minutes in UTC, for a line on a terminal: `09:58`.
    #[must_use]
    pub fn clock(self) -> String {
        self.format(CLOCK)
    }

    /// The day in UTC: `2026-11-23`.
    #[must_use]
    pub fn day(self) -> String {
        self.format(DATE)
    }

    fn format(self, items: &[BorrowedFormatItem<'_>]) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(items).ok())
            .unwrap_or_default()
    }
}

impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Self(millis)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format(RFC3339_MILLIS))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_with_milliseconds_and_a_z() {
        assert_eq!(
            Timestamp(1_700_000_000_007).to_string(),
            "2023-11-14T22:13:20.007Z"
        );
        assert_eq!(Timestamp(1_700_000_000_007).clock(), "22:13");
        assert_eq!(Timestamp(1_700_000_000_007).day(), "2023-11-14");
        assert_eq!(Timestamp(-1).unix_seconds(), -1);
    }

    #[test]
    fn is_read_as_a_time_or_a_date() {
        for (text, millis) in [
            ("2023-11-14T22:13:20.007Z", 1_700_000_000_007),
            ("2023-11-14T23:13:20+01:00", 1_700_000_000_000),
            ("2023-11-14", 1_699_920_000_000),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(millis)), "{text}");
        }
        for text in ["", "2023-11", "2023-02-30", "today", "2023-11-14 22:13"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
