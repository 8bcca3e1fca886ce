//! Open files: every connection is one, and the system counts them.

use rustix::process::{Resource, getrlimit};

use crate::http::listen::REFUSALS;

/// What is open besides connections and the database: the lock, the log, what the runtime polls
/// with, and whatever a library may open for a moment.
const SPARE: usize = 64;

/// Connections where no number is set, if the limit on open files allows them.
const DEFAULT: usize = 20_000;

/// Returns how many connections there can be, so that the database never lacks a file that a client
/// has taken. `setting` is `limits.connections`; at 0 the limit on open files decides. Clients beyond
/// them wait in the system's own queue.
pub(super) fn places(setting: usize, of_store: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let open_files = limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    let possible = open_files
        .saturating_sub(SPARE + REFUSALS + of_store)
        .max(1);
    if setting == 0 {
        let connections = possible.min(DEFAULT);
        tracing::info!(
            open_files,
            connections,
            "limits.connections follows the limit on open files"
        );
        return connections;
    }
    if setting > possible {
        tracing::warn!(
            open_files,
            wanted = setting,
            connections = possible,
            "fewer connections than limits.connections: raise the limit on open files"
        );
    }
    setting.min(possible)
}
