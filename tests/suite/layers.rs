//! The architecture, read from the source: who may import whom, and who may name what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The folders and their ranks. One imports only those of a lower rank, so there can be no circle.
/// `main.rs` only calls `cli`: both are the program.
const RANKS: [(&str, u8); 15] = [
    ("main", 9),
    ("cli", 8),
    ("bench", 7),
    ("server", 6),
    ("http", 5),
    ("socket", 4),
    ("chat", 3),
    ("auth", 2),
    ("hub", 2),
    ("media", 2),
    ("store", 2),
    ("config", 1),
    ("telemetry", 1),
    ("protocol", 1),
    ("domain", 0),
];

const MOST_LINES: usize = 400;

/// One file of `src/`.
struct Source {
    path: PathBuf,
    folder: String,
    text: String,
    /// The text without comments and literals.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(
        found.len() > 50,
        "only {} files in {}",
        found.len(),
        root.display()
    );
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let inner = path.strip_prefix(root).unwrap().to_owned();
            let first = inner.components().next().unwrap();
            let folder = Path::new(first.as_os_str()).file_stem().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source {
                folder: folder.to_str().unwrap().to_owned(),
                path: inner,
                code: code(&text),
                text,
            });
        }
    }
}

/// The text without comments and the insides of strings and characters.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            string(rest)
        } else if let Some(length) = raw_string(rest) {
            length
        } else {
            character(rest).unwrap_or(0)
        };
        if skip > 0 {
            code.push(' ');
            rest = &rest[skip..];
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

/// The length of the string that `text` begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let hashes = text
        .strip_prefix('r')?
        .chars()
        .take_while(|c| *c == '#')
        .count();
    text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    Some(
        text[start..]
            .find(&end)
            .map_or(text.len(), |at| start + at + end.len()),
    )
}

/// The length of the character that `text` begins with; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let escaped = usize::from(inner.starts_with('\\'));
    let closing = inner
        .char_indices()
        .skip(1 + escaped)
        .find(|(_, c)| *c == '\'');
    let (at, _) = closing?;
    (escaped == 1 || inner.chars().count() > 1 && inner[..at].chars().count() == 1)
        .then_some(at + 2)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether the code holds that name, and not only as a part of another.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// What follows the crate's name in every path: `crate::a::b` and `crate::{a::b, c}` name a and c.
fn imports(code: &str, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(root) {
        let before = code[..at].chars().next_back();
        // `pub(in crate::…)` opens something to a folder and imports nothing.
        if before.is_some_and(is_word) || code[..at].ends_with("(in ") {
            continue;
        }
        let rest = code[at + root.len()..].trim_start();
        match rest.strip_prefix('{') {
            Some(tree) => found.extend(branches(tree)),
            None => found.extend(word(rest)),
        }
    }
    found
}

fn word(text: &str) -> Option<String> {
    let word: String = text
        .trim_start()
        .chars()
        .take_while(|c| is_word(*c))
        .collect();
    (!word.is_empty()).then_some(word)
}

/// The first name of each branch of a `use` tree, up to its closing brace.
fn branches(tree: &str) -> BTreeSet<String> {
    let (mut depth, mut start, mut found) = (0, 0, BTreeSet::new());
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.extend(word(&tree[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn the_reader_of_source_sees_what_is_imported() {
    let source = r#"
        use crate::{domain::{RoomId, Seq}, store, // crate::http
            hub::Hub};
        pub(in crate::store) fn f(c: char) -> &'static str { crate::config::X; '"'; '\''; "crate::server" }
        use not_crate::chat; fn g<'a>(x: &'a str) { crate::auth::y('a') }
    "#;
    let found = imports(&code(source), "crate::");
    assert_eq!(
        Vec::from_iter(found),
        ["auth", "config", "domain", "hub", "store"]
    );
    assert!(names("use axum::Json;", "axum") && !names("axum_extra taxum", "axum"));
}

#[test]
fn a_folder_imports_only_folders_of_lower_rank() {
    let ranks = BTreeMap::from(RANKS);
    let mut broken = Vec::new();
    for source in sources() {
        if source.path == Path::new("lib.rs") {
            continue;
        }
        let Some(rank) = ranks.get(source.folder.as_str()) else {
            broken.push(format!("{} is in no known folder", source.path.display()));
            continue;
        };
        // The program uses the library by its name, the library itself does not.
        let mut found = imports(&source.code, "crate::");
        found.extend(imports(&source.code, "parlor::"));
        for name in found {
            match ranks.get(name.as_str()) {
                _ if name == source.folder => {}
                Some(lower) if lower < rank => {}
                Some(_) => broken.push(format!("{} imports {name}", source.path.display())),
                None => broken.push(format!("{} names crate::{name}", source.path.display())),
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_folder_reaches_others_by_the_crate_alone() {
    let folders = RANKS.map(|(name, _)| name);
    let mut broken = Vec::new();
    for source in sources() {
        // At a folder's own root `super` is the crate; below it, folders may share a file's name.
        let is_root = source.path.components().count() == 1 || source.path.ends_with("mod.rs");
        if !is_root || source.path.components().count() > 2 {
            continue;
        }
        let own = source.code.split("#[cfg(test)]").next().unwrap();
        let found = imports(own, "super::");
        broken.extend(
            found
                .iter()
                .filter(|name| folders.contains(&name.as_str()))
                .map(|name| format!("{} names super::{name}", source.path.display())),
        );
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_one_folder_knows_the_database_and_one_the_web() {
    let mut broken = Vec::new();
    for source in sources() {
        let folder = source.folder.as_str();
        for (name, home) in [("sqlx", "store"), ("axum", "http")] {
            if folder != home && names(&source.code, name) {
                broken.push(format!("{} names {name}", source.path.display()));
            }
        }
        if folder == "domain" && names(&source.code, "tokio") {
            broken.push(format!("{} names tokio", source.path.display()));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_file_is_long() {
    let long: Vec<_> = sources()
        .iter()
        .map(|source| (source.path.clone(), source.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines: {long:#?}");
}
