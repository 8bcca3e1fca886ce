//! Who may make an account.

use serde::{Deserialize, Serialize};

/// Who may make an account. The very first one of a server is always let in, for nobody else could
/// let it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    Open,
    /// Who has a code that admits to a room: its access code or another invite.
    Invite,
    /// Nobody.
    Closed,
}

impl Registration {
    /// Whether somebody may make an account, with a code or without. Whether the code is good is
    /// another question.
    #[must_use]
    pub fn admits(self, with_code: bool) -> bool {
        match self {
            Self::Open => true,
            Self::Invite => with_code,
            Self::Closed => false,
        }
    }
}
