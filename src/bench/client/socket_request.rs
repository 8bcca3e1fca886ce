//! Requests for sockets.

#[cfg(doc)]
use super::ClientPool;

/// A socket to open.
pub(in crate::bench) struct SocketRequest<'a> {
    /// Its room; 0 for all of the user's.
    pub(in crate::bench) room: i64,
    pub(in crate::bench) token: &'a str,
    /// The number of the message that it must hear first, or [`ClientPool::FIRST_HEARD`].
    pub(in crate::bench) next: u64,
    /// Command to send once the socket is ready.
    pub(in crate::bench) asks: Option<String>,
}

impl<'a> SocketRequest<'a> {
    /// A socket that hears whatever is said from then on.
    pub(in crate::bench) fn at(room: i64, token: &'a str) -> Self {
        Self {
            room,
            token,
            next: 0,
            asks: None,
        }
    }
}
