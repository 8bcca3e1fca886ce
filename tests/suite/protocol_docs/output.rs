//! The output of a command as the pages show it, and the comparison of two outputs.

use std::fmt::Write;

/// A line of JSON is broken where it would be longer.
const WIDTH: usize = 110;
/// Longer words are tokens, of which the pages show the beginning.
const MAX_WORD: usize = 32;
const SHOWN_OF_TOKEN: usize = 16;
/// Headers that the pages show.
const HEADERS: [&str; 10] = [
    "content-disposition",
    "content-range",
    "content-type",
    "etag",
    "link",
    "location",
    "retry-after",
    "sec-websocket-version",
    "upgrade",
    "www-authenticate",
];

/// Formats what `curl` wrote: the status line and some headers, if they are there, and JSON with line breaks.
pub(super) fn format(written: &str, address: &str) -> String {
    let written = written.replace('\r', "").replace(address, "127.0.0.1:8000");
    let mut shown = String::new();
    let mut body = written.as_str();
    while body.starts_with("HTTP/1.1 100") {
        body = body.split_once("\n\n").unwrap_or_default().1;
    }
    if body.starts_with("HTTP/") {
        let (head, rest) = body.split_once("\n\n").unwrap_or((body, ""));
        let mut lines = head.lines();
        shown.push_str(lines.next().unwrap_or_default().trim_end());
        shown.push('\n');
        for line in lines {
            let name = line
                .split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let is_json = name == "content-type" && line.ends_with("application/json");
            if HEADERS.contains(&name.as_str()) && !is_json {
                shown.push_str(line);
                shown.push('\n');
            }
        }
        if !rest.trim().is_empty() {
            shown.push('\n');
        }
        body = rest;
    }
    let body = body.trim_end();
    if serde_json::from_str::<serde_json::Value>(body).is_ok() {
        shown.push_str(&pretty(body));
    } else {
        shown.push_str(body);
    }
    let shown = words(&shown, |_, word| {
        (word.len() > MAX_WORD).then(|| format!("{}…", &word[..SHOWN_OF_TOKEN]))
    });
    match shown.trim_end() {
        "" => String::new(),
        shown => format!("{shown}\n"),
    }
}

/// Replaces each word for which `replace` returns a text. It is given the text before the word and the word.
fn words(text: &str, replace: impl Fn(&str, &str) -> Option<String>) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_.:…".contains(letter);
    let mut replaced = String::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        if !is_part(letter) {
            replaced.push(letter);
            at += letter.len_utf8();
            continue;
        }
        let end = text[at..].find(|letter| !is_part(letter));
        let word = &text[at..end.map_or(text.len(), |end| at + end)];
        replaced.push_str(&replace(&text[..at], word).unwrap_or_else(|| word.to_owned()));
        at += word.len();
    }
    replaced
}

/// Puts a name in place of each token, time, random id and code.
pub(super) fn masked(output: &str) -> String {
    words(output, |before, word| {
        let is_hex = word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let is_long = word.len() == 32 && word.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_code = word.len() == 19
            && word.split('-').count() == 4
            && word.split('-').all(|part| {
                part.len() == 4
                    && part
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            });
        let is_time = word.len() == 24 && word.starts_with("20") && word.ends_with('Z');
        let changes = [
            "\"retry_after_ms\": ",
            "retry-after: ",
            "\"version\": \"",
            "\"retry_in_ms\": ",
        ];
        let name = if word.ends_with('…') {
            "TOKEN"
        } else if is_time {
            "TIME"
        } else if is_code {
            "CODE"
        } else if is_hex || is_long {
            "ID"
        } else if changes.iter().any(|name| before.ends_with(name)) {
            "VALUE"
        } else {
            return None;
        };
        Some(name.to_owned())
    })
}

/// JSON in the order in which it was written, which a map would not keep.
enum Node<'t> {
    Scalar(&'t str),
    List(Vec<Node<'t>>),
    Object(Vec<(&'t str, Node<'t>)>),
}

/// Formats valid JSON: a value on one line if it fits, otherwise its items on a line each.
pub(super) fn pretty(json: &str) -> String {
    let mut rest = json;
    let node = node(&mut rest);
    assert_eq!(rest.trim(), "", "more than one value in {json}");
    let mut shown = String::new();
    write(&node, 0, 0, &mut shown);
    shown
}

fn skip(rest: &mut &str, mark: char) -> bool {
    *rest = rest.trim_start();
    let found = rest.strip_prefix(mark);
    *rest = found.unwrap_or(rest);
    found.is_some()
}

fn scalar<'t>(rest: &mut &'t str) -> &'t str {
    *rest = rest.trim_start();
    let end = if let Some(text) = rest.strip_prefix('"') {
        let mut is_escaped = false;
        let end = text.find(|letter| {
            let ends = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            ends
        });
        end.unwrap() + 2
    } else {
        let end = rest.find(|letter: char| ",]}".contains(letter) || letter.is_whitespace());
        end.unwrap_or(rest.len())
    };
    let (word, after) = rest.split_at(end);
    *rest = after;
    word
}

fn node<'t>(rest: &mut &'t str) -> Node<'t> {
    if skip(rest, '[') {
        let mut items = Vec::new();
        while !skip(rest, ']') {
            items.push(node(rest));
            skip(rest, ',');
        }
        return Node::List(items);
    }
    if skip(rest, '{') {
        let mut members = Vec::new();
        while !skip(rest, '}') {
            let name = scalar(rest);
            assert!(skip(rest, ':'), "no value of {name}");
            members.push((name, node(rest)));
            skip(rest, ',');
        }
        return Node::Object(members);
    }
    Node::Scalar(scalar(rest))
}

fn flat(node: &Node<'_>) -> String {
    match node {
        Node::Scalar(text) => (*text).to_owned(),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(flat).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{name}: {}", flat(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Writes a value that stands at that depth behind `used` characters of its line.
fn write(node: &Node<'_>, depth: usize, used: usize, shown: &mut String) {
    let short = flat(node);
    let fits = 2 * depth + used + short.chars().count() <= WIDTH;
    let indent = "  ".repeat(depth + 1);
    let close = match node {
        Node::List(items) if !fits && !items.is_empty() => {
            shown.push('[');
            for (number, item) in items.iter().enumerate() {
                shown.push_str(if number > 0 { ",\n" } else { "\n" });
                shown.push_str(&indent);
                write(item, depth + 1, 1, shown);
            }
            ']'
        }
        Node::Object(members) if !fits && !members.is_empty() => {
            shown.push('{');
            for (number, (name, value)) in members.iter().enumerate() {
                shown.push_str(if number > 0 { ",\n" } else { "\n" });
                std::write!(shown, "{indent}{name}: ").unwrap();
                write(value, depth + 1, name.len() + 3, shown);
            }
            '}'
        }
        _ => return shown.push_str(&short),
    };
    std::write!(shown, "\n{}{close}", "  ".repeat(depth)).unwrap();
}

#[test]
fn only_tokens_times_codes_and_random_ids_may_differ() {
    let one = r#"{"id": 3, "at": "2026-11-23T11:54:41.120Z", "code": "K7QM-2XWD-9F4H-PT3C", "t": "parlor_abc…"}"#;
    let other = r#"{"id": 3, "at": "2027-01-03T01:02:03.456Z", "code": "AAAA-2XWD-9F4H-PT3C", "t": "eyJ0…"}"#;
    assert_eq!(masked(one), masked(other));
    assert_ne!(masked(one), masked(&one.replace('3', "4")));
    assert_ne!(masked(r#"{"seq": 3}"#), masked(r#"{"seq": 4}"#));
}

#[test]
fn json_is_formatted_in_its_own_order() {
    assert_eq!(
        pretty(r#"{"b":[1,2],"a":{"c":"x, \"y\""},"d":[],"e":{}}"#),
        r#"{"b": [1, 2], "a": {"c": "x, \"y\""}, "d": [], "e": {}}"#
    );
    let long = "x".repeat(100);
    assert_eq!(
        pretty(&format!(r#"{{"b":"{long}","a":[{{"c":1}}]}}"#)),
        format!("{{\n  \"b\": \"{long}\",\n  \"a\": [{{\"c\": 1}}]\n}}")
    );
    let answer = "HTTP/1.1 201 Created\r\nlocation: /api/rooms/7\r\ndate: now\r\n\r\n{\"id\":7}";
    assert_eq!(
        format(answer, "127.0.0.1:9"),
        "HTTP/1.1 201 Created\nlocation: /api/rooms/7\n\n{\"id\": 7}\n"
    );
}
