//! Line mode: the chat as plain text for terminals.

mod render;

use crate::domain::{Seq, parse_number};

pub use render::{LineStyle, action, excerpt, printable, render, render_change};

/// A parsed line of input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'l> {
    /// Posts a message.
    Say(&'l str),
    /// Posts a message as an action; the text keeps its prefix `/me `.
    Me(&'l str),
    /// Lists the commands.
    Help,
    /// Lists the members who are online.
    Who,
    /// Shows this many of the newest messages.
    History(usize),
    /// Sends a direct message to a user.
    Msg(&'l str, &'l str),
    /// Replies to a message.
    Reply(Seq, &'l str),
    /// Edits the text of a message.
    Edit(Seq, &'l str),
    /// Deletes a message.
    Delete(Seq),
    /// Adds a reaction to a message, or removes it.
    React(Seq, &'l str),
    /// Shows the topic.
    ShowTopic,
    /// Sets the topic; an empty one clears it.
    Topic(&'l str),
    /// Shows how to invite people.
    Invite,
    /// Mutes a member for a number of seconds; 0 lifts the mute.
    Mute(&'l str, i64),
    /// Removes a member from the room.
    Kick(&'l str),
    /// Bans a user from the room.
    Ban(&'l str),
    /// Lifts a ban.
    Unban(&'l str),
    /// Searches for messages.
    Search(&'l str),
    /// Shows the pinned messages.
    Pins,
    /// Shows the time zone.
    ShowZone,
    /// Sets the time zone of dates and times.
    Zone(&'l str),
    /// Lists the rooms of the user.
    Rooms,
    /// Leaves the room permanently.
    Leave,
    /// Closes the connection.
    Quit,
    /// Blank line.
    Nothing,
    /// Invalid command, with the answer to show.
    Wrong(String),
}

/// Output of `/help`.
pub const HELP: [&str; 21] = [
    "a line is sent to the room as you typed it; //x sends /x",
    "/me TEXT         say what you do: /me waves",
    "/reply SEQ TEXT  answer a message; its number is shown by ?numbers=1 and /history",
    "/edit SEQ TEXT   give a message of yours another text",
    "/delete SEQ      delete a message",
    "/react SEQ EMOJI react with an emoji or :name:; again takes it back",
    "/msg @USER TEXT  say it to somebody alone",
    "/who             who is online",
    "/history [N]     the last N messages (20), with their dates and numbers",
    "/search WORDS    find messages in your rooms; from:ada in:lobby before:2026-01-31 has:file narrow it",
    "/pins            the pinned messages",
    "/topic [TEXT]    what the room is about; with a text that is the topic from now on, with - there is none",
    "/invite          how to let people in",
    "/mute @USER [MINUTES]  take somebody's voice for a time (10); /unmute @USER gives it back",
    "/kick @USER      remove somebody; /ban @USER keeps them out, /unban @USER does no longer",
    "/rooms           the rooms you are in",
    "/tz [ZONE]       the time zone of dates and times (UTC); with a zone, such as Europe/Berlin, that one from now on",
    "/leave           leave this room for good",
    "/quit            close the connection, once your last line is sent or refused (Ctrl-C does so at once)",
    "/help            this",
    "in the address: ?history=N shows the last N, ?since=SEQ what came after SEQ, ?numbers=1 each number, ?echo=1 your own lines, ?tz=ZONE the times of that zone",
];

/// Number of messages that `/history` shows by default.
pub const HISTORY_DEFAULT: usize = 20;
/// Maximum number of messages that `/history` shows.
pub const HISTORY_MAX: usize = 200;

impl<'l> Line<'l> {
    /// Returns whether the line has an effect beyond this connection, or reveals the access code.
    #[must_use]
    pub fn changes(&self) -> bool {
        match self {
            Self::Say(_)
            | Self::Me(_)
            | Self::Msg(..)
            | Self::Reply(..)
            | Self::Edit(..)
            | Self::Delete(_)
            | Self::React(..)
            | Self::Topic(_)
            | Self::Invite
            | Self::Mute(..)
            | Self::Kick(_)
            | Self::Ban(_)
            | Self::Unban(_)
            | Self::Leave => true,
            Self::Help
            | Self::Who
            | Self::ShowTopic
            | Self::History(_)
            | Self::Search(_)
            | Self::Pins
            | Self::ShowZone
            | Self::Zone(_)
            | Self::Rooms
            | Self::Quit
            | Self::Nothing
            | Self::Wrong(_) => false,
        }
    }

    /// Parses an incoming frame. Removes one trailing line end and keeps all other characters.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    pub fn parse(frame: &'l str) -> Self {
        let text = frame.strip_suffix('\n').unwrap_or(frame);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.trim().is_empty() {
            return Self::Nothing;
        }
        if let Some(escaped) = text.strip_prefix('/').filter(|rest| rest.starts_with('/')) {
            return Self::Say(escaped);
        }
        let Some(command) = text.strip_prefix('/') else {
            return Self::Say(text);
        };
        let (name, argument) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        let argument = argument.trim();
        match name.to_ascii_lowercase().as_str() {
            "help" => Self::Help,
            "who" => Self::Who,
            "rooms" => Self::Rooms,
            "pins" => Self::Pins,
            "tz" if argument.is_empty() => Self::ShowZone,
            "tz" => Self::Zone(argument),
            "invite" => Self::Invite,
            "search" if argument.is_empty() => {
                Self::Wrong("say what to look for: /search tea".into())
            }
            "search" => Self::Search(argument),
            "topic" if argument.is_empty() => Self::ShowTopic,
            "topic" if argument == "-" => Self::Topic(""),
            "topic" => Self::Topic(argument),
            "kick" if !argument.is_empty() => Self::Kick(user(argument)),
            "ban" if !argument.is_empty() => Self::Ban(user(argument)),
            "unban" if !argument.is_empty() => Self::Unban(user(argument)),
            "unmute" if !argument.is_empty() => Self::Mute(user(argument), 0),
            "mute" if !argument.is_empty() => {
                let (name, minutes) = argument
                    .split_once(char::is_whitespace)
                    .unwrap_or((argument, "10"));
                match minutes.trim().parse::<i64>() {
                    Ok(minutes @ 1..=525_600) => Self::Mute(user(name), minutes * 60),
                    _ => Self::Wrong("/mute takes a number of minutes from 1 to 525600".into()),
                }
            }
            "kick" | "ban" | "unban" | "mute" | "unmute" => {
                Self::Wrong(format!("say whom: /{} @ada", printable(name)))
            }
            "msg" => match argument.split_once(char::is_whitespace) {
                Some((user, text)) if !text.trim().is_empty() => {
                    Self::Msg(self::user(user), text.trim())
                }
                _ => Self::Wrong("say to whom and what: /msg @ada see you at nine".into()),
            },
            "reply" => numbered(argument, "/reply 12 yes", Self::Reply),
            "edit" => numbered(argument, "/edit 12 the new text", Self::Edit),
            "react" => numbered(argument, "/react 12 👍", Self::React),
            "delete" => match number(argument) {
                Some(seq) => Self::Delete(seq),
                None => Self::Wrong("say which message: /delete 12".into()),
            },
            "leave" => Self::Leave,
            "quit" => Self::Quit,
            "me" if argument.is_empty() => Self::Wrong("say what you do: /me waves".into()),
            "me" => Self::Me(text),
            "history" if argument.is_empty() => Self::History(HISTORY_DEFAULT),
            "history" => match argument.parse() {
                Ok(count) if (1..=HISTORY_MAX).contains(&count) => Self::History(count),
                _ => Self::Wrong(format!("/history takes a number from 1 to {HISTORY_MAX}")),
            },
            _ => Self::Wrong(format!(
                "no command /{}; /help lists them, //… sends the line",
                printable(name)
            )),
        }
    }
}

/// Returns a username without its optional `@`.
fn user(text: &str) -> &str {
    text.strip_prefix('@').unwrap_or(text)
}

/// Parses the number of a message, with or without a `#`.
fn number(text: &str) -> Option<Seq> {
    let number = parse_number(text.strip_prefix('#').unwrap_or(text))?;
    (number > 0).then_some(Seq(number))
}

/// Parses the number of a message and the text after it.
fn numbered<'l>(
    argument: &'l str,
    example: &str,
    make: impl FnOnce(Seq, &'l str) -> Line<'l>,
) -> Line<'l> {
    let parts = argument.split_once(char::is_whitespace);
    match parts.and_then(|(seq, text)| Some((number(seq)?, text.trim()))) {
        Some((seq, text)) if !text.is_empty() => make(seq, text),
        _ => Line::Wrong(format!("say which message and what: {example}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_parsed() {
        assert_eq!(Line::parse("hello\n"), Line::Say("hello"));
        assert_eq!(Line::parse("a\nb\n"), Line::Say("a\nb"));
        assert_eq!(Line::parse("//x"), Line::Say("/x"));
        assert_eq!(Line::parse("/me waves\r\n"), Line::Me("/me waves"));
        assert_eq!(Line::parse("/history"), Line::History(20));
        assert_eq!(Line::parse("/WHO"), Line::Who);
        assert_eq!(Line::parse("/history 3"), Line::History(3));
        assert_eq!(Line::parse("\n"), Line::Nothing);
        assert_eq!(
            Line::parse("/msg @ada see you"),
            Line::Msg("ada", "see you")
        );
        assert_eq!(Line::parse("/reply #12 a b"), Line::Reply(Seq(12), "a b"));
        assert_eq!(Line::parse("/edit 12  x"), Line::Edit(Seq(12), "x"));
        assert_eq!(Line::parse("/delete 12"), Line::Delete(Seq(12)));
        assert_eq!(Line::parse("/react 12 👍"), Line::React(Seq(12), "👍"));
        assert_eq!(Line::parse("/topic"), Line::ShowTopic);
        assert_eq!(Line::parse("/topic -"), Line::Topic(""));
        assert_eq!(
            Line::parse("/topic tea - at four"),
            Line::Topic("tea - at four")
        );
        assert_eq!(Line::parse("/mute @ada"), Line::Mute("ada", 600));
        assert_eq!(Line::parse("/mute ada 2"), Line::Mute("ada", 120));
        assert_eq!(Line::parse("/unmute @ada"), Line::Mute("ada", 0));
        assert_eq!(Line::parse("/ban @ada"), Line::Ban("ada"));
        assert_eq!(Line::parse("/unban ada"), Line::Unban("ada"));
        assert_eq!(Line::parse("/tz"), Line::ShowZone);
        assert_eq!(
            Line::parse("/tz Europe/Berlin"),
            Line::Zone("Europe/Berlin")
        );
        for wrong in [
            "/history 0",
            "/history x",
            "/me",
            "/dance",
            "/",
            "/msg @ada",
            "/reply 12",
            "/reply x y",
            "/edit 0 y",
            "/delete",
            "/react 12",
            "/mute",
            "/mute ada 0",
            "/kick",
        ] {
            assert!(matches!(Line::parse(wrong), Line::Wrong(_)), "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn arbitrary_line_parses_and_its_error_is_printable(
            text in "/?(help|msg|reply|edit|mute|history|react|tz|topic|me|[a-z]{0,3})( |\t|@|#|-|[0-9]{1,20}|ü|\u{1b}|\u{202e}|\\PC|.){0,20}"
        ) {
            match Line::parse(&text) {
                Line::Wrong(error) => prop_assert!(!error.contains(char::is_control), "{:?}", error),
                Line::Say(said) => prop_assert!(text.contains(said)),
                _ => {}
            }
        }
    }
}
