//! Why a use case refused.

use std::{fmt, time::Duration};

use crate::{
    auth::{password::PasswordError, throttle::TooFast, token::TokenError},
    domain::{Invalid, Permission, PostingRestriction, TokenScope},
    store::StoreError,
};

/// A writer that is behind is worth another try after this long.
const OVERLOADED_RETRY: Duration = Duration::from_millis(500);
/// A disk that fails seldom recovers sooner.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(5);

/// Right that a personal token lacks for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingRight {
    /// A scope.
    Scope(TokenScope),
    /// No token may do it, only a login by password.
    Login,
    /// Only a token that is not limited to some rooms may do it.
    AllRooms,
}

impl fmt::Display for MissingRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => {
                let scope = scope.as_str();
                write!(
                    f,
                    "this token lacks the scope {scope}; use a token with the scope {scope}"
                )
            }
            Self::Login => f.write_str("no personal token may do this; sign in with your password"),
            Self::AllRooms => f.write_str(
                "this token is limited to some rooms; use a token without a list of rooms",
            ),
        }
    }
}

/// A refusal. HTTP and sockets share [`ChatError::code`].
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// A value breaks its rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No token, or none that is good.
    #[error("sign in first")]
    Unauthorized,
    /// Wrong name or password; which of them is not told.
    #[error("wrong username or password")]
    BadCredentials,
    /// An admin has disabled the account.
    #[error("this account is disabled; ask whoever runs this server")]
    Disabled,
    /// There is no such thing, or not for the caller.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The code admits to nothing: unknown, expired, spent or revoked.
    #[error("this code does not admit to any room")]
    BadCode,
    /// The caller came by a token that may only read.
    #[error("this token may only read")]
    ReadOnly,
    /// The caller came by a token that does not include this.
    #[error("{0}")]
    OutOfScope(MissingRight),
    /// The caller's role does not allow it.
    #[error("you may not {}", .0.verb())]
    Forbidden(Permission),
    /// The caller may not write in that room just now.
    #[error(transparent)]
    Restrained(#[from] PostingRestriction),
    /// An account needs a code here.
    #[error("this server takes new accounts by invitation only: give the code of a room")]
    RegistrationInvite,
    /// There are no new accounts here.
    #[error("this server takes no new accounts")]
    RegistrationClosed,
    /// Somebody has that name.
    #[error("the username is taken")]
    UsernameTaken,
    /// The key was used before, with another message or command.
    #[error(
        "this key was used before with other content; use a new key for each message and each change"
    )]
    KeyConflict,
    /// The client knows the numbers of another history: it states another epoch, or a number ahead of the head.
    #[error(
        "the history on this server is not the one you know: a backup was restored; forget its numbers and load \
         everything again"
    )]
    EpochChanged,
    /// A room keeps at least one owner.
    #[error("the last owner must make somebody else owner first, or delete the room")]
    LastOwner,
    /// The same of rooms that have others in them; it names them.
    #[error(
        "you are the last owner of {0}: make somebody else owner there first, or delete what nobody needs"
    )]
    LastOwnerOf(String),
    /// A server keeps at least one admin.
    #[error("the last admin must make somebody else admin first")]
    LastAdmin,
    /// The caller is in as many rooms as one can be.
    #[error("you are in as many rooms as one can be; leave one first")]
    TooManyRooms,
    /// The room has as many invites as one can have.
    #[error("the room has as many invites as one can have; revoke one first")]
    TooManyInvites,
    /// The access code is replaced, not revoked: a room is never without one.
    #[error("this is the room's access code, which is replaced and not revoked")]
    StandingInvite,
    /// The caller has as many connections as one may have.
    #[error("you have as many connections as one may have")]
    TooManyConnections,
    /// Somebody does not want to hear of the caller.
    #[error("you cannot write to this person")]
    Blocked,
    /// The time for it is over.
    #[error("it is too late to edit this message")]
    TooLate,
    /// There are as many as there may be.
    #[error("{0}")]
    TooMany(&'static str),
    /// A file has more bytes than one may.
    #[error("a file may have at most {0} bytes")]
    TooLarge(u64),
    /// A quota is used up, or the disk is full; nothing is stored.
    #[error("{0}; nothing was stored")]
    NoRoom(&'static str),
    /// What should be a picture is none, or none that can be drawn here.
    #[error("a picture is a PNG, JPEG, GIF or WebP that can be decoded, and is the whole body")]
    NoPicture,
    /// As many files come in from the caller as may.
    #[error("you bring as many files at once as one may")]
    TooManyUploads,
    /// What should have come did not all come.
    #[error("the file did not arrive whole; nothing was stored")]
    Incomplete,
    /// Nothing of it came for too long.
    #[error("nothing of the file came for too long; nothing was stored")]
    Stalled,
    /// Too often.
    #[error("slow down")]
    RateLimited(Duration),
    /// The database cannot keep up just now.
    #[error("the server is overloaded; nothing was stored")]
    Overloaded,
    /// The server is going away.
    #[error("the server is restarting; nothing was stored")]
    Draining,
    /// The disk is full or fails. What the database said is for the log.
    #[error("the server cannot use its disk just now")]
    Unavailable(String),
    /// Something failed that is not the caller's fault.
    #[error("something failed here")]
    Internal(String),
}

impl ChatError {
    /// A stable name for the reason, the same over HTTP and over a socket.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Unauthorized => "unauthorized",
            Self::BadCredentials => "bad_credentials",
            Self::Disabled => "disabled",
            Self::NotFound(_) => "not_found",
            Self::BadCode => "bad_code",
            Self::ReadOnly => "read_only",
            Self::OutOfScope(_) => "out_of_scope",
            Self::Forbidden(_) => "forbidden",
            Self::Restrained(restraint) => restraint.code(),
            Self::RegistrationInvite => "registration_invite",
            Self::RegistrationClosed => "registration_closed",
            Self::UsernameTaken => "username_taken",
            Self::KeyConflict => "key_conflict",
            Self::EpochChanged => "epoch_changed",
            Self::LastOwner | Self::LastOwnerOf(_) => "last_owner",
            Self::LastAdmin => "last_admin",
            Self::TooManyRooms => "too_many_rooms",
            Self::TooManyInvites => "too_many_invites",
            Self::StandingInvite => "standing_invite",
            Self::TooManyConnections => "too_many_connections",
            Self::Blocked => "blocked",
            Self::TooLate => "too_late",
            Self::TooMany(_) => "too_many",
            Self::TooLarge(_) => "too_large",
            Self::NoRoom(_) => "no_room",
            Self::NoPicture => "unsupported_media_type",
            Self::TooManyUploads => "too_many_uploads",
            Self::Incomplete => "malformed",
            Self::Stalled => "timeout",
            Self::RateLimited(_) => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Draining => "draining",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// When to try again, if that helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(wait) => Some(*wait),
            Self::Restrained(restraint) => restraint.retry_after(),
            Self::Overloaded | Self::Draining => Some(OVERLOADED_RETRY),
            Self::Unavailable(_) => Some(UNAVAILABLE_RETRY),
            Self::TooManyUploads => Some(Duration::from_secs(1)),
            Self::TooManyConnections => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}

impl From<StoreError> for ChatError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded | StoreError::Unavailable => Self::Overloaded,
            StoreError::Closed => Self::Draining,
            StoreError::Disk(_) | StoreError::Gone => Self::Unavailable(error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<PasswordError> for ChatError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Overloaded,
            PasswordError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}

impl From<TokenError> for ChatError {
    fn from(_: TokenError) -> Self {
        Self::Unauthorized
    }
}

impl From<TooFast> for ChatError {
    fn from(TooFast(wait): TooFast) -> Self {
        Self::RateLimited(wait)
    }
}

impl From<getrandom::Error> for ChatError {
    fn from(error: getrandom::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
