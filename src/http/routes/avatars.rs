//! `/api/me/avatar` and `/api/users/{id}/avatar`: pictures of people.

use std::fmt::Write;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Deserialize;

use crate::{
    domain::{Avatar, UserId},
    http::{
        AppState,
        extract::{AppBytes, AppQuery, Auth, PathUser},
        problem::Problem,
        statics,
    },
};

/// The largest picture.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// A picture of its own kind and nothing else: should a browser take it for a document all the
/// same, then for one that may do nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// Whether one may see it can change, so that only the asker's own browser keeps it, and not for long.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=60");

/// An address that names the present version never shows another picture.
const CACHE_VERSION: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

#[derive(Deserialize)]
pub(crate) struct ShowQuery {
    v: Option<String>,
}

pub(crate) async fn set(
    State(state): State<AppState>,
    auth: Auth,
    AppBytes(bytes): AppBytes,
) -> Result<StatusCode, Problem> {
    state
        .chat
        .set_avatar(&auth.caller, Some(bytes.into()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn clear(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<StatusCode, Problem> {
    state.chat.set_avatar(&auth.caller, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
    AppQuery(query): AppQuery<ShowQuery>,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let (Avatar { kind, bytes }, version) = state.chat.avatar(&auth.caller, UserId(user)).await?;
    let cache = match (version, query.v) {
        (Some(version), Some(wanted)) if wanted == version.to_string() => CACHE_VERSION,
        _ => CACHE,
    };
    let etag = tag(&bytes);
    let fresh = statics::is_known(&request, &etag);
    let mut response = Response::new(if fresh { Body::empty() } else { bytes.into() });
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    for (name, value) in [(header::CONTENT_TYPE, kind), (header::ETAG, etag)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

fn tag(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut tag = String::from("\"");
    for byte in digest.as_ref().iter().take(12) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}
