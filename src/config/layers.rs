//! Settings from defaults, file, environment and command line. Later layers override earlier ones.

use std::{
    ffi::OsString,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{
    Config, ConfigError, EXAMPLE,
    environment::{IgnoredVariable, closest, variable_of},
    values::{self, parse, slot},
};
use crate::domain::decode;

/// Maximum of `limits.file_bytes`. A larger value is a mistake.
const MAX_FILE_BYTES: u64 = 1 << 40;
/// Maximum of a queue's length. A larger value is a mistake.
const MAX_QUEUED: usize = 1_000_000;
/// Bounds of a rate and of its burst. A throttle can still measure the interval of a microsecond; a higher rate is
/// not a limit in practice.
const RATES: RangeInclusive<u32> = 1..=1_000_000;
/// Bounds of `limits.deflate_bytes`. Messages below the lower bound do not shrink. With a higher value, hardly any
/// message would be compressed.
const DEFLATED: RangeInclusive<usize> = 64..=65_535;
const NO_ORIGIN: &str = "must be like https://chat.example.org, without a path";

/// Settings file that is read if none is named and it exists.
const DEFAULT_FILE: &str = "parlor.toml";

/// Sources of settings, in ascending order of precedence.
#[derive(Debug, Default)]
pub struct Layers {
    /// Settings file to read.
    pub file: Option<PathBuf>,
    /// Whether to read `parlor.toml` if `file` is `None` and it exists.
    pub look_for_file: bool,
    /// Environment variables. Only names that begin with `PARLOR_` are considered.
    pub environment: Vec<(OsString, OsString)>,
    /// Names and values of settings from the command line.
    pub command_line: Vec<(String, String)>,
}

/// Settings and their sources.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// File that was read.
    pub file: Option<PathBuf>,
    /// Environment variables that look like settings but are none.
    pub ignored: Vec<IgnoredVariable>,
}

/// Merges the layers and checks the result.
///
/// # Errors
/// [`ConfigError`] for the first name or value that cannot be used.
pub fn load(layers: Layers) -> Result<Loaded, ConfigError> {
    let mut table: Table = parse(EXAMPLE, Path::new("parlor.example.toml"))?;
    let known = names(&table);

    let file = layers.file.or_else(|| {
        let present = layers.look_for_file && Path::new(DEFAULT_FILE).exists();
        present.then(|| PathBuf::from(DEFAULT_FILE))
    });
    if let Some(path) = &file {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.clone(),
            error,
        })?;
        let place = path.display().to_string();
        for (key, value) in flatten(&parse(&text, path)?) {
            set(&mut table, &known, &key, value, &place, &key)?;
        }
    }
    let mut ignored = Vec::new();
    for (variable, value) in layers.environment {
        let variable = variable.to_string_lossy();
        let Some(rest) = variable.strip_prefix("PARLOR_") else {
            continue;
        };
        // PARLOR_CONFIG names the settings file and is not itself a setting.
        if rest == "CONFIG" {
            continue;
        }
        let Some(key) = known.iter().find(|key| variable_of(key) == variable) else {
            let value = value.to_string_lossy();
            ignored.push(IgnoredVariable::new(rest, &value, &known));
            continue;
        };
        let Ok(text) = value.into_string() else {
            return Err(ConfigError::Value {
                key: variable.into_owned(),
                place: "the environment".into(),
                detail: "is not UTF-8".into(),
            });
        };
        set_text(&mut table, &known, key, &text, "the environment", &variable)?;
    }
    for (key, text) in layers.command_line {
        set_text(&mut table, &known, &key, &text, "the command line", &key)?;
    }

    let config = Config::deserialize_from(table)?;
    Ok(Loaded {
        config,
        file,
        ignored,
    })
}

impl Config {
    fn deserialize_from(table: Table) -> Result<Self, ConfigError> {
        let config: Self = serde_path_to_error::deserialize(table).map_err(|error| {
            let key = error.path().to_string();
            let message = error.inner().message();
            let detail = match decode::rule(message) {
                Some(rule) => format!("{}{}", rule.text, values::example(&key)),
                None => message.to_owned(),
            };
            ConfigError::Value {
                key,
                place: "the settings".into(),
                detail,
            }
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.check_limits()?;
        self.check_timing()?;
        if self.auth.access_token_s == 0 || self.auth.refresh_token_days == 0 {
            return Err(value_error("auth", "a lifetime must be at least 1"));
        }
        if self.auth.refresh_token_days > 3650 || self.auth.access_token_s > 86_400 {
            let detail = "an access token lasts at most 86400 seconds, a login at most 3650 days";
            return Err(value_error("auth", detail));
        }
        if !self.public_url.is_empty() && !is_origin(&self.public_url) {
            return Err(value_error("public_url", NO_ORIGIN));
        }
        let mut origins = self.http.cors_origins.iter();
        if !origins.all(|origin| is_origin(origin)) {
            return Err(value_error("http.cors_origins", NO_ORIGIN));
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        let at_least_one = [
            ("limits.body_chars", limits.body_chars),
            (
                "limits.connections_per_address",
                limits.connections_per_address,
            ),
            ("limits.connections_per_user", limits.connections_per_user),
            ("limits.rooms_per_user", limits.rooms_per_user),
            ("limits.uploads_per_user", limits.uploads_per_user),
            ("limits.write_queue", limits.write_queue),
            ("limits.room_backlog", limits.room_backlog),
        ];
        if let Some((key, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
            return Err(value_error(key, "must be at least 1"));
        }
        let rates = [
            ("limits.send_burst", limits.send_burst),
            ("limits.send_per_s", limits.send_per_s),
            ("limits.requests_burst", limits.requests_burst),
            ("limits.requests_per_s", limits.requests_per_s),
            ("limits.attempts_burst", limits.attempts_burst),
            ("limits.attempts_per_min", limits.attempts_per_min),
        ];
        if let Some((key, _)) = rates.iter().find(|(_, value)| !RATES.contains(value)) {
            let detail = format!("must be {} to {}", RATES.start(), RATES.end());
            return Err(value_error(key, &detail));
        }
        if limits.request_bytes < 1024 || limits.frame_bytes < 1024 {
            return Err(value_error(
                "limits.request_bytes and limits.frame_bytes",
                "must be at least 1024",
            ));
        }
        if limits.deflate_bytes != 0 && !DEFLATED.contains(&limits.deflate_bytes) {
            let detail = format!("must be 0, or {} to {}", DEFLATED.start(), DEFLATED.end());
            return Err(value_error("limits.deflate_bytes", &detail));
        }
        if limits.file_bytes == 0 || limits.file_bytes > MAX_FILE_BYTES {
            let detail = format!("must be 1 to {MAX_FILE_BYTES}");
            return Err(value_error("limits.file_bytes", &detail));
        }
        if limits.write_queue > MAX_QUEUED || limits.room_backlog > MAX_QUEUED {
            let detail = "must be at most 1000000";
            return Err(value_error(
                "limits.write_queue and limits.room_backlog",
                detail,
            ));
        }
        Ok(())
    }

    fn check_timing(&self) -> Result<(), ConfigError> {
        let timing = &self.timing;
        for (key, value) in [
            ("timing.header_ms", timing.header_ms),
            ("timing.request_ms", timing.request_ms),
            ("timing.heartbeat_ms", timing.heartbeat_ms),
            ("timing.silence_ms", timing.silence_ms),
            ("timing.stall_ms", timing.stall_ms),
            ("timing.presence_tick_ms", timing.presence_tick_ms),
            ("timing.stop_ms", timing.stop_ms),
        ] {
            if value == 0 {
                return Err(value_error(key, "must be at least 1"));
            }
        }
        Ok(())
    }
}

/// Returns whether `text` is an origin: a scheme and a host without a path.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    host.is_some_and(|host| !host.is_empty() && host.trim_end_matches('/').chars().all(plain))
}

fn value_error(key: &str, detail: &str) -> ConfigError {
    ConfigError::Value {
        key: key.into(),
        place: "the settings".into(),
        detail: detail.into(),
    }
}

fn names(table: &Table) -> Vec<String> {
    flatten(table).into_iter().map(|(key, _)| key).collect()
}

/// Returns every value of a table with its dotted name.
fn flatten(table: &Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) if inner.is_empty() => flat.push((key.clone(), value.clone())),
            Value::Table(inner) => {
                flat.extend(
                    flatten(inner)
                        .into_iter()
                        .map(|(rest, v)| (format!("{key}.{rest}"), v)),
                );
            }
            _ => flat.push((key.clone(), value.clone())),
        }
    }
    flat
}

fn unknown(key: &str, place: &str, known: &[String]) -> ConfigError {
    ConfigError::Unknown {
        key: key.into(),
        place: place.into(),
        nearest: closest(key, known),
    }
}

fn set(
    table: &mut Table,
    known: &[String],
    key: &str,
    value: Value,
    place: &str,
    written: &str,
) -> Result<(), ConfigError> {
    if !known.iter().any(|name| name == key) {
        // An empty section of a known name is harmless.
        let section = format!("{key}.");
        if matches!(&value, Value::Table(t) if t.is_empty())
            && known.iter().any(|n| n.starts_with(&section))
        {
            return Ok(());
        }
        return Err(unknown(written, place, known));
    }
    let Some(slot) = slot(table, key) else {
        return Err(unknown(written, place, known));
    };
    if slot.type_str() != value.type_str() {
        let (wanted, got) = (values::kind(slot), values::kind(&value));
        let detail = format!("must be {wanted}, not {got}{}", values::example(key));
        return Err(ConfigError::Value {
            key: written.into(),
            place: place.into(),
            detail,
        });
    }
    *slot = value;
    Ok(())
}

/// Sets a value from text, which is parsed as the type of the setting.
fn set_text(
    table: &mut Table,
    known: &[String],
    key: &str,
    text: &str,
    place: &str,
    written: &str,
) -> Result<(), ConfigError> {
    let value = match slot(table, key) {
        Some(slot) => values::of_text(slot, text),
        None => Value::String(text.to_owned()),
    };
    set(table, known, key, value, place, written)
}
