//! Rendering of messages as text lines for terminals.

use std::fmt::Write;

use crate::domain::{ChangeKind, Message, MessageKind, TimeZone, text::is_bidi_or_line_break};

/// Options for the rendering of messages.
#[derive(Clone, Copy, Debug)]
pub struct LineStyle<'s> {
    /// Time zone of dates and times.
    pub zone: &'s TimeZone,
    /// Whether the date precedes the time.
    pub dated: bool,
    /// Whether the message's number precedes the date and time.
    pub numbered: bool,
    /// Prefix of file URLs, such as `https://chat.example.org`; may be empty.
    pub origin: &'s str,
}

impl LineStyle<'static> {
    /// Style of live messages without any options.
    pub const PLAIN: Self = Self {
        zone: &TimeZone::UTC,
        dated: false,
        numbered: false,
        origin: "",
    };
}

/// Renders a change to a message that was shown before. Returns `None` if terminals do not show it.
#[must_use]
pub fn render_change(message: &Message, change_kind: ChangeKind) -> Option<String> {
    let (name, seq) = (&message.author.username, message.seq);
    match change_kind {
        ChangeKind::Text => Some(format!(
            "* {name} edited #{seq}: {}",
            indented(&message.body)
        )),
        ChangeKind::Deletion => Some(format!("* #{seq} by {name} was deleted")),
        ChangeKind::Pinned => Some(format!("* #{seq} by {name} was pinned")),
        ChangeKind::Message | ChangeKind::Other => None,
    }
}

/// Renders a message as one line, or as several if its body has several.
#[must_use]
pub fn render(message: &Message, style: LineStyle<'_>) -> String {
    let mut line = String::with_capacity(message.body.len() + 32);
    if style.numbered {
        let _ = write!(line, "#{} ", message.seq);
    }
    let (day, clock) = style.zone.local(message.created_at);
    if style.dated {
        let _ = write!(line, "{day} ");
    }
    let _ = write!(line, "{clock} ");
    let name = &message.author.username;
    match message.kind {
        MessageKind::System => {
            let _ = write!(line, "* {}", indented(&message.body));
        }
        MessageKind::Text if message.deleted_at.is_some() => {
            let _ = write!(line, "<{name}> (deleted)");
        }
        MessageKind::Text => {
            if let Some(deed) = action(&message.body) {
                let _ = write!(line, "* {name} {}", indented(deed));
                return line;
            }
            let _ = write!(line, "<{name}> ");
            let quote = message.extras.as_deref().and_then(|one| one.quote.as_ref());
            if let Some(quote) = quote {
                let _ = write!(line, "@{} #{}: ", quote.author.username, quote.seq);
            }
            line.push_str(&indented(&message.body));
            let files = message.extras.iter().flat_map(|extras| &extras.files);
            for (at, file) in files.enumerate() {
                if at > 0 || !message.body.is_empty() {
                    line.push_str("\n    | ");
                }
                let (name, size) = (printable(&file.name), file.size);
                let (origin, id) = (style.origin, file.id);
                let _ = write!(line, "[{name}, {size} bytes: {origin}/api/files/{id}]");
            }
        }
    }
    line
}

/// Returns the action text of a body that begins with `/me `.
#[must_use]
pub fn action(body: &str) -> Option<&str> {
    body.strip_prefix("/me ")
        .map(str::trim_start)
        .filter(|deed| !deed.is_empty())
}

/// Removes control characters and characters that change the direction of text, so that a text cannot control a
/// terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| !is_unsafe_in_terminal(*c))
        .collect()
}

fn is_unsafe_in_terminal(c: char) -> bool {
    c.is_control() || is_bidi_or_line_break(c)
}

/// Number of characters of a refused text that its refusal repeats.
const EXCERPT: usize = 30;

/// Returns the start of a refused text, so that its author can identify it.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let text = text.trim().replace('\n', " ");
    let mut chars = text.chars().filter(|c| !is_unsafe_in_terminal(*c));
    let mut start: String = chars.by_ref().take(EXCERPT).collect();
    if chars.next().is_some() {
        start.push('…');
    }
    start
}

/// Indents all lines after the first, so that they cannot be mistaken for separate messages.
fn indented(body: &str) -> String {
    let mut lines = body.split('\n').map(printable);
    let mut text = lines.next().unwrap_or_default();
    for line in lines {
        text.push_str("\n    | ");
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Rev, RoomId, Seq, Timestamp, UserId, UserSummary};

    fn message(body: &str) -> Message {
        Message {
            room_id: RoomId(1),
            seq: Seq(413),
            rev: Rev(520),
            kind: MessageKind::Text,
            author: UserSummary {
                id: UserId(2),
                username: "bob".into(),
                display_name: "Bob".into(),
                avatar: None,
            },
            body: body.into(),
            event: None,
            reply_to: None,
            key: None,
            created_at: Timestamp(1_700_000_000_000),
            edited_at: None,
            deleted_at: None,
            extras: None,
        }
    }

    #[test]
    fn messages_render_as_lines() {
        assert_eq!(
            render(&message("deploy is green"), LineStyle::PLAIN),
            "22:13 <bob> deploy is green"
        );
        let style = LineStyle {
            numbered: true,
            ..LineStyle::PLAIN
        };
        assert_eq!(
            render(&message("/me waves"), style),
            "#413 22:13 * bob waves"
        );
        let style = LineStyle {
            zone: &TimeZone::parse("Europe/Berlin").unwrap(),
            dated: true,
            ..style
        };
        assert_eq!(
            render(&message("deploy is green"), style),
            "#413 2023-11-14 23:13 <bob> deploy is green"
        );
    }

    #[test]
    fn body_cannot_control_the_terminal_or_forge_a_line() {
        let forged = render(
            &message("hi\n22:14 <ada> \u{1b}[31mpay\u{202e} bob\u{7}\u{9b}"),
            LineStyle::PLAIN,
        );
        assert_eq!(forged, "22:13 <bob> hi\n    | 22:14 <ada> [31mpay bob");
    }

    #[test]
    fn excerpt_is_short_and_cannot_control_the_terminal() {
        assert_eq!(excerpt("lunch?\n"), "lunch?");
        assert_eq!(excerpt("a\n\u{1b}[31mb\u{202e}"), "a [31mb");
        let thirty = "é".repeat(30);
        assert_eq!(excerpt(&thirty), thirty);
        assert_eq!(excerpt(&"é".repeat(31)), format!("{thirty}…"));
    }
}
