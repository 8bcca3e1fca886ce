//! Time zones for terminal users.
//!
//! The rules come from `jiff`, with the IANA database compiled in. The binary therefore knows every zone,
//! whatever the system has installed. The database takes 200 KiB of read-only data, of which only the pages in
//! use are loaded. The crate `time` supports only fixed offsets.

use std::fmt;

use jiff::{Timestamp as Instant, civil, tz};

use super::{Invalid, Timestamp};

/// A time zone of the IANA database. Clones share the parsed rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZone(tz::TimeZone);

/// A date in a time zone, formatted as `2026-11-23`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(civil::Date);

/// A time of day in a time zone, formatted as `09:58`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock(civil::Time);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(tz::TimeZone::UTC);

    /// Finds a zone by its name, such as `Europe/Berlin`, in upper or lower case.
    ///
    /// # Errors
    /// [`Invalid`] if the database has no such zone.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let zone = tz::TimeZone::get(name).ok();
        let known = zone.filter(|zone| !zone.is_unknown());
        known.map(Self).ok_or_else(|| {
            let detail = "must name a time zone of the IANA database, such as Europe/Berlin or UTC";
            Invalid::new("tz", detail)
        })
    }

    /// Returns the name of the zone as the database spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns the date and the time of day in this zone.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> (Day, Clock) {
        let at = Instant::from_millisecond(at.0).unwrap_or_default();
        let local = self.0.to_datetime(at);
        (Day(local.date()), Clock(local.time()))
    }

    /// Returns the date in this zone.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Day {
        self.local(at).0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(zone: &str, at: &str) -> String {
        let at = Timestamp::parse(at).unwrap();
        let (day, clock) = TimeZone::parse(zone).unwrap().local(at);
        format!("{day} {clock}")
    }

    #[test]
    fn daylight_saving_and_odd_offsets_are_supported() {
        for (zone, at, expected) in [
            ("UTC", "2026-03-29T00:59:59Z", "2026-03-29 00:59"),
            ("Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29 01:59"),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29 03:00"),
            ("Asia/Kathmandu", "2026-12-31T18:15:00Z", "2027-01-01 00:00"),
            (
                "America/New_York",
                "2027-01-01T04:59:00Z",
                "2026-12-31 23:59",
            ),
        ] {
            assert_eq!(local(zone, at), expected, "{zone} at {at}");
        }
    }

    #[test]
    fn zone_is_found_by_iana_name_only() {
        assert_eq!(
            TimeZone::parse("europe/berlin").unwrap().name(),
            "Europe/Berlin"
        );
        assert_eq!(TimeZone::parse("UTC").unwrap().name(), "UTC");
        for unknown in [
            "",
            "Europe/Berln",
            "Etc/Unknown",
            "../UTC",
            "CET-1CEST",
            "local",
        ] {
            assert!(TimeZone::parse(unknown).is_err(), "{unknown}");
        }
    }
}
