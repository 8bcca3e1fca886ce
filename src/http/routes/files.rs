//! `/api/rooms/{id}/files` and `/api/files/{id}`: uploads and downloads.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, BodyDataStream, Bytes},
    extract::{FromRequestParts, RawPathParams, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt, future, stream};
use hyper::body::Body as _;
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::IntoParams;

use crate::{
    chat::{ChatError, Part},
    domain::{FileId, StoredFile},
    http::{
        AppState,
        body::streamed,
        extract::{AppQuery, Auth},
        file_name,
        gzip::NoCompression,
        middleware::Progress,
        problem::Problem,
        ranges::{RangeRequest, wanted},
        scopes::RoomToPost,
    },
    protocol::FileView,
};

/// Time for a refused client to read the answer while it still sends.
const LINGER: Duration = Duration::from_secs(5);
/// A file opened as a document may load nothing and run nothing, whatever it contains.
const POLICY: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; \
                      frame-ancestors 'none'";
/// Files never change, but the right to read them does. The browser asks each time and gets 304.
const CACHE: &str = "private, no-cache";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FileNameQuery {
    /// Name of the file.
    name: Option<String>,
}

/// Uploads a file to a room under the name in the path. The body is the file.
#[utoipa::path(
    put,
    path = "/api/rooms/{room_id}/files/{name}",
    operation_id = "uploadNamedFile",
    tag = "files",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file itself."),
    responses(
        (status = 201, description = "The file.", body = FileView)
    ),
    extensions(("x-codes" = json!("too_large too_many_uploads no_room timeout malformed")))
)]
pub(crate) async fn upload_named(state: State<AppState>, request: Request) -> Response {
    upload(state, request).await
}

/// Uploads a file to a room. The body is the file, whatever its `Content-Type`.
///
/// The name is `name`, the header `X-File-Name`, or that of `Content-Disposition`. A file that no message takes within a day is deleted.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/files",
    operation_id = "uploadFile",
    tag = "files",
    params(FileNameQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file itself."),
    responses(
        (status = 201, description = "The file.", body = FileView)
    ),
    extensions(("x-codes" = json!("too_large too_many_uploads no_room timeout malformed")))
)]
pub(crate) async fn upload(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let waits = parts.headers.contains_key(header::EXPECT);
    let declared = body.size_hint().exact();
    let mut body = body.into_data_stream();
    match receive(&state, &mut parts, declared, &mut body).await {
        Ok(answer) => answer,
        Err(problem) => {
            // A client that is still sending would report a closed connection instead of the refusal.
            if !waits && !body.is_end_stream() {
                let rest = body.take_while(|piece| future::ready(piece.is_ok()));
                let rest = rest.for_each(|_| future::ready(()));
                tokio::spawn(timeout(LINGER, rest));
            }
            problem.into_response()
        }
    }
}

async fn receive(
    state: &AppState,
    parts: &mut Parts,
    declared: Option<u64>,
    body: &mut BodyDataStream,
) -> Result<Response, Problem> {
    let RoomToPost(room) = RoomToPost::from_request_parts(parts, state).await?;
    let AppQuery(query) = AppQuery::<FileNameQuery>::from_request_parts(parts, state).await?;
    let in_path = param(parts, state, "name").await;
    let name = file_name::of(query.name.or(in_path), &parts.headers);
    let progress = parts.extensions.get::<Progress>().cloned();
    let patience = Duration::from_millis(state.config.timing.stall_ms);
    let pieces = pieces(body, progress.unwrap_or_default(), patience);
    let (caller, room) = (&room.auth.caller, room.member.room());
    let brought = state.chat.upload_file(caller, room, name, declared, pieces);
    let file = brought.await?;
    let location = HeaderValue::from_str(&format!("/api/files/{}", file.id));
    let location = location.unwrap_or(HeaderValue::from_static("/api/files"));
    let location = [(header::LOCATION, location)];
    let answer = (StatusCode::CREATED, location, Json(FileView::from(&file)));
    Ok(answer.into_response())
}

/// Streams the body. Each piece counts as progress and must come within `patience`.
fn pieces(
    body: &mut BodyDataStream,
    progress: Progress,
    patience: Duration,
) -> impl Stream<Item = Result<Bytes, ChatError>> + Send {
    stream::unfold((body, progress), move |(body, progress)| async move {
        let piece = match timeout(patience, body.next()).await {
            Ok(None) => return None,
            Ok(Some(piece)) => piece.map_err(|_| ChatError::Incomplete),
            Err(_) => Err(ChatError::Stalled),
        };
        progress.record_progress();
        Some((piece, (body, progress)))
    })
}

/// Returns a file. Members of its room may read it; before a message takes it, its sender alone.
///
/// Takes `Range` with one part, `If-Range` and `If-None-Match`.
#[utoipa::path(
    get,
    path = "/api/files/{file_id}",
    operation_id = "getFile",
    tag = "files",
    responses(
        (status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The requested part.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The client has the file.")
    ),
    extensions(("x-codes" = json!("range_not_satisfiable")))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
    PathFile(id): PathFile,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = state.chat.file(&auth.caller, id).await?;
    let (mime, disposition) = if file.inline {
        (file.about.mime.as_str(), "inline")
    } else {
        // All other types are for saving, not for display.
        ("application/octet-stream", "attachment")
    };
    let disposition = file_name::disposition(disposition, &file.about.name);
    let answer = FileResponse {
        part: Part::Whole,
        size: file.about.size,
        etag: format!("\"{}\"", file.hash),
        mime,
        disposition,
    };
    answer.send(&state, &file, &headers).await
}

/// Returns the thumbnail of a picture, at most 480 pixels wide and high.
#[utoipa::path(
    get,
    path = "/api/files/{file_id}/thumbnail",
    operation_id = "getThumbnail",
    tag = "files",
    responses(
        (status = 200, description = "The thumbnail.", body = Vec<u8>, content_type = "image/*"),
        (status = 206, description = "The requested part.", body = Vec<u8>, content_type = "image/*"),
        (status = 304, description = "The client has the thumbnail.")
    ),
    extensions(("x-codes" = json!("range_not_satisfiable")))
)]
pub(crate) async fn thumbnail(
    State(state): State<AppState>,
    auth: Auth,
    PathFile(id): PathFile,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = state.chat.file(&auth.caller, id).await?;
    let Some((mime, size)) = &file.thumbnail else {
        return Err(Problem::not_found());
    };
    let answer = FileResponse {
        part: Part::Thumbnail,
        size: *size,
        etag: format!("\"{}-small\"", file.hash),
        mime,
        disposition: "inline".to_owned(),
    };
    answer.send(&state, &file, &headers).await
}

/// Headers of a download.
struct FileResponse<'f> {
    part: Part,
    size: u64,
    etag: String,
    mime: &'f str,
    disposition: String,
}

impl FileResponse<'_> {
    async fn send(
        self,
        state: &AppState,
        file: &StoredFile,
        asked: &HeaderMap,
    ) -> Result<Response, Problem> {
        let size = self.size;
        let (status, first, end) = match wanted(asked, size, &self.etag) {
            RangeRequest::Nothing => (StatusCode::NOT_MODIFIED, 0, 0),
            RangeRequest::Whole => (StatusCode::OK, 0, size),
            RangeRequest::Part(first, end) => (StatusCode::PARTIAL_CONTENT, first, end),
            RangeRequest::Beyond => return Ok(beyond(size)),
        };
        let mut response = if first < end {
            let pieces = state
                .chat
                .file_pieces(file.about.id, self.part, first, end)
                .await?;
            Response::new(streamed(pieces))
        } else {
            Response::new(Body::empty())
        };
        *response.status_mut() = status;
        // Ranges count bytes of the uncompressed file.
        response.extensions_mut().insert(NoCompression);
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::ETAG, &self.etag);
        set(header::CACHE_CONTROL, CACHE);
        set(header::CONTENT_SECURITY_POLICY, POLICY);
        if status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        set(header::ACCEPT_RANGES, "bytes");
        set(header::CONTENT_TYPE, self.mime);
        set(header::CONTENT_DISPOSITION, &self.disposition);
        set(header::CONTENT_LENGTH, &(end - first).to_string());
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {first}-{}/{size}", end - 1);
            set(header::CONTENT_RANGE, &range);
        }
        Ok(response)
    }
}

fn beyond(size: u64) -> Response {
    let problem = Problem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range_not_satisfiable",
        format!("The file has {size} bytes"),
    );
    let mut response = problem.into_response();
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

/// The file in the path. Anything else is 404.
pub(crate) struct PathFile(FileId);

impl FromRequestParts<AppState> for PathFile {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let id = param(parts, state, "file_id").await;
        let id = id.as_deref().and_then(FileId::parse);
        id.map(Self).ok_or_else(Problem::not_found)
    }
}

async fn param(parts: &mut Parts, state: &AppState, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    let mut named = params.iter().filter(|(key, _)| *key == name);
    named.next().map(|(_, value)| value.to_owned())
}
