//! Logging. One line at a boundary, dotted fields with units; never a body, a token or a query.

use std::io::IsTerminal;

use tracing_subscriber::{
    Layer,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Sends log lines to standard error for the rest of the process: for people, or as one JSON
/// object a line.
///
/// # Errors
/// [`ParseError`] if `level` is no filter.
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
    // A process that already has a subscriber keeps it: tests start many servers in one.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    Ok(())
}
