//! What can be wrong with settings, in words for the person who wrote them.

use std::path::PathBuf;

/// Settings that cannot be used. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named by `--config` cannot be read.
    #[error("cannot read the settings file {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {detail}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
    /// No setting has that name.
    #[error("unknown setting {key} in {place}{}", suggestion(nearest.as_deref()))]
    Unknown {
        /// The name as it was written.
        key: String,
        /// Where it was written.
        place: String,
        /// The known name most like it.
        nearest: Option<String>,
    },
    /// A setting has a value it cannot take.
    #[error("{key} in {place}: {detail}")]
    Value {
        /// The setting.
        key: String,
        /// Where it was written.
        place: String,
        /// What is wrong.
        detail: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}
