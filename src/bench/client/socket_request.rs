//! Requests for sockets.

#[cfg(doc)]
use super::ClientPool;

/// A socket to open.
pub(in crate::bench) struct SocketRequest<'a> {
    /// Room of the socket; 0 for all rooms of the user.
    pub(in crate::bench) room: i64,
    pub(in crate::bench) token: &'a str,
    /// Number of the first message that it must receive, or [`ClientPool::FIRST_RECEIVED`].
    pub(in crate::bench) next: u64,
    /// Command to send once the socket is ready.
    pub(in crate::bench) asks: Option<String>,
}

impl<'a> SocketRequest<'a> {
    /// Requests a socket that receives messages from now on.
    pub(in crate::bench) fn at(room: i64, token: &'a str) -> Self {
        Self {
            room,
            token,
            next: 0,
            asks: None,
        }
    }
}
