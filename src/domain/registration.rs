//! Rule for the creation of accounts.

use serde::{Deserialize, Serialize};

/// Rule for the creation of accounts.
///
/// The first account of a server is always allowed, because no user exists yet who could permit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Any visitor can create an account.
    Open,
    /// Visitors with a valid code for a room can create an account: an access code or another invite.
    Invite,
    /// No visitor can create an account.
    Closed,
}

impl Registration {
    /// Returns whether a visitor may create an account. Does not check that the code is valid.
    #[must_use]
    pub fn admits(self, with_code: bool) -> bool {
        match self {
            Self::Open => true,
            Self::Invite => with_code,
            Self::Closed => false,
        }
    }
}
