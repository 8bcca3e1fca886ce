//! The description of the API: complete, and true to what the server answers.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use parlor::http::openapi_document;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Reply, TestServer, User};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                operations.push((method.to_uppercase(), path.clone(), operation));
            }
        }
    }
    assert!(operations.len() > 80, "{} operations", operations.len());
    operations
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// Returns what is missing in the description of an operation.
fn gaps(operation: &Value) -> Vec<String> {
    let mut gaps = Vec::new();
    for field in ["operationId", "summary", "description"] {
        if !is_text(&operation[field]) {
            gaps.push(field.to_owned());
        }
    }
    if !is_text(&operation["tags"][0]) {
        gaps.push("tags".to_owned());
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if !is_text(&parameter["description"]) || !parameter["schema"].is_object() {
            gaps.push(format!("parameter {}", parameter["name"]));
        }
    }
    let responses = operation["responses"].as_object();
    for (status, response) in responses.into_iter().flatten() {
        let has_body = !matches!(status.as_str(), "101" | "204" | "304");
        let is_described = response["content"]
            .as_object()
            .is_some_and(|content| content.values().all(|body| body["schema"].is_object()));
        if !is_text(&response["description"]) || (has_body && !is_described) {
            gaps.push(format!("response {status}"));
        }
    }
    let statuses: Vec<&String> = responses
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .collect();
    if !statuses.iter().any(|status| status.starts_with(['1', '2'])) {
        gaps.push("a success".to_owned());
    }
    let is_public = operation["security"] == json!([{}]);
    if !is_public && !statuses.iter().any(|status| *status == "401") {
        gaps.push("401".to_owned());
    }
    gaps
}

#[test]
fn every_operation_is_described() {
    let document = openapi_document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    let mut gaps_found = Vec::new();
    for (method, path, operation) in operations(&document) {
        for gap in gaps(operation) {
            gaps_found.push(format!("{method} {path}: {gap}"));
        }
        for part in path.split('/').filter(|part| part.starts_with('{')) {
            let name = part.trim_matches(['{', '}']);
            let known = operation["parameters"].as_array().into_iter().flatten();
            if !known
                .into_iter()
                .any(|known| known["in"] == "path" && known["name"] == name)
            {
                gaps_found.push(format!("{method} {path}: path parameter {name}"));
            }
        }
        assert!(
            ids.insert(operation["operationId"].to_string()),
            "{method} {path}: id is used twice"
        );
    }
    assert!(gaps_found.is_empty(), "not described: {gaps_found:#?}");
    let bare = json!({"operationId": "x", "summary": "x", "description": "x", "tags": ["x"], "responses": {"200": {}}});
    assert_eq!(gaps(&bare), ["response 200", "401"]);
}

#[test]
fn every_reference_and_code_is_defined() {
    let document = openapi_document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference
            .strip_prefix('#')
            .expect("a reference into the document");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    let text = document.to_string();
    for (method, path, operation) in operations(&document) {
        assert!(
            operation.get("x-codes").is_none(),
            "{method} {path}: a code without a description"
        );
    }
    assert!(text.contains("`key_conflict`: "));
}

fn collect<'v>(value: &'v Value, references: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            references.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

/// Checks answers against the document.
struct Checker {
    document: Value,
    validators: BTreeMap<String, Validator>,
    seen: BTreeSet<String>,
}

impl Checker {
    fn new() -> Self {
        Self {
            document: openapi_document(),
            validators: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Checks an answer to `method` at the template `path`.
    fn check(&mut self, method: &str, path: &str, reply: &Reply) {
        let what = format!("{method} {path} {}", reply.status);
        let operation = &self.document["paths"][path][method.to_lowercase()];
        let response = &operation["responses"][reply.status.to_string()];
        assert!(
            response.is_object(),
            "{what} is not described: {}",
            reply.text
        );
        self.seen.insert(format!("{method} {path}"));
        let content = response["content"].as_object().into_iter().flatten().next();
        let Some((kind, body)) = content.filter(|(kind, _)| kind.contains("json")) else {
            return;
        };
        let sent = reply.header("content-type").unwrap_or_default();
        assert!(sent.starts_with(kind.as_str()), "{what}: {sent}");
        let mut schema = body["schema"].clone();
        schema["components"] = self.document["components"].clone();
        let validator = self.validators.entry(what.clone()).or_insert_with(|| {
            jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{what}: {error}"))
        });
        let json: Value = reply.json();
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:#?} in {json:#}");
    }

    /// Sends a request without a body, fills the template with `values`, and checks the answer.
    async fn send(
        &mut self,
        user: &User,
        method: Method,
        template: &str,
        values: &[(&str, &str)],
    ) -> Reply {
        let path = values
            .iter()
            .fold(template.to_owned(), |path, (name, value)| {
                path.replace(&format!("{{{name}}}"), value)
            });
        let reply = Reply::of(user.request(method.clone(), &path)).await;
        let template = template.split('?').next().unwrap_or_default();
        self.check(method.as_str(), template, &reply);
        reply
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one walk through the API")]
async fn responses_match_their_schemas() {
    let server = TestServer::start().await;
    let mut checker = Checker::new();
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let room_id = room.id.to_string();
    let ben_id = ben.id.to_string();
    let messages = format!("/api/rooms/{room_id}/messages");

    let reply = ana
        .post("/api/rooms", json!({"name": "Green", "kind": "public"}))
        .await;
    checker.check("POST", "/api/rooms", &reply);
    let reply = ben
        .post("/api/rooms/join", json!({"room_id": reply.json()["id"]}))
        .await;
    checker.check("POST", "/api/rooms/join", &reply);
    let reply = ana.post("/api/dms", json!({"user_ids": [ben.id]})).await;
    checker.check("POST", "/api/dms", &reply);
    let file = Reply::of(
        ana.request(
            Method::POST,
            &format!("/api/rooms/{room_id}/files?name=a.txt"),
        )
        .body("tea"),
    )
    .await;
    checker.check("POST", "/api/rooms/{room_id}/files", &file);
    let file_id = file.json()["id"].as_str().expect("an id").to_owned();
    let body = json!({"body": "hi @ben", "key": "k1", "files": [file_id]});
    let first = ana.post(&messages, body.clone()).await;
    checker.check("POST", "/api/rooms/{room_id}/messages", &first);
    let reply = ana.post(&messages, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    checker.check("POST", "/api/rooms/{room_id}/messages", &reply);
    let seq = first.json()["seq"].to_string();
    let reply = ben
        .post(
            &messages,
            json!({"body": "hello", "reply_to": first.json()["seq"]}),
        )
        .await;
    checker.check("POST", "/api/rooms/{room_id}/messages", &reply);
    let reply = ana
        .patch(&format!("{messages}/{seq}"), json!({"body": "hi there"}))
        .await;
    checker.check("PATCH", "/api/rooms/{room_id}/messages/{seq}", &reply);
    let reply = ben.post(&messages, json!({"body": 7})).await;
    checker.check("POST", "/api/rooms/{room_id}/messages", &reply);
    let reply = ana
        .post(
            &format!("/api/rooms/{room_id}/invites"),
            json!({"max_uses": 3}),
        )
        .await;
    checker.check("POST", "/api/rooms/{room_id}/invites", &reply);
    let code = reply.json()["code"].as_str().expect("a code").to_owned();
    let reply = ana
        .post("/api/me/tokens", json!({"name": "ci", "scope": "read"}))
        .await;
    checker.check("POST", "/api/me/tokens", &reply);
    let reply = ben
        .put(
            &format!("/api/rooms/{room_id}/read"),
            json!({"seq": first.json()["seq"]}),
        )
        .await;
    checker.check("PUT", "/api/rooms/{room_id}/read", &reply);
    let reply = ben
        .post(
            &format!("{messages}/{seq}/report"),
            json!({"reason": "spam"}),
        )
        .await;
    checker.check("POST", "/api/rooms/{room_id}/messages/{seq}/report", &reply);
    let cy = server.user("cyd").await;
    cy.join(&room.code).await.expect(200);
    let ids = [
        ("room_id", room_id.as_str()),
        ("seq", &seq),
        ("user_id", &ben_id),
        ("file_id", &file_id),
        ("code", &code),
        ("room_name", "Green"),
        ("username", "ben"),
        ("emoji", "👍"),
    ];
    for path in [
        "/api/rooms/{room_id}/messages/{seq}/reactions/{emoji}",
        "/api/rooms/{room_id}/messages/{seq}/pin",
        "/api/me/blocks/{user_id}",
    ] {
        checker.send(&ana, Method::PUT, path, &ids).await.is(204);
    }
    let cy_id = cy.id.to_string();
    let about_cy = [("room_id", room_id.as_str()), ("user_id", &cy_id)];
    checker
        .send(
            &ana,
            Method::PUT,
            "/api/rooms/{room_id}/bans/{user_id}",
            &about_cy,
        )
        .await
        .is(204);
    let mutes = format!("/api/rooms/{room_id}/mutes/{ben_id}");
    ana.put(&mutes, json!({"seconds": 60})).await.expect(204);
    let reply = ana
        .post(&format!("/api/admin/users/{cy_id}/reset"), json!({}))
        .await;
    checker.check("POST", "/api/admin/users/{user_id}/reset", &reply);
    let reply = ana.get(&format!("{messages}?changed_since=0")).await;
    checker.check("GET", "/api/rooms/{room_id}/messages", &reply);
    let reply = ana.get("/api/rooms?discover=1").await;
    checker.check("GET", "/api/rooms", &reply);

    // Every operation that reads, with the rights of an admin who owns the room.
    let document = openapi_document();
    for (method, path, operation) in operations(&document) {
        let is_socket = operation["responses"].get("101").is_some();
        // The file has no thumbnail; the refusal is described, too.
        if method != "GET" || is_socket {
            continue;
        }
        let reply = checker
            .send(
                &ana,
                Method::GET,
                &path.replace("/api/search", "/api/search?q=hi"),
                &ids,
            )
            .await;
        let wanted = if path.ends_with("/thumbnail") {
            404
        } else {
            200
        };
        reply.is(wanted);
    }
    for path in [
        "/ws",
        "/ws/{room_id}",
        "/api/rooms/{room_id}/messages/{seq}",
    ] {
        let stranger = [("room_id", room_id.as_str()), ("seq", "999999")];
        let reply = checker.send(&ana, Method::GET, path, &stranger).await;
        assert!(reply.status >= 400, "{path}: {}", reply.text);
    }
    assert!(checker.seen.len() > 45, "{:?}", checker.seen);
    server.stopped().await;
}

#[tokio::test]
async fn server_and_command_line_return_the_same_document() {
    let server = TestServer::start().await;
    let reply = server.get("/openapi.json").await;
    assert_eq!(reply.expect(200), openapi_document());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_parlor"))
        .arg("openapi")
        .output()
        .expect("the program runs");
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(printed, openapi_document());
    server.stopped().await;
}
