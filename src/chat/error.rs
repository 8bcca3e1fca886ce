//! Why a use case refused a request.

use std::{fmt, time::Duration};

use crate::{
    auth::{password::PasswordError, throttle::TooFast, token::TokenError},
    domain::{Invalid, Permission, PostingRestriction, TokenScope},
    store::StoreError,
};

/// Delay before a retry if the writer has a backlog.
const OVERLOADED_RETRY: Duration = Duration::from_millis(500);
/// Delay before a retry if the disk fails, which seldom recovers sooner.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(5);

/// Right that a personal token lacks for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingRight {
    /// The scope.
    Scope(TokenScope),
    /// A login by password. No token may make the call.
    Login,
    /// Access to all rooms. A token that is limited to some rooms may not make the call.
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

/// A refusal. HTTP and sockets share its [`ChatError::code`].
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// A value is not valid.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no token, or it is not valid.
    #[error("sign in first")]
    Unauthorized,
    /// The name or the password is wrong. The answer does not tell which.
    #[error("wrong username or password")]
    BadCredentials,
    /// An admin has disabled the account.
    #[error("this account is disabled; ask an admin of this server")]
    Disabled,
    /// The object does not exist, or the caller may not see it.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The code is unknown, expired, used up or revoked.
    #[error("this code is invalid, expired, revoked or used up")]
    BadCode,
    /// The caller's token may only read.
    #[error("this token may only read")]
    ReadOnly,
    /// The caller's token lacks a right.
    #[error("{0}")]
    OutOfScope(MissingRight),
    /// The caller's role does not allow it.
    #[error("you may not {}", .0.verb())]
    Forbidden(Permission),
    /// The caller may not post in the room at present.
    #[error(transparent)]
    Restrained(#[from] PostingRestriction),
    /// A new account needs a code.
    #[error("this server takes new accounts by invitation only: give the code of a room")]
    RegistrationInvite,
    /// The server takes no new accounts.
    #[error("this server takes no new accounts")]
    RegistrationClosed,
    /// Another account has the name.
    #[error("the username is taken")]
    UsernameTaken,
    /// The idempotency key was used before with other content.
    #[error(
        "this key was used before with other content; use a new key for each message and each change"
    )]
    KeyConflict,
    /// The client knows another history: it states another epoch, or a number ahead of the head.
    #[error(
        "the history on this server is not the one you know: a backup was restored; forget its numbers and load \
         everything again"
    )]
    EpochChanged,
    /// The room would be left without an owner.
    #[error("the last owner must make somebody else owner first, or delete the room")]
    LastOwner,
    /// These rooms with other members would be left without an owner.
    #[error(
        "you are the last owner of {0}: make somebody else owner there first, or delete the rooms"
    )]
    LastOwnerOf(String),
    /// The server would be left without an admin.
    #[error("the last admin must make somebody else admin first")]
    LastAdmin,
    /// The caller is in the maximum number of rooms.
    #[error("you are in the maximum number of rooms; leave one first")]
    TooManyRooms,
    /// The room has the maximum number of invites.
    #[error("the room has the maximum number of invites; revoke one first")]
    TooManyInvites,
    /// The access code cannot be revoked, only replaced, because a room always has one.
    #[error("the room's access code cannot be revoked; replace it")]
    StandingInvite,
    /// The caller has the maximum number of connections.
    #[error("you have the maximum number of connections; close one first")]
    TooManyConnections,
    /// The other user has blocked the caller.
    #[error("you cannot write to this person")]
    Blocked,
    /// The time in which the message can be edited is over.
    #[error("it is too late to edit this message")]
    TooLate,
    /// A maximum is reached. The text names it.
    #[error("{0}")]
    TooMany(&'static str),
    /// The file is larger than the limit, in bytes.
    #[error("a file may have at most {0} bytes")]
    TooLarge(u64),
    /// A quota is used up, or the disk is full. Nothing is stored.
    #[error("{0}; nothing was stored")]
    NoRoom(&'static str),
    /// The body is not a picture that can be decoded.
    #[error("the body must be a PNG, JPEG, GIF or WebP picture that can be decoded")]
    NoPicture,
    /// The caller has the maximum number of uploads in progress.
    #[error("you have too many uploads in progress; wait until one ends")]
    TooManyUploads,
    /// The upload ended before all of the file arrived.
    #[error("the file did not arrive completely; nothing was stored")]
    Incomplete,
    /// The upload made no progress for too long.
    #[error("the upload made no progress for too long; nothing was stored")]
    Stalled,
    /// The caller exceeded a rate limit and can retry after this time.
    #[error("slow down")]
    RateLimited(Duration),
    /// The database has a backlog.
    #[error("the server is overloaded; nothing was stored")]
    Overloaded,
    /// The server is shutting down.
    #[error("the server is restarting; nothing was stored")]
    Draining,
    /// The disk is full or fails. The database's own message goes to the log only.
    #[error("the server cannot use its disk just now")]
    Unavailable(String),
    /// An internal error. The message goes to the log only.
    #[error("something failed here")]
    Internal(String),
}

impl ChatError {
    /// Returns the stable code of the reason, which HTTP and sockets share.
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

    /// Returns the delay before a retry, if a retry can succeed.
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
