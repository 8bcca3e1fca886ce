//! Parsing and description of the values of settings.

use std::path::Path;

use toml::{Table, Value};

use super::{ConfigError, EXAMPLE};

/// Reads the text of a settings file.
pub(super) fn parse(text: &str, path: &Path) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let line = error
            .span()
            .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        let detail = format!("line {line}: {}", error.message());
        ConfigError::Syntax {
            path: path.to_owned(),
            detail,
        }
    })
}

/// Returns the value at a dotted name.
pub(super) fn slot<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Value> {
    match key.split_once('.') {
        None => table.get_mut(key),
        Some((section, rest)) => slot(table.get_mut(section)?.as_table_mut()?, rest),
    }
}

/// Parses a value from the command line or the environment as the type of `slot`. The text may be written as in the
/// settings file, such as `["https://a", "https://b"]`, or without quotes and brackets: `https://a, https://b`.
pub(super) fn of_text(slot: &Value, text: &str) -> Value {
    if let Some(value) = as_toml(text).filter(|value| value.same_type(slot)) {
        return value;
    }
    let value = match slot {
        Value::Integer(_) => text.replace('_', "").parse().map(Value::Integer).ok(),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim);
            let items = items.filter(|item| !item.is_empty());
            Some(Value::Array(items.map(Value::from).collect()))
        }
        _ => None,
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Parses the text as a value of the settings file. Returns `None` if it is not exactly one value.
fn as_toml(text: &str) -> Option<Value> {
    let mut table: Table = format!("value = {text}").parse().ok()?;
    let value = table.remove("value")?;
    table.is_empty().then_some(value)
}

/// Describes the type of a value, to follow "must be" or "not".
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Boolean(_) => "true or false",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a fraction",
        Value::Array(_) => "a list",
        Value::String(_) => "text",
        Value::Datetime(_) => "a date",
        Value::Table(_) => "a section",
    }
}

/// Returns an example of a setting, or an empty string if `key` is not a setting. The example is the default.
pub(super) fn example(key: &str) -> String {
    let key = key.split('[').next().unwrap_or_default();
    let defaults = parse(EXAMPLE, Path::new("parlor.example.toml"));
    let default = defaults
        .ok()
        .and_then(|mut table| slot(&mut table, key).cloned());
    match (key, default) {
        // The default of these settings is an empty list, which would show nothing.
        ("http.cors_origins", _) => {
            format!(", for example {key} = [\"https://app.example.org\"]")
        }
        ("http.trusted_proxies", _) => format!(", for example {key} = [\"127.0.0.1\"]"),
        (_, Some(default)) => format!(", for example {key} = {default}"),
        (_, None) => String::new(),
    }
}
