//! Logins: listed, and ended one by one.

use super::{SessionId, Timestamp};

/// Where a login came from, for its owner to recognise.
#[derive(Clone, Debug)]
pub struct SessionOrigin {
    /// What the client calls itself; at most 200 characters.
    pub user_agent: String,
    /// The address it came from.
    pub address: String,
}

/// One login.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// Where it came from.
    pub origin: SessionOrigin,
}
