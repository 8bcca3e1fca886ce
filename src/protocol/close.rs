//! Reasons for which the server closes a WebSocket.

/// A close code with its reason phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client closed the connection.
    Normal,
    /// A frame violated the WebSocket protocol.
    ProtocolError,
    /// The endpoint does not accept this type of frame.
    Unsupported,
    /// A text frame was not valid UTF-8.
    NotUtf8,
    /// A compressed message could not be decompressed.
    Garbled,
    /// A frame or message was larger than `limits.frame_bytes`.
    TooBig,
    /// An internal error occurred.
    Internal,
    /// The server is shutting down. The client should reconnect after the time that `bye` names.
    Draining,
    /// The login ended: sign-out, revocation or a new password.
    SessionEnded,
    /// The user is no longer in the room that this socket was opened for.
    Removed,
    /// The room that this socket was opened for does not exist any more.
    NoSuchRoom,
    /// The client did not read fast enough.
    TooSlow,
    /// The client sent nothing for `timing.silence_ms`, not even a pong.
    Silent,
    /// The database is overloaded. The client should reconnect in a moment.
    Busy,
    /// The client sent too many commands that were refused.
    TooFast,
}

impl CloseReason {
    /// Returns the close code on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::ProtocolError => 1002,
            Self::Unsupported => 1003,
            Self::NotUtf8 | Self::Garbled => 1007,
            Self::TooBig => 1009,
            Self::Internal => 1011,
            Self::Draining => 1012,
            Self::Busy => 1013,
            Self::SessionEnded => 4401,
            Self::Removed => 4403,
            Self::NoSuchRoom => 4404,
            Self::TooSlow | Self::Silent => 4408,
            Self::TooFast => 4429,
        }
    }

    /// Returns the reason phrase. Line mode also prints it before the close.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Normal => "goodbye",
            Self::ProtocolError => "that frame breaks the WebSocket protocol",
            Self::Unsupported => "only text frames are understood here",
            Self::NotUtf8 => "that text is not UTF-8",
            Self::Garbled => "that message does not decompress",
            Self::TooBig => "that frame is too big",
            Self::Internal => "something failed here; try again",
            Self::Draining => "the server is restarting; come back in a moment",
            Self::SessionEnded => "your session has ended; sign in again",
            Self::Removed => "you are no longer in this room",
            Self::NoSuchRoom => "this room is gone",
            Self::TooSlow => "you are too slow to keep up; connect again",
            Self::Silent => "nothing was heard of you for too long; connect again",
            Self::Busy => "the server is overloaded; come back in a moment",
            Self::TooFast => "you are too fast; slow down",
        }
    }
}
