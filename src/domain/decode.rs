//! JSON decoding with error messages for clients.
//!
//! Parser errors describe a value in terms of Rust types, which clients do not know. [`rule`] translates each
//! of them. HTTP, sockets and the configuration share this module.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment};

/// Reason why a JSON object could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The input is not a JSON object. The text continues a sentence that begins with "the body" or "the
    /// frame".
    Malformed(String),
    /// A field breaks its rule.
    Field(FieldError),
}

/// A field that breaks its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field, as in `files[0].name`; empty for the object itself.
    pub path: String,
    /// Rule with an example, as a phrase that follows the path.
    pub detail: String,
    /// Whether the object has no such field.
    pub is_unknown: bool,
}

impl DecodeError {
    /// Removes the leading field `name` from the path.
    ///
    /// Use this if the object was wrapped in a field `name` only for decoding.
    #[must_use]
    pub fn inside(self, name: &str) -> Self {
        match self {
            Self::Field(mut error) => {
                if let Some(rest) = error.path.strip_prefix(name) {
                    error.path = rest.trim_start_matches('.').to_owned();
                }
                Self::Field(error)
            }
            Self::Malformed(_) => self,
        }
    }
}

/// Decodes one JSON object.
///
/// # Errors
/// [`DecodeError`] names the field and the broken rule.
pub fn json_object<T: DeserializeOwned>(text: &[u8]) -> Result<T, DecodeError> {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|first| *first != b'{') {
        let detail = "must be one JSON object, for example {\"name\": \"value\"}";
        return Err(DecodeError::Malformed(detail.to_owned()));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let decoded = serde_path_to_error::deserialize(&mut reader);
    if decoded.is_err() || reader.end().is_err() {
        // A wrong type and a missing comma can cause the same error. The field is named only if the input is
        // valid JSON.
        serde_json::from_slice::<Value>(text)
            .map_err(|error| DecodeError::Malformed(syntax(&error)))?;
    }
    decoded.map_err(|error| {
        let message = error.inner().to_string();
        DecodeError::Field(field::<T>(error.path(), &message))
    })
}

/// Returns the reason why a text is not valid JSON.
fn syntax(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let reason = [
        ("EOF", "it ends too early"),
        ("trailing characters", "there is text after its end"),
        ("trailing comma", "there is a comma too many"),
        ("recursion limit", "it is nested too deeply"),
        (
            "key must be a string",
            "a field name must stand in double quotes",
        ),
        (
            "control character",
            "a line break or control character in a text must be escaped, for example \\n",
        ),
        (
            "escape",
            "a backslash in a text is not followed by a valid escape",
        ),
        (
            "surrogate",
            "a backslash in a text is not followed by a valid escape",
        ),
        ("unicode", "the text is not valid UTF-8"),
        ("number out of range", "a number is too large"),
        ("invalid number", "a number is not valid"),
        ("expected `:`", "a colon is missing"),
        ("expected `,`", "a comma is missing"),
    ];
    let reason = reason
        .iter()
        .find(|(words, _)| message.contains(words))
        .map_or("a value is not valid", |(_, reason)| reason);
    format!(
        "is not valid JSON: {reason} (line {}, column {}); a valid one is {{\"name\": \"value\"}}",
        error.line(),
        error.column()
    )
}

/// Returns the field that `message` is about, with its rule.
fn field<T: DeserializeOwned>(path: &Path, message: &str) -> FieldError {
    let message = message.split(" at line ").next().unwrap_or_default();
    let steps: Option<Vec<Step>> = path.iter().map(Step::of).collect();
    let mut steps = steps.unwrap_or_default();
    let is = |steps: &[Step], detail: String, is_unknown: bool| FieldError {
        path: written(steps),
        detail,
        is_unknown,
    };
    if let Some(name) = quoted_after(message, "unknown field `") {
        let detail = match nearest(name, names_after(message, "`, expected ")) {
            Some(known) => format!("is not a known field; did you mean \"{known}\"?"),
            None => "is not a known field; leave it out".to_owned(),
        };
        push(&mut steps, name);
        return is(&steps, detail, true);
    }
    if let Some(name) = quoted_after(message, "duplicate field `") {
        push(&mut steps, name);
        return is(&steps, "is given twice; give it once".to_owned(), false);
    }
    if let Some(name) = quoted_after(message, "missing field `") {
        push(&mut steps, name);
        let detail = match expected::<T>(&steps) {
            Some(detail) => format!("is missing; it {detail}"),
            None => "is missing".to_owned(),
        };
        return is(&steps, detail, false);
    }
    let by_rule = || rule(message).map(|rule| with_example(&rule, &steps));
    let detail = if message.starts_with("invalid value") {
        // The rule for an out-of-range value is narrower than the rule for its type.
        by_rule()
    } else if is_of_parser(message) {
        expected::<T>(&steps).or_else(by_rule)
    } else {
        Some(message.to_owned())
    };
    let detail = detail.unwrap_or_else(|| "has a value that does not fit".to_owned());
    is(&steps, detail, false)
}

/// Returns whether a parser generated the message. Other messages come from types of this crate.
fn is_of_parser(message: &str) -> bool {
    let starts = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
        "expected ",
    ];
    starts.iter().any(|start| message.starts_with(start))
}

/// One step of the path to a field.
#[derive(Clone)]
enum Step {
    Name(String),
    Index(usize),
}

impl Step {
    fn of(segment: &Segment) -> Option<Self> {
        match segment {
            Segment::Seq { index } => Some(Self::Index(*index)),
            Segment::Map { key } => Some(Self::Name(key.clone())),
            Segment::Enum { variant } => Some(Self::Name(variant.clone())),
            Segment::Unknown => None,
        }
    }
}

/// Appends a name, unless the parser has already added it to the path.
fn push(steps: &mut Vec<Step>, name: &str) {
    if !matches!(steps.last(), Some(Step::Name(last)) if last == name) {
        steps.push(Step::Name(name.to_owned()));
    }
}

fn written(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Name(name) if path.is_empty() => path.push_str(name),
            Step::Name(name) => path = format!("{path}.{name}"),
            Step::Index(index) => path = format!("{path}[{index}]"),
        }
    }
    path
}

/// Returns the rule of a field with an example.
///
/// Decodes a value that no field accepts, and derives the rule from the error.
fn expected<T: DeserializeOwned>(steps: &[Step]) -> Option<String> {
    let message = probe::<T>(steps, json!({ "?": null }))?;
    if message.contains("a sequence") {
        let mut item = steps.to_vec();
        item.push(Step::Index(0));
        let message = probe::<T>(&item, json!({ "?": null }))?;
        let rule = rule(&message)?;
        let name = name_of(steps);
        return Some(match rule.example {
            Some(example) => format!("must be a list, for example \"{name}\": [{example}]"),
            None => format!("must be a list of which each {}", rule.text),
        });
    }
    Some(with_example(&rule(&message)?, steps))
}

/// Returns the error for `value` at that path.
fn probe<T: DeserializeOwned>(steps: &[Step], value: Value) -> Option<String> {
    let whole = steps.iter().rev().fold(value, |value, step| match step {
        Step::Name(name) => json!({ name: value }),
        Step::Index(_) => json!([value]),
    });
    let error = serde_path_to_error::deserialize::<_, T>(whole).err()?;
    let steps = steps.iter().map(|step| match step {
        Step::Index(_) => Step::Index(0),
        Step::Name(_) => step.clone(),
    });
    let wanted = written(&steps.collect::<Vec<_>>());
    // A field that accepts any object reports an error about the object's content instead.
    match error.path().to_string() {
        path if path == wanted => Some(error.inner().to_string()),
        path if path.starts_with(&wanted) => Some("expected a map".to_owned()),
        _ => None,
    }
}

/// Rule that a value must follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Rule as a phrase that follows the field's name.
    pub text: String,
    /// Valid value as JSON, unless the text already contains one.
    pub example: Option<&'static str>,
}

/// Returns the rule that a parser's message implies, or `None` if it implies none.
#[must_use]
pub fn rule(message: &str) -> Option<Rule> {
    if message == "invalid IP address syntax" {
        return Some(of("an IP address", Some("\"127.0.0.1\"")));
    }
    if let Some((_, names)) = message.split_once("unknown variant ") {
        let names = names_after(names, "`, expected ");
        let names = names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>();
        let (last, others) = names.split_last()?;
        return Some(of(
            &match others {
                [] => last.clone(),
                others => format!("{} or {last}", others.join(", ")),
            },
            None,
        ));
    }
    let (_, expected) = message.rsplit_once("expected ")?;
    let out_of_range = message.starts_with("invalid value");
    let number = Some("7");
    Some(match expected {
        "i64" | "i32" | "i16" | "i8" | "isize" if out_of_range => {
            of("a whole number that fits into 64 bits", number)
        }
        "i64" | "i32" | "i16" | "i8" | "isize" => of("a whole number", number),
        "u8" if out_of_range => of("a whole number from 0 to 255", number),
        "u16" if out_of_range => of("a whole number from 0 to 65535", number),
        "u32" if out_of_range => of("a whole number from 0 to 4294967295", number),
        "u64" | "usize" | "u32" | "u16" | "u8" => of("a whole number from 0", number),
        "f64" | "f32" => of("a number", number),
        "a boolean" => of("true or false", Some("true")),
        "a string" | "a borrowed string" | "str" | "path string" => {
            of("text in double quotes", Some("\"text\""))
        }
        "a sequence" => of("a list", Some("[]")),
        "a map" => of("an object", Some("{\"1\": 520}")),
        expected if expected.starts_with("struct") => of("an object", Some("{}")),
        _ => return None,
    })
}

fn of(text: &str, example: Option<&'static str>) -> Rule {
    Rule {
        text: format!("must be {text}"),
        example,
    }
}

fn with_example(rule: &Rule, steps: &[Step]) -> String {
    let name = name_of(steps);
    match rule.example {
        None => rule.text.clone(),
        Some(example) if matches!(steps.last(), Some(Step::Index(_))) => {
            format!("{}, for example \"{name}\": [{example}]", rule.text)
        }
        Some(_) if name.is_empty() => rule.text.clone(),
        Some(example) => format!("{}, for example \"{name}\": {example}", rule.text),
    }
}

/// Returns the last name of a path.
fn name_of(steps: &[Step]) -> &str {
    let name = steps.iter().rev().find_map(|step| match step {
        Step::Name(name) => Some(name.as_str()),
        Step::Index(_) => None,
    });
    name.unwrap_or_default()
}

fn quoted_after<'d>(text: &'d str, lead: &str) -> Option<&'d str> {
    let (_, rest) = text.split_once(lead)?;
    rest.split_once('`').map(|(name, _)| name)
}

/// Returns the names in back-ticks after `lead`.
fn names_after<'d>(text: &'d str, lead: &str) -> impl Iterator<Item = &'d str> + use<'d> {
    let rest = text.split_once(lead).map_or("", |(_, rest)| rest);
    rest.split('`').skip(1).step_by(2)
}

/// Returns the known name that is most similar to `name`, if it is similar enough to be meant.
#[must_use]
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase();
    known
        .map(|known| {
            (
                strsim::damerau_levenshtein(&name, &known.to_lowercase()),
                known,
            )
        })
        .min()
        .filter(|(distance, known)| {
            *distance <= known.len().div_ceil(2).min(name.len().div_ceil(2))
        })
        .map(|(_, known)| known)
}
