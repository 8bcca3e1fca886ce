//! Primitives of the code whose interleavings are tested. Here they are those of std; `tests/interleavings` includes the
//! same code with those of loom.

pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};
