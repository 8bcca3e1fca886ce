//! Tables of parameters, fields and answers, from the `OpenAPI` document of the server.

use std::{collections::BTreeSet, fmt::Write};

use parlor::http::openapi_document;
use serde_json::{Value, json};

use super::{
    assert_same,
    page::{self, Part},
    page_names, read_page, rewritten,
};

/// Page that has a section for each schema.
const TYPES: &str = "types.md";

/// Codes of all calls, which `README.md` describes.
const COMMON_CODES: [&str; 9] = [
    "unauthenticated",
    "unauthorized",
    "out_of_scope",
    "read_only",
    "cross_origin",
    "internal",
    "overloaded",
    "draining",
    "unavailable",
];
/// Codes of all calls with a JSON body.
const CODES_OF_JSON: [&str; 3] = ["malformed", "too_large", "invalid"];

/// The `OpenAPI` document of a server.
pub(super) struct Document(Value);

impl Document {
    /// Returns what the program says of itself.
    pub(super) fn of_program() -> Self {
        Self::new(openapi_document())
    }

    fn new(document: Value) -> Self {
        let version = document["openapi"].as_str().unwrap_or_default();
        assert!(version.starts_with("3.1"), "OpenAPI {version:?}");
        Self(document)
    }

    /// Returns every operation, as `GET /api/rooms`.
    pub(super) fn operations(&self) -> Vec<String> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            let methods = methods.filter(|(_, operation)| operation.get("responses").is_some());
            methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
        });
        operations.collect()
    }

    fn operation(&self, operation: &str) -> &Value {
        let (method, path) = operation.split_once(' ').unwrap();
        let found = &self.0["paths"][path][method.to_lowercase()];
        assert!(found.is_object(), "the document lacks {operation}");
        found
    }

    /// Follows a `$ref`, if it is one.
    fn resolved<'d>(&'d self, value: &'d Value) -> &'d Value {
        let Some(reference) = value["$ref"].as_str() else {
            return value;
        };
        let pointer = reference
            .strip_prefix('#')
            .expect("a reference within the document");
        let found = self.0.pointer(pointer);
        found.unwrap_or_else(|| panic!("no {reference}"))
    }

    /// Returns the tables of an operation.
    pub(super) fn tables(&self, operation: &str) -> String {
        let operation = self.operation(operation);
        let tables = [
            self.parameters(operation),
            self.body(operation),
            self.answers(operation),
        ];
        let tables: Vec<String> = tables.into_iter().flatten().collect();
        format!("\n{}\n", tables.join("\n"))
    }

    fn parameters(&self, operation: &Value) -> Option<String> {
        let parameters = operation["parameters"].as_array()?;
        let rows = parameters.iter().map(|parameter| {
            let parameter = self.resolved(parameter);
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let kind = self.type_of(&parameter["schema"]);
            [
                format!("`{name}`"),
                place.to_owned(),
                kind,
                line(&parameter["description"]),
            ]
        });
        table(["parameter", "in", "type", "meaning"], rows)
    }

    fn body(&self, operation: &Value) -> Option<String> {
        let content = self.resolved(&operation["requestBody"])["content"].as_object()?;
        let mut shown = String::new();
        for (media, content) in content {
            let fields = self.fields(&content["schema"]);
            if let Some(fields) = fields.filter(|_| media == "application/json") {
                shown.push_str(&fields);
            } else {
                let description = line(&operation["requestBody"]["description"]);
                writeln!(shown, "Body: `{media}`. {description}").unwrap();
            }
        }
        Some(shown)
    }

    /// Returns the table of an object's fields.
    fn fields(&self, schema: &Value) -> Option<String> {
        let mut rows = Vec::new();
        self.add_fields(schema, &mut rows);
        table(["field", "type", "meaning"], rows.into_iter())
    }

    fn add_fields(&self, schema: &Value, rows: &mut Vec<[String; 3]>) {
        let schema = self.resolved(schema);
        for parts in ["allOf", "anyOf", "oneOf"] {
            for part in schema[parts].as_array().into_iter().flatten() {
                self.add_fields(part, rows);
            }
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let required = schema["required"].as_array().into_iter().flatten();
            let is_required = required.clone().any(|required| required == name);
            let mut kind = self.type_of(field);
            if !is_required {
                kind.push_str(", optional");
            }
            rows.push([format!("`{name}`"), kind, line(&field["description"])]);
        }
    }

    fn answers(&self, operation: &Value) -> Option<String> {
        let answers = operation["responses"].as_object()?;
        let has_json = operation["requestBody"]["content"]["application/json"].is_object();
        let mut rows = Vec::new();
        for (status, answer) in answers {
            let answer = self.resolved(answer);
            let Some(codes) = answer["x-codes"].as_array() else {
                let content = answer["content"].as_object().into_iter().flatten();
                let content = content.map(|(media, content)| match media.as_str() {
                    "application/json" => self.type_of(&content["schema"]),
                    media => format!("`{media}`"),
                });
                let body: Vec<String> = content.collect();
                rows.push([
                    status.clone(),
                    body.join(", "),
                    line(&answer["description"]),
                ]);
                continue;
            };
            // A line of the description for each code.
            let meanings = text(&answer["description"]).lines();
            for (code, meaning) in codes.iter().map(text).zip(meanings) {
                let is_common =
                    COMMON_CODES.contains(&code) || (has_json && CODES_OF_JSON.contains(&code));
                if !is_common {
                    let name = format!("`{code}`");
                    let meaning = meaning.strip_prefix(&format!("{name}: "));
                    let meaning =
                        meaning.unwrap_or_else(|| panic!("{answer} does not describe {code}"));
                    rows.push([status.clone(), name, meaning.replace('|', "\\|")]);
                }
            }
        }
        table(["status", "answer", "meaning"], rows.into_iter())
    }

    /// Returns every code of a refusal with its status.
    fn codes(&self) -> BTreeSet<(String, String)> {
        let operations = self.operations();
        let answers = operations.iter().flat_map(|operation| {
            let answers = self.operation(operation)["responses"].as_object();
            answers.into_iter().flatten()
        });
        let codes = answers.flat_map(|(status, answer)| {
            let codes = self.resolved(answer)["x-codes"].as_array();
            codes
                .into_iter()
                .flatten()
                .map(|code| (status.clone(), text(code).to_owned()))
        });
        codes.collect()
    }

    /// Describes a type in a few words.
    fn type_of(&self, schema: &Value) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap();
            let target = self.resolved(schema);
            let is_object = ["properties", "allOf", "oneOf"]
                .iter()
                .any(|part| target.get(*part).is_some());
            return if is_object {
                format!("[`{name}`]({TYPES}#{})", name.to_lowercase())
            } else {
                self.type_of(target)
            };
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(schemas) = schema[choice].as_array() {
                let kinds: Vec<String> =
                    schemas.iter().map(|schema| self.type_of(schema)).collect();
                return kinds.join(" or ");
            }
        }
        if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
            return self.type_of(only);
        }
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            return values.join(", ");
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().map(text).collect(),
            Value::Null => return "any".to_owned(),
            kind => vec![text(kind)],
        };
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|kind| self.plain_type(kind, schema))
            .collect();
        kinds.join(" or ")
    }

    fn plain_type(&self, kind: &str, schema: &Value) -> String {
        let range = |least: &str, most: &str| match (schema[least].as_i64(), schema[most].as_i64())
        {
            (Some(least), Some(most)) => format!(" {least}–{most}"),
            (Some(0) | None, None) => String::new(),
            (Some(least), None) => format!(" from {least}"),
            (None, Some(most)) => format!(" up to {most}"),
        };
        match kind {
            "array" => format!("list of {}", self.type_of(&schema["items"])),
            "object" if schema["additionalProperties"].is_object() => {
                format!(
                    "object of {}",
                    self.type_of(&schema["additionalProperties"])
                )
            }
            "string" => match schema["format"].as_str() {
                Some("date-time") => "time".to_owned(),
                Some("binary") => "bytes".to_owned(),
                _ => match range("minLength", "maxLength") {
                    length if length.is_empty() => "string".to_owned(),
                    length => format!("string of{length} characters"),
                },
            },
            "integer" | "number" => format!("{kind}{}", range("minimum", "maximum")),
            other => other.to_owned(),
        }
    }

    /// Returns a section for each schema that is an object.
    pub(super) fn types(&self) -> String {
        let schemas = self.0["components"]["schemas"].as_object().unwrap();
        let mut shown = String::new();
        for (name, schema) in schemas {
            let Some(fields) = self.variants(schema).or_else(|| self.fields(schema)) else {
                continue;
            };
            write!(shown, "\n## {name}\n\n").unwrap();
            let description = line(&schema["description"]);
            if !description.is_empty() {
                write!(shown, "{description}\n\n").unwrap();
            }
            shown.push_str(&fields);
        }
        shown.push('\n');
        shown
    }

    /// Returns the table of an object that has a `type` and, with each, other fields.
    fn variants(&self, schema: &Value) -> Option<String> {
        let variants = schema["oneOf"].as_array()?.iter().map(|variant| {
            let mut fields = Vec::new();
            self.add_fields(variant, &mut fields);
            fields.retain(|[name, ..]| name != "`type`");
            let fields = fields
                .into_iter()
                .map(|[name, kind, _]| format!("{name}: {kind}"));
            let fields: Vec<String> = fields.collect();
            let kind = self.type_of(&variant["properties"]["type"]);
            [kind, fields.join(", "), line(&variant["description"])]
        });
        table(["`type`", "other fields", "meaning"], variants)
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Returns a description as the one line that a cell of a table can hold.
fn line(description: &Value) -> String {
    let words: Vec<&str> = text(description).split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

/// Returns a table, or nothing without rows. A column in which nothing stands is left out.
fn table<const N: usize>(
    titles: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Option<String> {
    let rows: Vec<[String; N]> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    let columns: Vec<usize> = (0..N)
        .filter(|column| rows.iter().any(|row| !row[*column].is_empty()))
        .collect();
    let joined = |cells: &dyn Fn(usize) -> String| {
        let cells: Vec<String> = columns.iter().map(|column| cells(*column)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut shown = joined(&|column| titles[column].to_owned());
    shown += &joined(&|_| "---".to_owned());
    for row in &rows {
        shown += &joined(&|column| row[column].clone());
    }
    Some(shown)
}

#[test]
fn tables_show_types_limits_and_answers() {
    let document = Document::new(json!({
        "openapi": "3.1.0",
        "paths": { "/api/rooms/{room_id}": { "patch": {
            "parameters": [
                { "name": "room_id", "in": "path", "schema": { "type": "integer", "minimum": 0 }, "description": "The room." }
            ],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/EditRoom" } } } },
            "responses": {
                "200": { "description": "The\nroom.", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/Room" } } } },
                "401": { "description": "`unauthenticated`: No token.", "x-codes": ["unauthenticated"] },
                "404": { "$ref": "#/components/responses/NotFound" },
            }
        } } },
        "components": {
            "responses": { "NotFound": {
                "description": "`not_found`: No | such room.\n`bad_code`: A code.", "x-codes": ["not_found", "bad_code"]
            } },
            "schemas": {
                "Kind": { "type": "string", "enum": ["public", "private"] },
                "Room": { "type": "object", "properties": {} },
                "EditRoom": { "type": "object", "required": ["kind"], "properties": {
                    "kind": { "$ref": "#/components/schemas/Kind" },
                    "topic": { "type": ["string", "null"], "maxLength": 250, "description": "Its topic." },
                    "users": { "type": "array", "items": { "type": "integer" } }
                } }
            }
        }
    }));
    assert_eq!(document.operations(), ["PATCH /api/rooms/{room_id}"]);
    assert_eq!(
        document.tables("PATCH /api/rooms/{room_id}"),
        "\n\
         | parameter | in | type | meaning |\n\
         | --- | --- | --- | --- |\n\
         | `room_id` | path | integer | The room. |\n\
         \n\
         | field | type | meaning |\n\
         | --- | --- | --- |\n\
         | `kind` | `\"public\"`, `\"private\"` |  |\n\
         | `topic` | string of up to 250 characters or null, optional | Its topic. |\n\
         | `users` | list of integer, optional |  |\n\
         \n\
         | status | answer | meaning |\n\
         | --- | --- | --- |\n\
         | 200 | [`Room`](types.md#room) | The room. |\n\
         | 404 | `not_found` | No \\| such room. |\n\
         | 404 | `bad_code` | A code. |\n\n"
    );
    assert!(
        document.types().contains("\n## EditRoom\n"),
        "{}",
        document.types()
    );
}

#[test]
fn tables_equal_the_openapi_document() {
    let document = Document::of_program();
    let mut filled = 0;
    for name in page_names() {
        let pages = rewritten(&name, |page| {
            let mut parts = page::parse(page);
            for part in &mut parts {
                if let Part::Generated { operation, text } = part {
                    *text = match operation.as_str() {
                        "types" => document.types(),
                        operation => document.tables(operation),
                    };
                    filled += 1;
                }
            }
            page::render(&parts)
        });
        assert_same(&name, &pages);
    }
    assert!(filled > 80, "only {filled} tables");
}

#[test]
fn codes_of_all_operations_are_described() {
    let page = read_page("README.md");
    let codes = Document::of_program().codes();
    assert!(codes.len() > 30, "{codes:?}");
    for (status, code) in codes {
        let row = format!("\n| {status} | `{code}` | ");
        assert_eq!(page.matches(&row).count(), 1, "a row for {status} {code}");
    }
    for code in COMMON_CODES.iter().chain(&CODES_OF_JSON) {
        assert!(page.contains(&format!("`{code}`")), "{code}");
    }
}
