//! Other servers, for comparison. None is part of the program; the caller provides them.

use std::{io, net::SocketAddr, path::Path};

use super::{client::PeerProtocol, interrupt};

/// Another server.
pub trait Peer {
    /// Returns its name in the table.
    fn name(&self) -> &str;

    /// Protocol of the server. Every requested room must exist and admit every client.
    fn dialect(&self) -> PeerProtocol;

    /// Returns whether a message is on disk before the server acks and publishes it. Durable peers take part in the
    /// rows about storing messages.
    fn is_durable(&self) -> bool;

    /// Returns whether the peer takes part in the rows about publishing messages to many.
    fn publishes(&self) -> bool {
        !self.is_durable()
    }

    /// Starts the server on loopback with its data in `folder`.
    ///
    /// # Errors
    /// The reason why the peer is not available. The row then leaves it out.
    fn start(&self, folder: &Path) -> io::Result<Box<dyn RunningPeer>>;
}

/// A running peer. Dropping it ends the server.
pub trait RunningPeer {
    /// Returns the address.
    fn address(&self) -> SocketAddr;

    /// Returns the id of the measured process.
    fn process(&self) -> u32;
}

/// Starts a peer on the server's core.
pub(super) fn start(peer: &dyn Peer, folder: &Path) -> io::Result<Box<dyn RunningPeer>> {
    interrupt::start(|| peer.start(folder))
}
