//! What the source says there is: every route and every command.

use std::collections::BTreeSet;

const ROUTER: &str = include_str!("../../../src/http/router.rs");
const COMMAND: &str = include_str!("../../../src/protocol/command.rs");

/// Every method and path of the router, as `GET /api/rooms/{room_id}`.
pub(super) fn routes() -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for (function, text) in functions() {
        for call in calls(text, ".route(") {
            let path = literal(call).unwrap_or_else(|| panic!("no path in .route({call})"));
            let methods = methods(call);
            assert!(!methods.is_empty(), "no known method in .route({call})");
            let prefixes = prefixes(function);
            assert!(
                !prefixes.is_empty(),
                "the routes of {function}() are mounted nowhere"
            );
            for prefix in prefixes {
                let whole = match path {
                    "/" if !prefix.is_empty() => prefix.clone(),
                    path => format!("{prefix}{path}"),
                };
                routes.extend(methods.iter().map(|method| format!("{method} {whole}")));
            }
        }
    }
    for unread in [
        ".route_service(",
        ".nest_service(",
        "MethodRouter",
        "MethodFilter",
    ] {
        assert!(!ROUTER.contains(unread), "the table cannot read {unread}");
    }
    for call in [calls(ROUTER, ".merge("), calls(ROUTER, ".nest(")].concat() {
        let function = call.rsplit(',').find(|part| !part.trim().is_empty());
        let function = function.unwrap_or_default().trim().trim_end_matches("()");
        let here = functions().iter().any(|(name, _)| *name == function);
        assert!(
            here,
            "the routes of {function} are not in router.rs, where the table reads them"
        );
    }
    assert!(routes.len() > 60, "the router was not read: {routes:?}");
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

/// The functions of the router, with their text.
fn functions() -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for text in ROUTER
        .split("\nfn ")
        .flat_map(|text| text.split("\npub fn "))
        .skip(1)
    {
        let end = text.find('(').expect("a function has arguments");
        found.push((&text[..end], text));
    }
    found
}

/// Under which paths the routes of a function stand.
fn prefixes(function: &str) -> Vec<String> {
    if function == "router" {
        return vec![String::new()];
    }
    let mounted = format!("{function}()");
    let mut found = Vec::new();
    for (outer, text) in functions() {
        let nested = calls(text, ".nest(");
        let nested = nested.into_iter().filter(|call| call.contains(&mounted));
        let nested = nested.map(|call| literal(call).expect("a path to nest under"));
        let merged = calls(text, ".merge(").into_iter();
        let merged = merged.filter(|call| call.contains(&mounted)).map(|_| "");
        for under in nested.chain(merged) {
            found.extend(
                prefixes(outer)
                    .into_iter()
                    .map(|prefix| format!("{prefix}{under}")),
            );
        }
    }
    found
}

/// What stands between the brackets of each such call.
fn calls<'a>(text: &'a str, opening: &str) -> Vec<&'a str> {
    let starts = text
        .match_indices(opening)
        .map(|(at, _)| at + opening.len());
    let inside = starts.map(|start| {
        let mut depth = 1;
        let end = text[start..].find(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        });
        &text[start..start + end.expect("a bracket that closes")]
    });
    inside.collect()
}

fn literal(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// The methods of a route: each stands before a bracket, with nothing of a name before it.
fn methods(call: &str) -> Vec<&'static str> {
    let known = [
        ("get(", "GET"),
        ("post(", "POST"),
        ("put(", "PUT"),
        ("patch(", "PATCH"),
        ("delete(", "DELETE"),
        ("any(", "ANY"),
        ("head(", "HEAD"),
        ("options(", "OPTIONS"),
    ];
    let stands = |word: &str| {
        call.match_indices(word).any(|(at, _)| {
            let before = call[..at].chars().next_back();
            !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
        })
    };
    let methods = known.into_iter().filter(|(word, _)| stands(word));
    methods.map(|(_, method)| method).collect()
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
