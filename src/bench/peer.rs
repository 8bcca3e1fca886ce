//! Servers of others, for comparison. None is part of the product: whoever measures brings them along.

use std::{io, net::SocketAddr, path::Path};

use super::{client::Dialect, interrupt};

/// A server that is not ours.
pub trait Peer {
    /// What the table calls it.
    fn name(&self) -> &str;

    /// How it is spoken to. Whatever room is asked for must be there, and anybody let in.
    fn dialect(&self) -> Dialect;

    /// Whether a message is on disk before its sender is told that it is said. Those that store nothing
    /// take part where messages are handed out, those that do where they are stored.
    fn is_durable(&self) -> bool;

    /// Starts it on loopback, with its data in `folder`.
    ///
    /// # Errors
    /// Why it cannot be had; the row then does without.
    fn start(&self, folder: &Path) -> io::Result<Box<dyn RunningPeer>>;
}

/// One that runs. Dropping it ends it.
pub trait RunningPeer {
    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// The process whose processor time and memory count.
    fn process(&self) -> u32;
}

/// Starts a peer on the server's core.
pub(super) fn start(peer: &dyn Peer, folder: &Path) -> io::Result<Box<dyn RunningPeer>> {
    interrupt::start(|| peer.start(folder))
}
