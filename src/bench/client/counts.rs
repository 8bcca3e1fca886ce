//! What is counted of what a crowd hears.

use std::collections::VecDeque;

/// What a crowd has heard.
#[derive(Default)]
pub(in crate::bench) struct Counts {
    pub(in crate::bench) deliveries: u64,
    /// Times that something was read from a socket.
    pub(in crate::bench) reads: u64,
    pub(in crate::bench) ready: usize,
    pub(in crate::bench) synced: usize,
    /// Whose commands were acked, in that order.
    pub(in crate::bench) acks: VecDeque<usize>,
    /// Whose question the server had no time for, and wants to be asked again.
    pub(in crate::bench) refused: VecDeque<usize>,
    pub(in crate::bench) presence_bytes: u64,
    pub(in crate::bench) presence_frames: u64,
    /// Bytes of what rooms say of themselves: who came in, who left.
    pub(in crate::bench) system_bytes: u64,
}
