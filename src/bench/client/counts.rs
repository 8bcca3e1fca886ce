//! Counters of received frames.

use std::collections::VecDeque;

/// Counters of received frames.
#[derive(Default)]
pub(in crate::bench) struct Counts {
    pub(in crate::bench) deliveries: u64,
    /// Times that something was read from a socket.
    pub(in crate::bench) reads: u64,
    pub(in crate::bench) ready: usize,
    pub(in crate::bench) synced: usize,
    /// Sockets whose commands were acked, in that order.
    pub(in crate::bench) acks: VecDeque<usize>,
    /// Sockets whose command the server refused as overloaded.
    pub(in crate::bench) refused: VecDeque<usize>,
    pub(in crate::bench) presence_bytes: u64,
    pub(in crate::bench) presence_frames: u64,
    /// Bytes of what rooms say of themselves: who came in, who left.
    pub(in crate::bench) system_bytes: u64,
}
