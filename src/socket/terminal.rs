//! State of a connection in line mode: the time zone, and the day of the last message shown.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    domain::{Message, TimeZone, Timestamp},
    protocol::line::{self, LineStyle},
};

/// Style and state of a terminal.
pub(super) struct TerminalState {
    /// Start of the URLs of files; empty if `public_url` is not set.
    origin: Arc<str>,
    clock: Mutex<ClockState>,
}

struct ClockState {
    zone: TimeZone,
    /// Time of the last message shown. A line separates messages of different days.
    last_shown: Timestamp,
}

impl TerminalState {
    /// Creates the state of a terminal that has shown nothing before `now`.
    pub(super) fn new(zone: TimeZone, origin: Arc<str>, now: Timestamp) -> Self {
        let clock = Mutex::new(ClockState {
            zone,
            last_shown: now,
        });
        Self { origin, clock }
    }

    /// Returns the time zone.
    pub(super) fn zone(&self) -> TimeZone {
        self.lock().zone.clone()
    }

    /// Sets the time zone. The user was just told the date in it.
    pub(super) fn set_zone(&self, zone: TimeZone, now: Timestamp) {
        *self.lock() = ClockState {
            zone,
            last_shown: now,
        };
    }

    /// Returns whether a live message looks here as in [`LineStyle::PLAIN`], so that the line shared by all terminals
    /// can be used.
    pub(super) fn is_plain(&self, message: &Message) -> bool {
        let has_files = message
            .extras
            .as_deref()
            .is_some_and(|extras| !extras.files.is_empty());
        let clock = self.lock();
        clock.zone == TimeZone::UTC
            && (self.origin.is_empty() || !has_files)
            && !clock.is_another_day(message)
    }

    /// Renders a live message with its time. A line of the date precedes the first message of a day.
    pub(super) fn live_line(&self, message: &Message, numbered: bool) -> String {
        let clock = self.lock();
        clock.line(message, self.style(&clock, numbered, false))
    }

    /// Renders a message of the history with its date and time. A line of the date precedes it, unless it is the first
    /// one shown or of the same day as the last.
    pub(super) fn history_line(&self, message: &Message, numbered: bool, is_first: bool) -> String {
        let mut clock = self.lock();
        if is_first {
            clock.last_shown = message.created_at;
        }
        let line = clock.line(message, self.style(&clock, numbered, true));
        clock.last_shown = message.created_at;
        line
    }

    /// Renders a missed message like a live one, and notes that it was shown.
    pub(super) fn missed_line(&self, message: &Message, numbered: bool) -> String {
        let line = self.live_line(message, numbered);
        self.record_shown(message);
        line
    }

    /// Renders a single message, such as a search result: `2026-11-27: #12 20:15 <ada> hi`.
    pub(super) fn single_line(&self, message: &Message) -> String {
        let clock = self.lock();
        let line = line::render(message, self.style(&clock, true, false));
        format!("{}: {line}", clock.zone.day(message.created_at))
    }

    /// Notes that a live message was shown.
    pub(super) fn record_shown(&self, message: &Message) {
        self.lock().last_shown = message.created_at;
    }

    fn style<'s>(&'s self, clock: &'s ClockState, numbered: bool, dated: bool) -> LineStyle<'s> {
        LineStyle {
            zone: &clock.zone,
            dated,
            numbered,
            origin: &self.origin,
        }
    }

    fn lock(&self) -> MutexGuard<'_, ClockState> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClockState {
    fn is_another_day(&self, message: &Message) -> bool {
        self.zone.day(self.last_shown) != self.zone.day(message.created_at)
    }

    /// Renders a message. A line of the date precedes it if its day differs from that of the last message shown.
    fn line(&self, message: &Message, style: LineStyle<'_>) -> String {
        let line = line::render(message, style);
        if !self.is_another_day(message) {
            return line;
        }
        let day = self.zone.day(message.created_at);
        format!("* day changed to {day}\n{line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MessageKind, Rev, RoomId, Seq, UserId, UserSummary};

    fn at(time: &str) -> Timestamp {
        Timestamp::parse(time).unwrap()
    }

    fn message(sent_at: &str) -> Message {
        Message {
            room_id: RoomId(1),
            seq: Seq(2),
            rev: Rev(2),
            kind: MessageKind::Text,
            author: UserSummary {
                id: UserId(1),
                username: "ada".into(),
                display_name: "Ada".into(),
                avatar: None,
            },
            body: "hi".into(),
            event: None,
            reply_to: None,
            key: None,
            created_at: at(sent_at),
            edited_at: None,
            deleted_at: None,
            extras: None,
        }
    }

    #[test]
    fn first_message_of_a_day_follows_a_date_line() {
        for (zone, before, after, between) in [
            (
                "UTC",
                "2026-11-27T23:59:59Z",
                "2026-11-28T00:00:00Z",
                "2026-11-28",
            ),
            (
                "Europe/Berlin",
                "2026-11-27T22:59:59Z",
                "2026-11-27T23:00:00Z",
                "2026-11-28",
            ),
            (
                "America/New_York",
                "2027-01-01T04:59:59Z",
                "2027-01-01T05:00:00Z",
                "2027-01-01",
            ),
        ] {
            let zone = TimeZone::parse(zone).unwrap();
            let is_utc = zone == TimeZone::UTC;
            let terminal = TerminalState::new(zone, "".into(), at(before));
            let evening = message(before);
            assert_eq!(terminal.is_plain(&evening), is_utc);
            assert!(
                terminal
                    .live_line(&evening, false)
                    .ends_with(":59 <ada> hi")
            );
            terminal.record_shown(&evening);
            let night = message(after);
            assert!(!terminal.is_plain(&night), "{between}");
            let lines = format!("* day changed to {between}\n00:00 <ada> hi");
            // Until it is sent, the message counts as the first of its day.
            for _ in 0..2 {
                assert_eq!(terminal.live_line(&night, false), lines);
            }
            terminal.record_shown(&night);
            assert_eq!(terminal.is_plain(&night), is_utc);
            assert_eq!(terminal.live_line(&night, false), "00:00 <ada> hi");
        }
    }

    #[test]
    fn time_zone_change_prints_no_extra_date_line() {
        let now = at("2026-11-27T23:30:00Z");
        let terminal = TerminalState::new(TimeZone::UTC, "".into(), now);
        terminal.set_zone(TimeZone::parse("Europe/Berlin").unwrap(), now);
        let night = message("2026-11-27T23:31:00Z");
        assert_eq!(terminal.live_line(&night, false), "00:31 <ada> hi");
    }
}
