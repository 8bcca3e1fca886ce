//! The page: files of `static/`, embedded in the binary.

use std::{borrow::Cow, fmt::Write, path::Path, sync::Arc};

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use dashmap::DashMap;
use headers::{HeaderMapExt, IfNoneMatch};
use rust_embed::RustEmbed;

use super::{
    AppState,
    gzip::{self, NoCompression, Smaller},
    problem::Problem,
};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

const INDEX: &str = "index.html";
const SERVICE_WORKER: &str = "sw.js";
const BUILD: &str = "build.js";
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Prefixes of addresses that the page itself routes.
const PAGES: [&str; 3] = ["r/", "i/", "reset/"];

/// Properties of the page that are computed once.
pub(super) struct Statics {
    csp: HeaderValue,
    /// Requested files by name; at most as many as there are files.
    assets: DashMap<String, Arc<Asset>>,
}

/// A file as it is sent.
struct Asset {
    hash: [u8; 32],
    bytes: Bytes,
    smaller: Smaller,
    tag: String,
    kind: HeaderValue,
    is_text: bool,
}

impl Statics {
    pub(super) fn new() -> Self {
        let index = Files::get(INDEX).map(|file| file.data).unwrap_or_default();
        let csp = policy(&String::from_utf8_lossy(&index));
        Self {
            csp: HeaderValue::from_str(&csp)
                .unwrap_or(HeaderValue::from_static("default-src 'none'")),
            assets: DashMap::new(),
        }
    }

    /// Returns a file of the page. Debug builds read files from disk and reload changed ones.
    fn asset(&self, name: &str) -> Option<Arc<Asset>> {
        let kept = self.assets.get(name).map(|asset| asset.clone());
        if kept.is_some() && !cfg!(debug_assertions) {
            return kept;
        }
        let (bytes, hash) = load(name)?;
        if let Some(asset) = kept.filter(|asset| asset.hash == hash) {
            return Some(asset);
        }
        let asset = Arc::new(Asset::new(name, bytes, hash));
        self.assets.insert(name.to_owned(), asset.clone());
        Some(asset)
    }
}

impl Asset {
    fn new(name: &str, bytes: Cow<'static, [u8]>, hash: [u8; 32]) -> Self {
        let kind = mime_guess::from_path(name).first_or_octet_stream();
        let is_image = kind.type_() == mime_guess::mime::IMAGE;
        let kind = match kind.type_() {
            mime_guess::mime::TEXT => format!("{}; charset=utf-8", kind.essence_str()),
            _ => kind.essence_str().to_owned(),
        };
        Self {
            hash,
            bytes: match minify(name, bytes) {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into_boxed_slice().into(),
            },
            smaller: Smaller::new(),
            tag: tag(&hash),
            is_text: !is_image || kind == "image/svg+xml",
            kind: HeaderValue::from_str(&kind).unwrap_or(OCTETS),
        }
    }
}

/// Returns the content security policy: only the server's own files, and of inline scripts only the import map, by its
/// hash. The policy `parlor` of the page allows only the service worker as a script address.
fn policy(index: &str) -> String {
    let mut scripts = String::from("'self'");
    for map in index.split("<script type=\"importmap\">").skip(1) {
        let Some((map, _)) = map.split_once("</script>") else {
            continue;
        };
        let digest = ring::digest::digest(&ring::digest::SHA256, map.as_bytes());
        let _ = write!(scripts, " 'sha256-{}'", STANDARD.encode(digest));
    }
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types parlor"
    )
}

/// Answers requests that match no route: a file, the page for its own addresses, or 404. A browser that opens an
/// unknown address gets the page, which shows the error.
pub(super) async fn fallback(State(state): State<AppState>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::not_found().into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let name = if is_page(path) { INDEX } else { path };
    if let Some(found) = serve(&state.statics, name, request.headers()) {
        return found;
    }
    // A person who follows a broken link gets a readable page.
    if asks_for_a_page(request.headers())
        && let Some(mut page) = serve(
            &state.statics,
            INDEX,
            &without_what_is_known(request.headers()),
        )
    {
        *page.status_mut() = StatusCode::NOT_FOUND;
        return page;
    }
    Problem::not_found().into_response()
}

/// Returns the headers without the conditions of a cached copy.
fn without_what_is_known(request: &HeaderMap) -> HeaderMap {
    let mut request = request.clone();
    request.remove(header::IF_NONE_MATCH);
    request
}

/// Returns whether a browser opens the address. Scripts and programs do not ask for HTML.
fn asks_for_a_page(request: &HeaderMap) -> bool {
    let accepted = request
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

/// Returns a file and its hash.
fn load(name: &str) -> Option<(Cow<'static, [u8]>, [u8; 32])> {
    if name == BUILD {
        let script = build_script().into_bytes();
        let hash = digest(&script);
        return Some((Cow::Owned(script), hash));
    }
    let file = Files::get(name)?;
    Some((file.data, file.metadata.sha256_hash()))
}

fn is_page(path: &str) -> bool {
    path.is_empty() || PAGES.iter().any(|start| path.starts_with(start))
}

/// Returns the list of files for the service worker: `const BUILD = {version, pages, files: {"/app.js": tag, …}}`. The
/// version covers all files.
fn build_script() -> String {
    let mut names: Vec<_> = Files::iter().filter(|name| is_kept(name)).collect();
    names.sort_unstable();
    let mut files = serde_json::Map::new();
    for name in names {
        let Some(file) = Files::get(&name) else {
            continue;
        };
        let address = if name == INDEX {
            "/".to_owned()
        } else {
            format!("/{name}")
        };
        files.insert(address, tag(&file.metadata.sha256_hash()).into());
    }
    let version = digest(serde_json::json!(files).to_string().as_bytes());
    let pages = PAGES.map(|start| format!("/{start}"));
    let build = serde_json::json!({ "version": hex(&version), "pages": pages, "files": files });
    format!("const BUILD = {build};\n")
}

/// Removes the comments of the page's own scripts, a sixth of their size. The lines stay, empty, so that line numbers
/// match the source.
fn minify(name: &str, bytes: Cow<'static, [u8]>) -> Cow<'static, [u8]> {
    let is_script = Path::new(name).extension().is_some_and(|end| end == "js");
    if !is_script || name.starts_with("vendor/") {
        return bytes;
    }
    match std::str::from_utf8(&bytes) {
        Ok(script) => Cow::Owned(without_comments(script).into_bytes()),
        Err(_) => bytes,
    }
}

/// Empties lines that contain only a comment: `// …`, and `/* … */` from the start of a line to the end of that or a
/// later line.
fn without_comments(script: &str) -> String {
    let mut code = String::with_capacity(script.len());
    let mut inside = false;
    for line in script.lines() {
        let text = line.trim();
        let comment = if inside {
            Some(text)
        } else {
            text.strip_prefix("/*")
        };
        if let Some(comment) = comment {
            let behind = comment.split_once("*/").map(|(_, behind)| behind);
            inside = behind.is_none();
            code.push_str(behind.unwrap_or_default().trim_start());
        } else if !text.starts_with("//") {
            // Indentation means nothing in scripts: templates of several lines are HTML.
            push_without_casts(&mut code, line.trim_start());
        }
        code.push('\n');
    }
    code
}

/// Appends a line without its type casts: `/** @type {…} */ (value)`.
fn push_without_casts(code: &mut String, mut line: &str) {
    while let Some((before, cast)) = line.split_once("/** @") {
        code.push_str(before);
        line = cast
            .split_once("*/")
            .map_or("", |(_, behind)| behind.trim_start());
    }
    code.push_str(line);
}

/// Licences and icons are not what the page needs to open.
fn is_kept(name: &str) -> bool {
    name != SERVICE_WORKER
        && !name.starts_with("icons/")
        && !name.starts_with("vendor/LICENSE")
        && !name.ends_with(".lock.json")
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    hash
}

fn hex(hash: &[u8; 32]) -> String {
    let mut text = String::new();
    for byte in &hash[..12] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns the entity tag of a file.
fn tag(hash: &[u8; 32]) -> String {
    format!("\"{}\"", hex(hash))
}

/// Returns whether the client has this version. The tag of a compressed file is weak and counts as equal.
pub(super) fn is_known(request: &HeaderMap, etag: &str) -> bool {
    let Some(known) = request.typed_get::<IfNoneMatch>() else {
        return false;
    };
    etag.parse()
        .is_ok_and(|etag| !known.precondition_passes(&etag))
}

fn serve(statics: &Statics, name: &str, request: &HeaderMap) -> Option<Response> {
    let asset = statics.asset(name)?;
    let mut headers = HeaderMap::new();
    let body = if asset.is_text {
        gzip::encode(request, &asset.bytes, &asset.smaller, &mut headers)
    } else {
        asset.bytes.clone()
    };
    // A strong tag identifies exact bytes; a compressed variant therefore has a weak tag.
    let weak = if headers.contains_key(header::CONTENT_ENCODING) {
        "W/"
    } else {
        ""
    };
    if let Ok(tag) = HeaderValue::from_str(&format!("{weak}{}", asset.tag)) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if name == INDEX {
        headers.insert(header::CONTENT_SECURITY_POLICY, statics.csp.clone());
    }
    headers.insert(header::CONTENT_TYPE, asset.kind.clone());
    if is_known(request, &asset.tag) {
        headers.remove(header::CONTENT_ENCODING);
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // An uncompressed answer must not be compressed later under the tag of the plain bytes.
    Some((Extension(NoCompression), headers, Body::from(body)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csp_allows_the_import_map_by_hash() {
        let csp = policy("<script type=\"importmap\">{}</script><script src=x></script>");
        assert!(
            csp.contains(
                "script-src 'self' 'sha256-RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=';"
            ),
            "{csp}"
        );
        assert!(!csp.contains("unsafe"), "{csp}");
    }

    #[test]
    fn removed_comments_keep_line_numbers() {
        let script = "// what it is\nconst a = 1; // kept\n\n/** Why.\n * More. */\n  /* one line */\n\
                      const b = \"// no comment\";\n/* two\nlines */ const c = 1;\n/* and */ d();\n    // the end\n";
        assert_eq!(
            without_comments(script),
            "\nconst a = 1; // kept\n\n\n\n\nconst b = \"// no comment\";\n\nconst c = 1;\nd();\n\n"
        );
    }

    #[test]
    fn indentation_is_removed() {
        let script = "if (a) {\n  b(\n    `<p>\n      c  </p>`,\n\t);\n}\n";
        assert_eq!(
            without_comments(script),
            "if (a) {\nb(\n`<p>\nc  </p>`,\n);\n}\n"
        );
    }

    #[test]
    fn type_casts_are_removed() {
        assert_eq!(
            without_comments(
                "a(/** @type {B} */ (b), /** @type {C} */ c);\n/** @type {D} */ (d).e();\n"
            ),
            "a((b), c);\n(d).e();\n"
        );
    }

    #[test]
    fn service_worker_lists_all_page_files() {
        let script = build_script();
        let json = script
            .strip_prefix("const BUILD = ")
            .and_then(|rest| rest.strip_suffix(";\n"))
            .expect("one assignment");
        let build: serde_json::Value = serde_json::from_str(json).expect("JSON");
        let files = build["files"].as_object().expect("files");
        for name in [
            "/",
            "/app.js",
            "/css/tokens.css",
            "/lang/en.json",
            "/vendor/preact.js",
        ] {
            assert!(files.contains_key(name), "{name} in {script}");
        }
        for name in ["/index.html", "/sw.js", "/vendor/vendor.lock.json"] {
            assert!(!files.contains_key(name), "{name} in {script}");
        }
        assert_eq!(
            build["version"].as_str().map(str::len),
            Some(24),
            "{script}"
        );
    }
}
