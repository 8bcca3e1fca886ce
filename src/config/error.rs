//! Errors in settings, worded for the person who wrote the settings.

use std::path::PathBuf;

/// Why the settings cannot be used. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `--config` cannot be read.
    #[error("cannot read the settings file {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {detail}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line and the reason.
        detail: String,
    },
    /// No setting has that name.
    #[error("unknown setting {key} in {place}{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// The name as it was written.
        key: String,
        /// Where it was written.
        place: String,
        /// The most similar known name.
        nearest: Option<String>,
    },
    /// A setting has a value that is not allowed.
    #[error("{key} in {place}: {detail}")]
    Value {
        /// The setting.
        key: String,
        /// Where it was written.
        place: String,
        /// The reason.
        detail: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}
