//! Members of a fan-out task: who has joined, and when the task may end.

use std::sync::PoisonError;

use crate::sync::{Mutex, MutexGuard};

/// Listeners of one fan-out task.
///
/// The task ends when the last listener has left. From then on the shard is closed, and a joining listener needs another
/// one.
pub(crate) struct Shard<L> {
    state: Mutex<ShardState<L>>,
    capacity: usize,
}

struct ShardState<L> {
    /// Listeners that the task has not taken over yet.
    joined: Vec<L>,
    count: usize,
    /// The task is ending or has ended.
    closed: bool,
}

impl<L> Shard<L> {
    /// Creates a shard with its first listener.
    pub(crate) fn new(first: L, capacity: usize) -> Self {
        Self {
            state: Mutex::new(ShardState {
                joined: vec![first],
                count: 1,
                closed: false,
            }),
            capacity,
        }
    }

    /// Adds a listener. Returns `false` if the shard is full or closed.
    pub(crate) fn join(&self, listener: impl FnOnce() -> L) -> bool {
        let mut state = self.lock();
        if state.closed || state.count >= self.capacity {
            return false;
        }
        state.count += 1;
        state.joined.push(listener());
        true
    }

    /// Counts a listener as gone. The last one closes the shard.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.count -= 1;
        state.closed |= state.count == 0;
    }

    /// Moves the listeners that joined since the last call to those of the task.
    pub(crate) fn admit_joined(&self, listeners: &mut Vec<L>) {
        listeners.append(&mut self.lock().joined);
    }

    /// Closes the shard, because its task ends.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Returns whether the shard is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, ShardState<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
