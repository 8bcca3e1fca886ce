//! Every route, from the description of the API, and every command, from the source.

use std::collections::BTreeSet;

use parlor::http::openapi_document;

const COMMAND: &str = include_str!("../../../src/protocol/command.rs");

/// The predecessor's name for rooms, which the description leaves out.
const ALIAS: &str = "/api/chat_rooms";

/// Returns the method and path of every route, such as `GET /api/rooms/{room_id}`.
pub(super) fn routes() -> BTreeSet<String> {
    let document = openapi_document();
    let paths = document["paths"].as_object().expect("paths");
    let mut routes = BTreeSet::from(["POST /api/rooms/{room_id}/files/".to_owned()]);
    for (path, item) in paths {
        let methods = item.as_object().expect("operations").keys();
        routes.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let aliases: Vec<String> = routes
        .iter()
        .filter(|route| route.contains(" /api/rooms"))
        .map(|route| route.replace("/api/rooms", ALIAS))
        .collect();
    routes.extend(aliases);
    assert!(routes.len() > 100, "{routes:?}");
    routes
}

/// Every command, by its name on the wire.
pub(super) fn commands() -> BTreeSet<String> {
    let types = between(COMMAND, "const TYPES", ";\n\n")
        .split('"')
        .skip(1)
        .step_by(2);
    let types: BTreeSet<String> = types.map(str::to_owned).collect();
    let variants = between(COMMAND, "pub enum Command {", "\n}")
        .lines()
        .filter_map(|line| {
            let line = line.strip_prefix("    ")?;
            let name: String = line
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            name.starts_with(|first: char| first.is_ascii_uppercase())
                .then(|| snake(&name))
        });
    let variants: BTreeSet<String> = variants.collect();
    assert_eq!(
        types, variants,
        "the names of the commands and the commands"
    );
    types
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start:?}"));
    rest.split_once(end)
        .unwrap_or_else(|| panic!("no end of {start:?}"))
        .0
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
