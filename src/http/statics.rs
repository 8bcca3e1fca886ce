//! The page: files of `static/`, embedded in the binary.

use std::{borrow::Cow, fmt::Write};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{AppState, problem::Problem};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

const INDEX: &str = "index.html";

/// What is worked out once about the page.
pub(super) struct Statics {
    csp: HeaderValue,
}

impl Statics {
    pub(super) fn new() -> Self {
        let index = Files::get(INDEX).map(|file| file.data).unwrap_or_default();
        let csp = policy(&String::from_utf8_lossy(&index));
        Self {
            csp: HeaderValue::from_str(&csp)
                .unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }
}

/// Nothing but our own files; of inline scripts only the import map, by its hash.
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
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// Answers whatever no route did: a file of the page, the page itself for its own addresses, or a
/// refusal.
pub(super) async fn fallback(State(state): State<AppState>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::not_found().into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let name = if is_page(path) { INDEX } else { path };
    match Files::get(name) {
        Some(file) => serve(&state.statics, name, file, request.headers()),
        None => Problem::not_found().into_response(),
    }
}

/// Addresses that the page itself takes apart.
fn is_page(path: &str) -> bool {
    path.is_empty()
        || path.starts_with("r/")
        || path.starts_with("i/")
        || path.starts_with("reset/")
}

/// Whether whoever asks has this version already.
pub(super) fn is_known(request: &HeaderMap, etag: &str) -> bool {
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    // Compression weakens a tag on its way out, so that the same file may come back as W/"…".
    known
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag)
}

fn serve(statics: &Statics, name: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let mut etag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    let fresh = is_known(request, &etag);

    let body = match file.data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = Response::new(if fresh { Body::empty() } else { body });
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let kind = match kind.type_() {
        mime_guess::mime::TEXT => format!("{}; charset=utf-8", kind.essence_str()),
        _ => kind.essence_str().to_owned(),
    };
    for (name, value) in [(header::CONTENT_TYPE, kind), (header::ETAG, etag)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if name == INDEX {
        headers.insert(header::CONTENT_SECURITY_POLICY, statics.csp.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_import_map_is_let_through_by_its_hash() {
        let csp = policy("<script type=\"importmap\">{}</script><script src=x></script>");
        assert!(
            csp.contains(
                "script-src 'self' 'sha256-RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=';"
            ),
            "{csp}"
        );
        assert!(!csp.contains("unsafe"), "{csp}");
    }
}
