//! Open files: every connection is one, and the system counts them.

use rustix::process::{Resource, getrlimit};

use crate::http::listen::REFUSALS;

/// What is open besides connections and the database: the lock, the log, what the runtime polls
/// with, and whatever a library may open for a moment.
const SPARE: usize = 64;

/// How many of `wanted` connections there can be, so that the database never lacks a file that a
/// client has taken. The places are fewer; clients beyond them wait in the system's own queue.
pub(super) fn places(wanted: usize, of_store: usize) -> usize {
    let Some(limit) = getrlimit(Resource::Nofile).current else {
        return wanted;
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let most = limit.saturating_sub(SPARE + REFUSALS + of_store).max(1);
    if wanted > most {
        tracing::warn!(
            open_files = limit,
            wanted,
            connections = most,
            "fewer connections than limits.connections: raise the limit on open files"
        );
    }
    wanted.min(most)
}
