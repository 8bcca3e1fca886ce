//! Values of settings: read from text, and described.

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

/// Reads a value that was written on the command line or in the environment, as the type of `slot`.
/// Text as in the settings file is taken first: `["https://a", "https://b"]`. Quotes and brackets
/// may be left out: `https://a, https://b`.
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

/// The text as a value of the settings file, if it is exactly one.
fn as_toml(text: &str) -> Option<Value> {
    let mut table: Table = format!("value = {text}").parse().ok()?;
    let value = table.remove("value")?;
    table.is_empty().then_some(value)
}

/// Describes a value, to be read after "must be" or "not".
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

/// An example of a setting: its default. Nothing for what is no setting.
pub(super) fn example(key: &str) -> String {
    let key = key.split('[').next().unwrap_or_default();
    let defaults = parse(EXAMPLE, Path::new("parlor.example.toml"));
    let default = defaults
        .ok()
        .and_then(|mut table| slot(&mut table, key).cloned());
    match (key, default) {
        // An empty list shows nothing.
        ("http.cors_origins", _) => {
            format!(", for example {key} = [\"https://app.example.org\"]")
        }
        ("http.trusted_proxies", _) => format!(", for example {key} = [\"127.0.0.1\"]"),
        (_, Some(default)) => format!(", for example {key} = {default}"),
        (_, None) => String::new(),
    }
}
