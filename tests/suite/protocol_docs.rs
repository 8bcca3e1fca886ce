//! The pages in `docs/protocol/`: runs their examples and compares what they show with what the server does.
//!
//! `UPDATE_DOCS=1 cargo test --test suite protocol_docs` writes the real answers into the pages.

mod client;
mod examples;
mod frames;
mod output;
mod page;
mod page_text;
mod tables;
mod terminal;

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// Returns the folder of the pages.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/protocol")
}

/// Returns whether the pages are to be rewritten rather than checked.
fn is_update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// Returns the names of the pages, in a fixed order.
fn page_names() -> Vec<String> {
    let files = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let names = files.map(|name| name.into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name != "SUMMARY.md" && name.strip_suffix(".md").is_some())
        .collect();
    names.sort();
    assert!(names.len() > 12, "pages are missing: {names:?}");
    names
}

fn read_page(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the text of a page and what `change` makes of it, which is stored if pages are to be rewritten.
///
/// Tests run side by side, and each changes other parts of a page: `change` must keep the rest of what it is given.
fn rewritten(name: &str, change: impl FnOnce(&str) -> String) -> (String, String) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let shown = read_page(name);
    let changed = change(&shown);
    if is_update() && changed != shown {
        fs::write(folder().join(name), &changed).unwrap();
    }
    (shown, changed)
}

/// Fails with the lines in which a page differs from what it should be, unless pages are to be rewritten.
fn assert_same(name: &str, (shown, real): &(String, String)) {
    if is_update() || shown == real {
        return;
    }
    let mut lines = shown.lines().zip(real.lines()).enumerate();
    let different = lines.find(|(_, (shown, real))| shown != real);
    let (number, (shown, real)) = different.unwrap_or((0, ("another number of lines", "")));
    panic!(
        "run it with UPDATE_DOCS=1 and look at the difference: docs/protocol/{name}:{}\n  page:   {shown}\n  \
         server: {real}",
        number + 1
    );
}

#[test]
fn summary_lists_every_page() {
    let summary = read_page("SUMMARY.md");
    for name in page_names() {
        let link = format!("({name})");
        assert_eq!(summary.matches(&link).count(), 1, "{name} in SUMMARY.md");
    }
}

/// Returns the anchor that renderers give to a heading.
fn anchor(heading: &str) -> String {
    let mut anchor = String::new();
    for letter in heading.trim().chars().flat_map(char::to_lowercase) {
        match letter {
            ' ' | '-' => anchor.push('-'),
            letter if letter.is_alphanumeric() || letter == '_' => anchor.push(letter),
            _ => {}
        }
    }
    anchor
}

#[test]
fn links_between_the_pages_lead_to_a_heading() {
    let names = page_names();
    let mut checked = 0;
    for name in &names {
        for link in read_page(name).split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if target.contains("://") || target.starts_with("../") {
                continue;
            }
            let (file, part) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { name } else { file };
            assert!(
                names.iter().any(|name| name == file),
                "{name}: no page {file}"
            );
            let text = read_page(file);
            let is_there = part.is_empty()
                || text
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| anchor(line.trim_start_matches('#')) == part);
            assert!(is_there, "{name}: no heading for {target}");
            checked += 1;
        }
    }
    assert!(checked > 40, "only {checked} links were found");
}
