//! Timestamps in the format of the API: RFC 3339, UTC, milliseconds.

use std::{fmt, time::Duration};

use ::time::{
    Date, OffsetDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};
use serde::{Serialize, Serializer};

const RFC3339_MILLIS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

const DAY_MILLIS: u64 = 86_400_000;
/// 9999-12-31, the last day with a year of four digits, in days since 1970.
const LAST_DAY: u64 = 2_932_896;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime, description = "Time in UTC with milliseconds (RFC 3339).")]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the current time.
    #[must_use]
    pub fn now() -> Self {
        let millis = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
        Self(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Parses an RFC 3339 time, or a date such as `2026-11-23`, which means the start of the day in UTC.
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

    /// Returns the time `span` later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// Returns the time `span` earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// Returns the whole seconds since 1970, the unit of JWT claims.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    fn rfc3339(self) -> Written {
        digits(self.0).map_or_else(
            || Written::Text(self.format(RFC3339_MILLIS)),
            Written::Digits,
        )
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
        f.write_str(self.rfc3339().as_str())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.rfc3339().as_str())
    }
}

/// A formatted timestamp. It needs no heap allocation for the years 1970 to 9999.
enum Written {
    Digits([u8; 24]),
    Text(String),
}

impl Written {
    fn as_str(&self) -> &str {
        match self {
            Self::Digits(digits) => std::str::from_utf8(digits).unwrap_or_default(),
            Self::Text(text) => text,
        }
    }
}

/// Formats a timestamp of the years 1970 to 9999.
///
/// A page of history has at least one timestamp in each message. With the formatter of `time` they take longer
/// than the rest of the page.
fn digits(millis: i64) -> Option<[u8; 24]> {
    let millis = u64::try_from(millis).ok()?;
    let (days, clock) = (millis / DAY_MILLIS, millis % DAY_MILLIS);
    if days > LAST_DAY {
        return None;
    }
    let (year, month, day) = date(days);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let parts = [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, clock / 3_600_000),
        (14, 2, clock / 60_000 % 60),
        (17, 2, clock / 1_000 % 60),
        (20, 3, clock % 1_000),
    ];
    for (at, width, mut number) in parts {
        for place in text[at..at + width].iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    Some(text)
}

/// Converts days since 1970 to year, month and day. Eras of 400 years begin in March, so that leap days come
/// last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_has_milliseconds_and_z() {
        assert_eq!(
            Timestamp(1_700_000_000_007).to_string(),
            "2023-11-14T22:13:20.007Z"
        );
        assert_eq!(Timestamp(-1).unix_seconds(), -1);
    }

    #[test]
    fn every_day_equals_the_library_format() {
        let last = i64::try_from(LAST_DAY).unwrap();
        // The calendar repeats every 400 years.
        for day in (-2..=146_097).chain(last - 400..=last + 1) {
            // Each day gets a different time of day, so that the test covers many times.
            let at = Timestamp(day * 86_400_000 + day * 7_919_993 % 86_400_000);
            assert_eq!(at.to_string(), at.format(RFC3339_MILLIS));
            assert_eq!(digits(at.0).is_some(), (0..=last).contains(&day));
        }
    }

    #[test]
    fn timestamp_parses_from_time_or_date() {
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
