//! Runs the examples of every page in a shell, against a server of its own.

use std::{collections::BTreeSet, fs, path::Path};

use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};

use super::{
    assert_same, output,
    page::{self, Part},
    page_names, read_page, rewritten,
    tables::Document,
};
use crate::{
    readme::Shell,
    support::{Room, TestServer, User},
};

/// Makes the users and the room that `README.md` of the protocol describes.
pub(super) async fn people(server: &TestServer) -> ([User; 3], Room) {
    let mut users = Vec::new();
    for (username, display_name) in [("ana", "Ana"), ("ben", "Ben"), ("cleo", "Cleo")] {
        let user = server.user(username).await;
        let profile = json!({ "display_name": display_name });
        user.patch("/api/me", profile).await.expect(200);
        users.push(user);
    }
    let room = users[0].create_room("lobby").await;
    users[1].join(&room.code).await.expect(200);
    users[1].send_message(&room, "Lunch at noon?").await;
    let users = users.try_into().unwrap_or_else(|_| unreachable!());
    (users, room)
}

/// Sets the variables that `README.md` of the protocol describes.
async fn set_variables(server: &TestServer, shell: &mut Shell) {
    let (users, room) = people(server).await;
    for user in users {
        let header = format!("Authorization: Bearer {}", user.token);
        let name = user.name.to_uppercase();
        shell.run(&format!("{name}={}", quoted(&header))).await;
    }
    let code = quoted(&room.code);
    let url = format!("http://{}", server.address);
    shell.run(&format!("URL={url}; CODE={code}")).await;
}

fn quoted(text: &str) -> String {
    assert!(!text.contains('\''), "{text}");
    format!("'{text}'")
}

/// Files that the examples send, and settings of `curl` that make its output the same everywhere.
fn prepare_folder(folder: &Path) {
    for (name, size) in [("face.png", 64), ("photo.png", 640)] {
        let picture = DynamicImage::new_rgb8(size, size * 3 / 4);
        picture
            .save_with_format(folder.join(name), ImageFormat::Png)
            .unwrap();
    }
    let settings = "silent\nshow-error\nuser-agent = \"curl\"\n";
    fs::write(folder.join(".curlrc"), settings).unwrap();
}

/// Fills the pointers of a template from a JSON answer: `Bearer {/access_token}`.
fn filled(template: &str, answer: &str) -> String {
    let json = answer.rsplit("\r\n\r\n").next().unwrap_or_default();
    let json: Value =
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {answer}"));
    let (before, rest) = template.split_once('{').expect("a {/pointer}");
    let (pointer, after) = rest.split_once('}').expect("a pointer that ends");
    let value = match json.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => panic!("no {pointer} in {answer}"),
    };
    format!("{before}{value}{after}")
}

/// Runs the examples of a page and returns its parts with the output of the server.
async fn run_page(name: &str) -> Vec<Part> {
    let server = TestServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    prepare_folder(folder.path());
    let mut shell = Shell::start(folder.path());
    shell
        .run(&format!("export CURL_HOME={}", folder.path().display()))
        .await;
    set_variables(&server, &mut shell).await;
    let address = server.address.to_string();
    let mut parts = page::parse(&read_page(name));
    let mut last = String::new();
    for part in &mut parts {
        match part {
            Part::Examples(examples) => {
                for example in examples {
                    last = shell.run(&example.command).await;
                    let output = output::format(&last, &address);
                    // Keep the shown output if only masked values differ, so that an update changes little.
                    if output::masked(&output) != output::masked(&example.output) {
                        example.output = output;
                    }
                }
            }
            Part::Run(command) => last = shell.run(command).await,
            Part::Set { name, template } => {
                let value = filled(template, &last);
                shell.run(&format!("{name}={}", quoted(&value))).await;
            }
            Part::Text(_) | Part::Generated { .. } => {}
        }
    }
    drop(shell);
    server.stopped().await;
    parts
}

#[tokio::test]
async fn examples_show_the_real_responses() {
    for name in page_names() {
        let ran = run_page(&name).await;
        let pages = rewritten(&name, |page| {
            let mut parts = page::parse(page);
            for (part, ran) in parts.iter_mut().zip(ran) {
                if matches!(part, Part::Examples(_)) {
                    *part = ran;
                }
            }
            page::render(&parts)
        });
        assert_same(&name, &pages);
    }
}

/// Returns the method and the path that a command asks for.
fn requested(command: &str) -> Option<(String, String)> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |option: &str| {
        let at = words.iter().position(|word| *word == option)?;
        words.get(at + 1).copied()
    };
    let has_body = ["-d", "--json", "--data-binary"]
        .iter()
        .any(|option| words.contains(option));
    let method = match after("-X") {
        Some(method) => method,
        None if words.contains(&"-T") => "PUT",
        None if has_body => "POST",
        None => "GET",
    };
    let address = words
        .iter()
        .find_map(|word| word.trim_matches('"').strip_prefix("$URL"))?;
    let mut path = address.split('?').next()?.to_owned();
    if path.ends_with('/') && words.contains(&"-T") {
        path += after("-T")?;
    }
    Some((method.to_owned(), path))
}

/// Returns whether a path is one of those that the template of an operation stands for.
fn matches_template(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    let parts: Vec<_> = template.clone().zip(path.clone()).collect();
    template.count() == path.count()
        && parts.iter().all(|(template, part)| {
            template == part || (template.starts_with('{') && !part.is_empty())
        })
}

/// Returns the operation that a command asks for: the one with the fewest parameters that fits.
fn operation_of(command: &str, operations: &BTreeSet<String>) -> Option<String> {
    let (method, path) = requested(command)?;
    let fitting = operations.iter().filter(|operation| {
        let (its_method, template) = operation.split_once(' ').unwrap();
        its_method == method && matches_template(template, &path)
    });
    fitting
        .min_by_key(|operation| operation.matches('{').count())
        .cloned()
}

/// Returns every operation that the program describes.
fn operations() -> BTreeSet<String> {
    Document::of_program().operations().into_iter().collect()
}

#[test]
fn every_operation_has_a_section_with_an_example() {
    let operations = operations();
    assert!(operations.len() > 80, "{operations:?}");
    let (mut sections, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for name in page_names() {
        let mut section = None;
        for part in page::parse(&read_page(&name)) {
            match part {
                Part::Generated { operation, .. } if operation != "types" => {
                    assert!(
                        operations.contains(&operation),
                        "{name}: no operation {operation}"
                    );
                    assert!(
                        sections.insert(operation.clone()),
                        "{name}: {operation} has two sections"
                    );
                    section = Some(operation);
                }
                Part::Examples(examples) => {
                    let of = examples.iter();
                    let of = of.map(|example| operation_of(&example.command, &operations));
                    shown.extend(of.flatten().filter(|one| Some(one) == section.as_ref()));
                }
                _ => {}
            }
        }
    }
    let missing = |found: &BTreeSet<String>| {
        let missing = operations.difference(found);
        missing.cloned().collect::<Vec<_>>()
    };
    assert_eq!(missing(&sections), [""; 0], "operations without a section");
    assert_eq!(
        missing(&shown),
        [""; 0],
        "operations without an example in their section"
    );
}

#[test]
fn commands_are_matched_to_operations() {
    let operations = operations();
    for (command, operation) in [
        (
            "curl -H \"$ANA\" \"$URL/api/rooms?discover=1\"",
            "GET /api/rooms",
        ),
        (
            "curl -i -X DELETE $URL/api/rooms/1/members/me",
            "DELETE /api/rooms/{room_id}/members/me",
        ),
        (
            "curl -T a.png $URL/api/rooms/1/files/",
            "PUT /api/rooms/{room_id}/files/{name}",
        ),
        (
            "curl -d x $URL/api/rooms/1/messages",
            "POST /api/rooms/{room_id}/messages",
        ),
    ] {
        assert_eq!(
            operation_of(command, &operations).as_deref(),
            Some(operation),
            "{command}"
        );
    }
    assert_eq!(operation_of("curl $URL/api/nothing", &operations), None);
}
