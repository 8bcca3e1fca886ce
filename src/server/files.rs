//! Limit on open files, which also limits connections.

use rustix::process::{Resource, getrlimit};

use crate::http::listen::REFUSALS;

/// Open files besides connections and the database: the lock, the log, the runtime's poller and files that libraries
/// open for a short time.
const SPARE: usize = 64;

/// Maximum connections if `limits.connections` is 0.
const DEFAULT: usize = 20_000;

/// Returns the maximum number of connections, so that clients never use up the open files that the database needs.
///
/// `setting` is `limits.connections`; at 0, the limit on open files decides. Further clients wait in the system's
/// accept queue.
pub(super) fn connection_limit(setting: usize, of_store: usize) -> usize {
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
