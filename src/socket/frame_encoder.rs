//! Encoder of events for one connection, as JSON frames or as lines.

use std::time::Duration;

use bytes::Bytes;

use super::{ProtocolMode, TextOptions, terminal::TerminalState};
use crate::{
    chat::{Caller, ChatError},
    domain::{ChangeKind, Head, Key, LeaveReason, Message, Rev, RoomId, Seq, UserId},
    hub::{LiveMessage, LivePresence},
    protocol::{Bye, CloseReason, DeflateParams, ErrorFrame, ServerEvent, line, ws_frame},
};

/// Maximum names in lines of presence.
const NAMES: usize = 10;

/// Encoder of one connection.
pub(super) struct FrameEncoder {
    mode: ProtocolMode,
    caller: Caller,
    /// Whether the peer takes compressed frames.
    deflate: Option<DeflateParams>,
    /// Makes the keys of this connection's own lines. By them the connection hides its own lines, which the user's
    /// other connections show.
    line_key_seed: u64,
    /// State of line mode: the time zone, and the day of the last message shown.
    terminal: Option<Box<TerminalState>>,
}

impl FrameEncoder {
    pub(super) fn new(
        mode: ProtocolMode,
        caller: Caller,
        deflate: Option<DeflateParams>,
        terminal: Option<Box<TerminalState>>,
    ) -> Self {
        let mut random = [0; 8];
        // Without randomness, the terminal may show its own lines twice. Nothing else depends on it.
        if mode != ProtocolMode::Json {
            let _ = getrandom::fill(&mut random);
        }
        Self {
            mode,
            caller,
            deflate,
            line_key_seed: u64::from_le_bytes(random),
            terminal,
        }
    }

    /// Returns the caller of the connection.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Returns the user of the caller.
    pub(super) fn user(&self) -> UserId {
        self.caller.user()
    }

    /// Returns the parameters for compressed frames.
    pub(super) fn deflate(&self) -> Option<DeflateParams> {
        self.deflate
    }

    /// Encodes a frame for this connection only.
    pub(super) fn frame(&self, text: &str) -> Bytes {
        self.packed(ws_frame::text(text))
    }

    /// Encodes each line as a frame for this connection only.
    pub(super) fn lines(&self, text: &str) -> Bytes {
        self.packed(ws_frame::lines(text))
    }

    fn packed(&self, frames: Bytes) -> Bytes {
        let compressed = self
            .deflate
            .and_then(|deflate| ws_frame::compressed(&frames, deflate));
        compressed.unwrap_or(frames)
    }

    pub(super) fn text_options(&self) -> Option<TextOptions> {
        match self.mode {
            ProtocolMode::Json => None,
            ProtocolMode::Text(options) => Some(options),
        }
    }

    /// Returns the state of line mode, or `None` for JSON.
    pub(super) fn terminal(&self) -> Option<&TerminalState> {
        self.terminal.as_deref()
    }

    /// Returns the key of this connection's line number `count`.
    pub(super) fn line_key(&self, count: u64) -> Option<Key> {
        Key::parse(&format!("{}{count}", self.line_key_prefix())).ok()
    }

    /// Returns the start of these keys.
    fn line_key_prefix(&self) -> String {
        format!("line-{:016x}-", self.line_key_seed)
    }

    /// Encodes a live message.
    pub(super) fn live(&self, live: &LiveMessage) -> Option<Bytes> {
        match self.mode {
            ProtocolMode::Json => Some(live.json(self.deflate).clone()),
            ProtocolMode::Text(_) if live.change_kind != ChangeKind::Message => {
                line::render_change(&live.message, live.change_kind).map(|line| self.lines(&line))
            }
            ProtocolMode::Text(options) if self.is_hidden(&live.message, options) => None,
            ProtocolMode::Text(options) => {
                let terminal = self.terminal()?;
                if !options.numbers && terminal.is_plain(&live.message) {
                    return Some(live.plain(self.deflate).clone());
                }
                Some(self.lines(&terminal.live_line(&live.message, options.numbers)))
            }
        }
    }

    /// Notes that the frame of [`live`](Self::live) was sent.
    pub(super) fn record_shown(&self, live: &LiveMessage) {
        if let Some(terminal) = self.terminal()
            && live.change_kind == ChangeKind::Message
        {
            terminal.record_shown(&live.message);
        }
    }

    /// Encodes a missed message. `shown` is the newest message that a terminal has shown; older ones are changes.
    pub(super) fn missed(&self, message: &Message, shown: Seq) -> Option<Bytes> {
        match self.mode {
            ProtocolMode::Json => Some(self.frame(&ServerEvent::encoded_message(message))),
            ProtocolMode::Text(_) if message.seq <= shown => {
                let change_kind = if message.deleted_at.is_some() {
                    ChangeKind::Deletion
                } else if message.edited_at.is_some() {
                    ChangeKind::Text
                } else {
                    ChangeKind::Other
                };
                line::render_change(message, change_kind).map(|line| self.lines(&line))
            }
            ProtocolMode::Text(options) if self.is_hidden(message, options) => None,
            ProtocolMode::Text(options) => {
                let line = self.terminal()?.missed_line(message, options.numbers);
                Some(self.lines(&line))
            }
        }
    }

    /// Encodes a message that a user asked to see, by the address or by a command.
    ///
    /// After a command the line contains the message's number, because other commands need it. A line separates
    /// messages of different days; there is none before the first message.
    pub(super) fn shown(
        &self,
        message: &Message,
        by_command: bool,
        is_first: bool,
    ) -> Option<Bytes> {
        let numbers = self.text_options()?.numbers || by_command;
        let line = self.terminal()?.history_line(message, numbers, is_first);
        Some(self.lines(&line))
    }

    /// Encodes presence changes.
    pub(super) fn presence(&self, presence: &LivePresence) -> Vec<Bytes> {
        if self.mode == ProtocolMode::Json {
            return vec![presence.json(self.deflate).clone()];
        }
        let diff = &presence.diff;
        let came = diff
            .online
            .iter()
            .filter(|who| who.id != self.user())
            .map(|who| who.username.as_str());
        let went = diff.offline.iter().map(|(who, _)| who.username.as_str());
        let mut lines = names(came, "online");
        lines.extend(names(went, "offline"));
        lines
    }

    /// Encodes that the user left a room.
    pub(super) fn room_left(&self, room: RoomId, name: &str, reason: LeaveReason) -> Bytes {
        if self.mode == ProtocolMode::Json {
            let left = ServerEvent::RoomLeft {
                room_id: room,
                reason,
            };
            return self.frame(&left.encode());
        }
        let room = if name.is_empty() {
            "this room".to_owned()
        } else {
            format!("#{name}")
        };
        self.frame(&match reason {
            LeaveReason::Left => format!("* you left {room}"),
            LeaveReason::Kicked => format!("* you were removed from {room}"),
            LeaveReason::Banned => format!("* you were banned from {room}"),
            LeaveReason::Deleted => format!("* {room} was deleted"),
        })
    }

    /// Encodes an event that only JSON connections receive.
    pub(super) fn json(&self, frame: &ServerEvent<'_>) -> Option<Bytes> {
        (self.mode == ProtocolMode::Json).then(|| self.frame(&frame.encode()))
    }

    /// Encodes the head up to which the client has everything.
    pub(super) fn synced(&self, room_id: RoomId, head: Head, epoch: &str) -> Option<Bytes> {
        self.json(&ServerEvent::Synced {
            room_id,
            head,
            epoch,
        })
    }

    /// Encodes that the client missed more than a socket sends.
    pub(super) fn behind_event(&self, room_id: RoomId, from_rev: Rev, head: Head) -> Option<Bytes> {
        self.json(&ServerEvent::Behind {
            room_id,
            from_rev,
            head,
        })
    }

    /// Encodes the refusal of a command.
    pub(super) fn refused(
        key: Option<String>,
        room_id: Option<RoomId>,
        error: &ChatError,
    ) -> String {
        let retry_after_ms = error.retry_after().map(millis);
        let (code, detail) = (error.code(), error.to_string());
        let frame = ErrorFrame {
            key,
            room_id,
            code,
            detail,
            retry_after_ms,
        };
        ServerEvent::Error(frame).encode()
    }

    /// Encodes that the server is shutting down.
    pub(super) fn bye(&self, bye: Bye) -> String {
        if self.mode == ProtocolMode::Json {
            return ServerEvent::Bye(bye).encode();
        }
        format!(
            "* the server is restarting; come back in {} s",
            bye.retry_in_ms.div_ceil(1000)
        )
    }

    /// Returns the last line for a user before the close. Programs read the close code instead.
    pub(super) fn closing_line(&self, reason: CloseReason) -> Option<String> {
        let quiet = matches!(
            reason,
            CloseReason::Normal
                | CloseReason::Draining
                | CloseReason::Removed
                | CloseReason::NoSuchRoom
        );
        let text = self.mode != ProtocolMode::Json && !quiet;
        text.then(|| format!("! {}", reason.description()))
    }

    fn is_hidden(&self, message: &Message, options: TextOptions) -> bool {
        !options.echo
            && message.author.id == self.user()
            && message
                .key
                .as_deref()
                .is_some_and(|key| key.starts_with(&self.line_key_prefix()))
    }
}

/// Returns the line for a terminal that tells which text was not sent, and why.
pub(super) fn not_sent(excerpt: &str, error: &ChatError) -> String {
    format!("! not sent: {} (“{excerpt}”)", error_text(error))
}

/// Returns the text of a refusal for a user.
pub(super) fn error_text(error: &ChatError) -> String {
    match error.retry_after().map(millis) {
        Some(wait) => format!("{error}, retry in {} s", wait.div_ceil(1000)),
        None => error.to_string(),
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

fn names<'n>(names: impl Iterator<Item = &'n str>, status: &str) -> Vec<Bytes> {
    let mut lines = Vec::new();
    let mut more = 0_usize;
    for name in names {
        if lines.len() < NAMES {
            lines.push(ws_frame::text(&format!("* {name} is {status}")));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        lines.push(ws_frame::text(&format!("* and {more} more are {status}")));
    }
    lines
}
