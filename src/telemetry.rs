//! Logging. One line at each boundary, with dotted fields and units. A line never contains a body, a token or a query.

use std::io::IsTerminal;

use tracing_subscriber::{
    Layer,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Installs a logger that writes lines to standard error for the rest of the process, as text or as JSON objects.
///
/// # Errors
/// [`ParseError`] if `level` is not a valid filter.
pub fn init(level: &str, json: bool) -> Result<(), ParseError> {
    let filter: Targets = level.parse()?;
    let lines = if json {
        fmt::layer()
            .with_writer(std::io::stderr)
            .json()
            .flatten_event(true)
            .boxed()
    } else {
        fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .boxed()
    };
    // A process that has a subscriber keeps it, because tests start several servers in one process.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    Ok(())
}
