//! Why the server ends a WebSocket.

/// A close code with the words that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client asked for it.
    Normal,
    /// A frame broke the WebSocket protocol.
    ProtocolError,
    /// A kind of frame this endpoint does not take.
    Unsupported,
    /// A text frame was not UTF-8.
    NotUtf8,
    /// A message that came compressed cannot be read.
    Garbled,
    /// A frame or message was larger than `limits.frame_bytes`.
    TooBig,
    /// Something failed here that is not the client's fault.
    Internal,
    /// The server is going away; come back after the time that `bye` named.
    Draining,
    /// The login was ended: signed out, revoked, or the password was changed.
    SessionEnded,
    /// The user is no longer in the room that this socket was opened for.
    Removed,
    /// The room that this socket was opened for is gone.
    NoSuchRoom,
    /// The client could not keep up.
    TooSlow,
    /// Nothing was heard of the client for `timing.silence_ms`, not even a pong.
    Silent,
    /// The database cannot keep up just now; come back in a moment.
    Busy,
    /// The client sent too many commands that were refused.
    TooFast,
}

impl CloseReason {
    /// The code on the wire.
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

    /// The words on the wire, and in line mode before the close.
    #[must_use]
    pub fn words(self) -> &'static str {
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
