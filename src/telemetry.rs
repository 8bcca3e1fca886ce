//! Logging. One line at a boundary, dotted fields with units; never a body, a token or a query.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{ConfigError, Log, LogFormat};

/// Sends log lines to standard error for the rest of the process.
///
/// # Errors
/// [`ConfigError::Value`] if `log.level` is no filter.
pub fn init(log: &Log) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| ConfigError::Value {
        key: "log.level".into(),
        place: "the settings".into(),
        detail: error.to_string(),
    })?;
    let lines = match log.format {
        LogFormat::Text => fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => fmt::layer()
            .with_writer(std::io::stderr)
            .json()
            .flatten_event(true)
            .boxed(),
    };
    // A process that already has a subscriber keeps it: tests start many servers in one.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    Ok(())
}
