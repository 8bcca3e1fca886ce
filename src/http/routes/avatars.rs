//! `/api/me/avatar` and `/api/users/{id}/avatar`.

use std::fmt::Write;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{Avatar, UserId},
    http::{
        AppState,
        extract::{AppBytes, AppQuery, Auth, PathUser},
        problem::Problem,
        statics,
    },
};

/// Maximum size of a picture in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// If a browser treats the picture as a document, it may load nothing and run nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// The right to see it can change, so only the client's own cache may keep it, and only briefly.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=60");

/// The address with the current version always shows the same picture.
const CACHE_VERSION: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AvatarQuery {
    /// Version of the picture. If it is the present one, the answer may be kept for a year.
    v: Option<String>,
}

/// Sets the avatar. The body is the picture: PNG, JPEG, GIF or WebP, at most 1 MiB.
///
/// The picture is scaled to at most 480 pixels. Its metadata is removed.
#[utoipa::path(
    put,
    path = "/api/me/avatar",
    operation_id = "setAvatar",
    tag = "accounts",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file itself."),
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("unsupported_media_type too_large")))
)]
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

/// Removes the avatar.
#[utoipa::path(
    delete,
    path = "/api/me/avatar",
    operation_id = "removeAvatar",
    tag = "accounts",
    responses(
        (status = 204, description = "Done.")
    )
)]
pub(crate) async fn clear(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<StatusCode, Problem> {
    state.chat.set_avatar(&auth.caller, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the avatar of a user; without one, an SVG of the initials.
#[utoipa::path(
    get,
    path = "/api/users/{user_id}/avatar",
    operation_id = "getAvatar",
    tag = "users",
    params(AvatarQuery),
    responses(
        (status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/*"),
        (status = 304, description = "The client has the picture.")
    )
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
    AppQuery(query): AppQuery<AvatarQuery>,
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
