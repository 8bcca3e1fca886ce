//! The description of the HTTP API: OpenAPI 3.1, made from the routes.
//!
//! Handlers state what is particular to them: summary, parameters, answers, and the codes of their refusals. This module
//! adds what all routes share: path parameters, the schemes of authentication, and the refusals that follow from the kind
//! of a route.

use std::collections::BTreeMap;

use axum::{
    Extension,
    body::Bytes,
    http::{HeaderName, header},
    response::IntoResponse,
};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{
    problem::Document,
    problem_codes::{self, ProblemCode},
};
use crate::protocol::{FileView, MessageView};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
const PROBLEM: &str = "application/problem+json";
/// Codes that a handler states for [`describe`]. The published document has them as responses.
pub(super) const CODES: &str = "x-codes";

/// Parameters in paths, described once for all routes.
const PATH_PARAMETERS: [(&str, &str, &str); 13] = [
    ("room_id", "integer", "Id of the room."),
    ("user_id", "integer", "Id of the user."),
    ("seq", "integer", "Number of the message in its room."),
    ("session_id", "integer", "Id of the session."),
    ("token_id", "integer", "Id of the personal token."),
    ("invite_id", "integer", "Id of the invite."),
    ("report_id", "integer", "Id of the report."),
    ("file_id", "string", "Id of the file."),
    ("code", "string", "Access code or code of an invite."),
    ("room_name", "string", "Name of the room, percent-encoded."),
    ("username", "string", "Username, in any case."),
    (
        "emoji",
        "string",
        "One emoji, percent-encoded, or its short name between colons.",
    ),
    ("name", "string", "Name of the file, percent-encoded."),
];

const TAGS: [(&str, &str); 13] = [
    (
        "accounts",
        "The account of the caller: sign-up, sign-in, sessions, personal tokens, profile and export.",
    ),
    ("users", "Profiles of other users."),
    ("rooms", "Rooms: find, create, join, change and delete."),
    ("invites", "Codes that grant entry to a room."),
    ("members", "Members of a room and their settings."),
    (
        "messages",
        "Messages, edits, reactions, pins and read receipts.",
    ),
    ("files", "Files in rooms."),
    ("direct rooms", "Direct rooms and blocks."),
    (
        "moderation",
        "Bans, mutes, reports and the transfer of ownership.",
    ),
    ("search", "Search in messages."),
    (
        "administration",
        "Server admins: accounts, reports and the audit log.",
    ),
    ("server", "The server itself."),
    ("sockets", "WebSockets."),
];

#[derive(OpenApi)]
#[openapi(
    info(title = "Parlor", description = "Chat rooms on a server of your own."),
    components(schemas(Document, MessageView, FileView))
)]
struct Description;

/// Returns the description of the API as JSON.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi",
    tag = "server",
    responses((status = 200, description = "This document.", body = serde_json::Value)),
    security(())
)]
pub(super) async fn show(
    Extension(OpenApiJson(json)): Extension<OpenApiJson>,
) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, json())
}

/// Function that returns the description as JSON, in the extensions of a request: the routes cannot know their own
/// description.
#[derive(Clone, Copy)]
pub(super) struct OpenApiJson(pub(super) fn() -> Bytes);

/// Completes the description of `routes`.
pub(super) fn complete(routes: utoipa::openapi::OpenApi) -> Value {
    let mut api = Description::openapi();
    api.merge(routes);
    let mut document = serde_json::to_value(api).unwrap_or_default();
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["info"]["license"] =
        json!({"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"});
    document["servers"] = json!([{"url": "/", "description": "This server."}]);
    document["tags"] = TAGS
        .iter()
        .map(|(name, description)| json!({"name": name, "description": description}))
        .collect();
    document["security"] = json!([{"bearer": []}, {"cookie": []}]);
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http", "scheme": "bearer",
            "description": "An access token of 15 minutes, or a personal token."
        },
        "cookie": {
            "type": "apiKey", "in": "cookie", "name": "parlor_access",
            "description": "The page's cookie. Its name ends in digits of the server, and begins with `__Host-` over TLS. \
                            A request that changes something must come from the server's own page."
        }
    });
    if let Some(Value::Object(schemas)) = document["components"].get_mut("schemas") {
        for schema in schemas.values_mut() {
            allow_absent_parts(schema);
        }
    }
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for (path, item) in paths {
            for method in METHODS {
                if let Some(Value::Object(operation)) = item.get_mut(method) {
                    describe(path, method, operation);
                }
            }
        }
    }
    document
}

/// Lets a flattened part that is optional be absent: its fields are left out, it is never `null`.
fn allow_absent_parts(schema: &mut Value) {
    for part in schema
        .get_mut("allOf")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(Value::Array(choices)) = part.get_mut("oneOf").map(Value::take)
            && let Some(present) = choices
                .into_iter()
                .find(|choice| choice.get("$ref").is_some())
        {
            *part = json!({"anyOf": [present, {"type": "object"}]});
        }
    }
}

/// Adds to an operation what follows from its kind.
fn describe(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let is_public = operation
        .get("security")
        .is_some_and(|security| *security == json!([{}]));
    if !operation.contains_key("description")
        && let Some(summary) = operation.get("summary").cloned()
    {
        operation.insert("description".to_owned(), summary);
    }

    let mut parameters = path_parameters(path);
    let has_path_parameter = !parameters.is_empty();
    if let Some(Value::Array(own)) = operation.remove("parameters") {
        parameters.extend(own);
    }
    let has_query = parameters
        .iter()
        .any(|parameter| parameter["in"] == "query");
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }

    let has_json = operation
        .get("requestBody")
        .is_some_and(|body| body["content"].get("application/json").is_some());
    let own = operation.remove(CODES);
    let own = own.as_ref().and_then(Value::as_str).unwrap_or_default();
    let mut codes: Vec<&str> = own.split_whitespace().collect();
    if !is_public {
        codes.extend(["unauthenticated", "unauthorized", "out_of_scope"]);
        if method != "get" {
            codes.extend(["read_only", "cross_origin"]);
        }
    }
    if has_path_parameter && !codes.contains(&"bad_code") {
        codes.push("not_found");
    }
    if has_json {
        codes.extend(["malformed", "too_large", "invalid"]);
    } else if has_query {
        codes.push("invalid");
    }
    codes.extend(["internal", "overloaded", "draining", "unavailable"]);

    let mut refusals: BTreeMap<u16, Vec<&ProblemCode>> = BTreeMap::new();
    for code in codes {
        for entry in problem_codes::find(code) {
            // A request body that stalls and a request that takes too long have the same code.
            let at_status = refusals.entry(entry.status).or_default();
            if !at_status.iter().any(|other| other.code == entry.code) {
                at_status.push(entry);
            }
        }
    }
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        for (status, codes) in refusals {
            responses.insert(status.to_string(), refusal(&codes));
        }
    }
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .filter_map(|name| {
            let (_, kind, description) = PATH_PARAMETERS.iter().find(|(known, ..)| *known == name)?;
            let schema = match *kind {
                "integer" => json!({"type": "integer", "format": "int64", "minimum": 0}),
                kind => json!({"type": kind}),
            };
            Some(json!({
                "name": name, "in": "path", "required": true, "description": description, "schema": schema
            }))
        })
        .collect()
}

fn refusal(codes: &[&ProblemCode]) -> Value {
    let lines: Vec<String> = codes
        .iter()
        .map(|entry| format!("`{}`: {}", entry.code, entry.description))
        .collect();
    let names: Vec<&str> = codes.iter().map(|entry| entry.code).collect();
    json!({
        "description": lines.join("\n"),
        "x-codes": names,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    })
}
