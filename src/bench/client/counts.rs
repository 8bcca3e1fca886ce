//! Counters of received frames.

use std::collections::VecDeque;

/// Counters of received frames.
#[derive(Default)]
pub(in crate::bench) struct Counts {
    pub(in crate::bench) deliveries: u64,
    /// Number of successful reads.
    pub(in crate::bench) reads: u64,
    pub(in crate::bench) ready: usize,
    pub(in crate::bench) synced: usize,
    /// Sockets whose commands were acked, in order.
    pub(in crate::bench) acks: VecDeque<usize>,
    /// Sockets whose command was refused as `overloaded`.
    pub(in crate::bench) refused: VecDeque<usize>,
    pub(in crate::bench) presence_bytes: u64,
    pub(in crate::bench) presence_frames: u64,
    /// Bytes of presence and system messages.
    pub(in crate::bench) system_bytes: u64,
}
