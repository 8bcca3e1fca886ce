//! Password hashing, tokens and rate limits. This module does not access the store.

mod hs256;
pub mod password;
pub mod secret;
pub mod throttle;
pub mod token;

pub use password::Passwords;
pub use secret::SigningSecret;
pub use throttle::Throttle;
pub use token::{Access, Refresh, Tokens};
