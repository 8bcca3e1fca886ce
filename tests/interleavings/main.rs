//! Runs the cache of pages and the fan-out under loom, which tries every interleaving of a few threads.
//!
//! The code under test is that of the server: its files are included here with loom's primitives as `crate::sync`.
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not what they call for help"
)]

mod sync {
    pub(crate) use loom::sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    };
}

#[path = "../../src/store/sqlite/cache/epoch_cache.rs"]
mod epoch_cache;
#[path = "../../src/hub/room_channels.rs"]
mod room_channels;
#[path = "../../src/hub/shard.rs"]
mod shard;

mod cache;
mod channels;
mod shards;

/// Runs `test` with every interleaving of up to three preemptions. Without the bound, three threads take hours.
fn model(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(test);
}
