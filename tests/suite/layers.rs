//! The architecture, read from the source: who may import whom, and who may name what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The folders and their ranks. One imports only those of a lower rank, so there can be no circle.
/// `main.rs` only calls `cli`: both are the program.
const RANKS: [(&str, u8); 16] = [
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
    ("sync", 0),
];

/// One file of `src/`.
struct Source {
    path: PathBuf,
    folder: String,
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

/// Returns the names that follow the crate's name in paths: `crate::a::b` and `crate::{a::b, c}` name a and c.
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
fn source_parser_finds_imports() {
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
fn folder_imports_only_folders_of_lower_rank() {
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
fn folder_names_others_from_the_crate_root() {
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

/// The module that a file is: `store/sqlite/mod.rs` is `store::sqlite`.
type Module = Vec<String>;

fn module(path: &Path) -> Module {
    let path = path.with_extension("");
    let parts = path.iter().map(|part| part.to_str().unwrap().to_owned());
    let mut module: Module = parts.collect();
    if module.last().is_some_and(|last| last == "mod") || module == ["lib"] {
        module.pop();
    }
    module
}

/// Parses a path or a `use` tree, and leaves what follows it: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(text: &mut &str) -> Vec<Module> {
    let mut path = Module::new();
    loop {
        *text = text.trim_start();
        if let Some(tree) = text.strip_prefix('{') {
            *text = tree;
            let mut found = Vec::new();
            loop {
                *text = text.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
                if text.is_empty() || text.starts_with('}') {
                    *text = text.get(1..).unwrap_or_default();
                    return found;
                }
                let before = text.len();
                let branches = paths(text);
                found.extend(branches.into_iter().map(|rest| [&path[..], &rest].concat()));
                // An alias, or what is no tree after all.
                if let Some(alias) = text.trim_start().strip_prefix("as ") {
                    *text = alias.trim_start().trim_start_matches(is_word);
                } else if text.len() == before {
                    return found;
                }
            }
        }
        let Some(name) = word(text) else {
            return vec![path];
        };
        *text = &text[name.len()..];
        path.push(name);
        match text.strip_prefix("::") {
            Some(rest) => *text = rest,
            None => return vec![path],
        }
    }
}

/// The modules with files of their own that a file imports something from, its own parents left out: a file may use
/// what its parents hold, since they are its name.
fn imported(module: &Module, code: &str, modules: &BTreeSet<Module>) -> BTreeSet<Module> {
    let children = modules.iter().filter_map(|child| {
        let (name, parent) = child.split_last()?;
        (parent == module).then_some(name.as_str())
    });
    let parent = &module[..module.len().saturating_sub(1)];
    let mut heads: Vec<(&str, Module)> = children
        .map(|name| (name, [&module[..], &[name.to_owned()]].concat()))
        .collect();
    heads.push(("crate", Module::new()));
    heads.push(("super", parent.to_vec()));
    heads.push(("self", module.clone()));

    // Tests come last in a file, and may use whoever they test.
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for (head, base) in heads {
        let head = format!("{head}::");
        for (at, _) in code.match_indices(&head) {
            let before = &code[..at];
            if before.ends_with(|c| is_word(c) || c == ':') || before.ends_with("(in ") {
                continue;
            }
            for path in paths(&mut &code[at + head.len()..]) {
                let mut target = base.clone();
                for name in path {
                    if name == "super" {
                        target.pop();
                        continue;
                    }
                    target.push(name);
                    if !modules.contains(&target) {
                        target.pop();
                        break;
                    }
                }
                if modules.contains(&target) && !module.starts_with(&target) {
                    found.insert(target);
                }
            }
        }
    }
    found
}

/// Which file imports from which.
fn graph<'s>(
    files: impl Iterator<Item = (&'s Path, &'s str)>,
) -> BTreeMap<Module, BTreeSet<Module>> {
    let files: Vec<_> = files.map(|(path, code)| (module(path), code)).collect();
    let modules = files.iter().map(|(module, _)| module.clone()).collect();
    let imports = files.into_iter().map(|(module, code)| {
        let imported = imported(&module, code, &modules);
        (module, imported)
    });
    imports.collect()
}

/// A cycle of imports, if there is one.
fn cycle(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    fn visit(
        at: &Module,
        graph: &BTreeMap<Module, BTreeSet<Module>>,
        path: &mut Vec<Module>,
        seen: &mut BTreeSet<Module>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|before| before == at) {
            let names = path[start..].iter().map(|module| module.join("::"));
            return Some(names.collect());
        }
        if !seen.insert(at.clone()) {
            return None;
        }
        path.push(at.clone());
        let next = graph.get(at).into_iter().flatten();
        let found = next
            .into_iter()
            .find_map(|next| visit(next, graph, path, seen));
        path.pop();
        found
    }
    let mut seen = BTreeSet::new();
    graph
        .keys()
        .find_map(|module| visit(module, graph, &mut Vec::new(), &mut seen))
}

#[test]
fn import_parser_finds_a_cycle() {
    let cycle_of = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(path, code)| (Path::new(*path), *code));
        cycle(&graph(files))
    };
    let root = ("a/mod.rs", "mod b; mod c; pub use b::B; pub struct Shared;");
    let one = ("a/b.rs", "use super::{Shared, c::{self, C as D}};");
    assert_eq!(
        cycle_of(&[root, one, ("a/c.rs", "use super::Shared;")]),
        None
    );
    for other in [
        "use super::b::B;",
        "use crate::{x, a::{Shared, b::B}};",
        "fn f() { super::b::g::<u8>(1) }",
        "macro_rules! m { () => { $crate::a::b::g() } }",
    ] {
        let found = cycle_of(&[root, one, ("a/c.rs", other)]);
        assert_eq!(found.unwrap(), ["a::b", "a::c"], "{other}");
    }
    for other in [
        "pub(in super::b) fn f() {}",
        "use other::super_b::b::B;",
        "#[cfg(test)] mod tests { use super::super::b::B; }",
    ] {
        assert_eq!(cycle_of(&[root, one, ("a/c.rs", other)]), None, "{other}");
    }
    // Three of them, one in a folder below; what is in a folder's root belongs to the root.
    let found = cycle_of(&[
        ("a.rs", "mod b;"),
        ("a/b.rs", "use crate::c;"),
        ("c.rs", "use crate::d::D;"),
        ("d/mod.rs", "use crate::a::b::B; struct D;"),
    ]);
    assert_eq!(found.unwrap(), ["a::b", "c", "d"]);
}

#[test]
fn files_do_not_import_each_other_in_a_cycle() {
    let sources = sources();
    let files = sources.iter();
    let graph = graph(files.map(|source| (source.path.as_path(), source.code.as_str())));
    let imports: usize = graph.values().map(BTreeSet::len).sum();
    assert!(imports > 300, "only {imports} imports were found");
    assert_eq!(cycle(&graph), None);
}

#[test]
fn only_store_uses_sqlx_and_only_http_uses_axum() {
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
