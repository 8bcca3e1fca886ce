//! `/api/rooms/{id}/messages` and read receipts.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    chat::{ChatError, EncodedPage, PageLimit, Posted},
    domain::{
        FileId, Head, Key, Message, MessagePage, ReadGeneration, ReceiptStep, Rev, RoomId, Seq,
        TokenScope, Window,
    },
    http::{
        AppState,
        extract::{AppBytes, AppJson, AppQuery, Auth, PathRoom, PathSeq, from_json, query_number},
        gzip,
        idempotency::{KeyHeader, KeyQuery, RequestKey},
        problem::Problem,
        scopes::RoomToPost,
    },
    protocol::{self, MessageView},
};

const LIMIT_DEFAULT: i64 = PageLimit::PAGE.messages;
const LIMIT_MAX: i64 = 200;
const JSON: &str = "application/json";
/// Clients that are far behind read larger pages.
const CHANGED_LIMIT_MAX: i64 = 1000;
/// Maximum number of bytes of bodies in one answer, which stays in memory until the client has read it. A page that
/// ends early says that more messages exist.
const PAGE_BYTES: usize = PageLimit::PAGE.bytes;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageListQuery {
    /// Messages with a smaller `seq`.
    #[serde(default, deserialize_with = "query_number")]
    before: Option<i64>,
    /// Messages with a greater `seq`.
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
    /// Messages around this `seq`.
    #[serde(default, deserialize_with = "query_number")]
    around: Option<i64>,
    /// Messages that changed after this `rev`.
    #[serde(default, deserialize_with = "query_number")]
    changed_since: Option<i64>,
    /// Epoch that the client knows; another one is refused.
    epoch: Option<String>,
    /// Maximum number of messages, 1 to 200 (default 50); with `changed_since` up to 1000.
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostMessage {
    /// Text of the message. It may be blank if there are files.
    body: String,
    /// Idempotency key: 1 to 64 visible ASCII characters.
    key: Option<String>,
    /// Number of the message that this one replies to.
    reply_to: Option<Seq>,
    /// Ids of own uploads to the room that are in no message yet, at most 10.
    files: Option<Vec<FileId>>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct MoveReceipt {
    /// Newest message that the caller has read.
    seq: Seq,
    /// Moves the receipt even if that is back.
    #[serde(default)]
    force: bool,
    /// Latest generation that the client knows; a receipt of an older one moves nothing.
    read_generation: Option<ReadGeneration>,
}

/// A page of messages. `has_before` is absent in an answer to `changed_since`.
#[derive(ToSchema)]
#[schema(as = MessagePage)]
#[expect(dead_code, reason = "the page is encoded by hand; this is its schema")]
pub(crate) struct MessagePageSchema {
    /// The messages.
    items: Vec<MessageView<'static>>,
    /// Newest numbers of the room at that moment.
    head: Head,
    /// Whether older messages exist.
    #[schema(required = false)]
    has_before: bool,
    /// Whether more messages follow.
    has_after: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    /// Newest message that the caller has read.
    read_seq: Seq,
    /// Number of text messages after it.
    unread: i64,
    /// Number of those that mention the caller or reply to them.
    mentions: i64,
    /// Number of forced moves of the receipt.
    read_generation: ReadGeneration,
}

/// Returns a page of messages in ascending order of `seq`; with `changed_since`, of `rev`.
///
/// Without a position it returns the newest page. A page ends early, and says that more follow, once its bodies pass 512 KiB.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/messages",
    operation_id = "listMessages",
    tag = "messages",
    params(MessageListQuery),
    responses(
        (status = 200, description = "A page of messages. `Link` names the neighbouring pages.", body = MessagePageSchema),
        (status = 304, description = "The client has the newest page.")
    ),
    extensions(("x-codes" = json!("epoch_changed")))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    request: HeaderMap,
    AppQuery(query): AppQuery<MessageListQuery>,
) -> Result<Response, Problem> {
    if let Err(error) = state.chat.check_epoch(query.epoch.as_deref()) {
        // Rooms of others are 404, whatever the epoch.
        state.chat.member(&auth.caller, RoomId(room)).await?;
        return Err(error.into());
    }
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    let max_limit = if query.changed_since.is_some() {
        CHANGED_LIMIT_MAX
    } else {
        LIMIT_MAX
    };
    if !(1..=max_limit).contains(&limit) {
        state.chat.member(&auth.caller, RoomId(room)).await?;
        return Err(Problem::field(
            "/limit",
            format!("must be 1 to {max_limit}"),
        ));
    }
    let room = RoomId(room);
    let page_limit = PageLimit {
        messages: limit,
        bytes: PAGE_BYTES,
    };
    let window = match (query.before, query.after, query.around, query.changed_since) {
        (None, None, None, None) => Window::Newest,
        (Some(seq), None, None, None) => Window::Before(Seq(seq)),
        (None, Some(seq), None, None) => Window::After(Seq(seq)),
        (None, None, Some(seq), None) => Window::Around(Seq(seq)),
        (None, None, None, Some(rev)) => {
            return changed_since(&state, &auth, room, Rev(rev), page_limit).await;
        }
        _ => {
            state.chat.member(&auth.caller, room).await?;
            return Err(Problem::field(
                "/before",
                "must be given alone: only one of before, after, around and changed_since",
            ));
        }
    };
    if window == Window::Newest && page_limit == PageLimit::PAGE {
        return newest(&state, &auth, room, &request).await;
    }
    let page = state
        .chat
        .history(&auth.caller, room, window, page_limit)
        .await?;
    // A client that asks for messages after a number has that message. `before` and `around` accept any number.
    if matches!(window, Window::After(seq) if seq > page.head.seq) {
        return Err(ChatError::EpochChanged.into());
    }
    let links = links(room, &page, limit);
    Ok(json(links, write(&page)))
}

/// Returns the newest page, the most frequent request. It is read and encoded once for all clients.
async fn newest(
    state: &AppState,
    auth: &Auth,
    room: RoomId,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let page = state.chat.newest(&auth.caller, room, render).await?;
    let mut headers = HeaderMap::new();
    if let Some(seq) = page.older_than {
        let previous = format!("before={seq}&limit={LIMIT_DEFAULT}");
        link(&mut headers, room, &previous, "prev");
    }
    let body = gzip::encode(request, &page.body, &page.smaller, &mut headers);
    Ok(json(headers, body))
}

fn render(page: &MessagePage) -> EncodedPage {
    let first = page.items.first().map(|first| first.seq);
    EncodedPage {
        // A boxed slice has no spare capacity.
        body: write(page).into_bytes().into_boxed_slice().into(),
        smaller: Arc::default(),
        older_than: first.filter(|_| page.has_before),
    }
}

fn write(page: &MessagePage) -> String {
    protocol::page(
        &page.items,
        page.head,
        Some(page.has_before),
        page.has_after,
    )
}

fn json(mut headers: HeaderMap, body: impl Into<Body>) -> Response {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    (headers, body.into()).into_response()
}

async fn changed_since(
    state: &AppState,
    auth: &Auth,
    room: RoomId,
    rev: Rev,
    page_limit: PageLimit,
) -> Result<Response, Problem> {
    let changes = state
        .chat
        .changed_since(&auth.caller, room, rev, page_limit)
        .await?;
    let (items, head, has_after) = (changes.items, changes.head, changes.has_after);
    let mut links = HeaderMap::new();
    if let Some(last) = items.last().filter(|_| has_after) {
        let next = format!("changed_since={}&limit={}", last.rev, page_limit.messages);
        link(&mut links, room, &next, "next");
    }
    let body = protocol::page(&items, head, None, has_after);
    Ok(json(links, body))
}

/// Posts a message. The answer means that it is on disk.
///
/// A body whose `Content-Type` is not JSON is the text itself; that needs a bearer token.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/messages",
    operation_id = "postMessage",
    tag = "messages",
    params(KeyHeader, KeyQuery),
    request_body = PostMessage,
    responses(
        (status = 201, description = "The message.", body = MessageView),
        (status = 200, description = "The key is known: the first message, as it is now.", body = MessageView)
    ),
    extensions(("x-codes" = json!("key_conflict blocked muted locked slow_mode rate_limited too_large unsupported_media_type cross_origin")))
)]
pub(crate) async fn post(
    State(state): State<AppState>,
    RoomToPost(room): RoomToPost,
    key: RequestKey,
    headers: HeaderMap,
    AppBytes(bytes): AppBytes,
) -> Result<Response, Problem> {
    let draft = if is_json(&headers) {
        let body: PostMessage = from_json(&bytes)?;
        let files = body.files.unwrap_or_default();
        let key = key.with(body.key.as_deref())?;
        let key = key.as_ref().map(Key::as_str);
        state
            .chat
            .draft_with(&body.body, key, body.reply_to, files)?
    } else {
        // Forms of other sites are not JSON either, and browsers send cookies with them.
        if !room.auth.by_header {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Plain text is taken with a bearer token only; send application/json",
            ));
        }
        let text =
            std::str::from_utf8(&bytes).map_err(|_| Problem::field("/body", "must be UTF-8"))?;
        let key = key.only()?;
        state
            .chat
            .draft(text, key.as_ref().map(Key::as_str), None)?
    };
    let reads = room.auth.caller.require(TokenScope::Read).is_ok();
    let sent = (!reads).then(|| draft.body.as_str().to_owned());
    let posted = state
        .chat
        .submit(&room.auth.caller, room.member.room(), draft)?
        .done()
        .await?;
    let Posted {
        mut message,
        replayed,
        ..
    } = posted;
    if let Some(sent) = sent {
        hide_content(&mut message, sent);
    }
    let status = if replayed {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let location = format!("/api/rooms/{}/messages/{}", message.room_id, message.seq);
    let location =
        HeaderValue::from_str(&location).unwrap_or(HeaderValue::from_static("/api/rooms"));
    Ok((
        status,
        [(header::LOCATION, location)],
        Json(MessageView::from(&message)),
    )
        .into_response())
}

/// Reduces the answer to what the sender sent, for a token without the right to read: no quote and no later changes.
fn hide_content(message: &mut Message, sent: String) {
    message.body = sent;
    message.edited_at = None;
    message.deleted_at = None;
    if let Some(extras) = &mut message.extras {
        extras.quote = None;
        extras.reactions.clear();
        extras.pinned_at = None;
    }
}

/// Returns one message.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/messages/{seq}",
    operation_id = "getMessage",
    tag = "messages",
    responses(
        (status = 200, description = "The message.", body = MessageView)
    )
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
) -> Result<Response, Problem> {
    let message = state
        .chat
        .message(&auth.caller, RoomId(room), Seq(seq))
        .await?;
    Ok(Json(MessageView::from(&message)).into_response())
}

/// Moves the read receipt of the caller. It never moves back unless `force` is set.
#[utoipa::path(
    put,
    path = "/api/rooms/{room_id}/read",
    operation_id = "moveReceipt",
    tag = "messages",
    request_body = MoveReceipt,
    responses(
        (status = 200, description = "The receipt and the unread counts.", body = ReceiptView)
    )
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    AppJson(body): AppJson<MoveReceipt>,
) -> Result<Json<ReceiptView>, Problem> {
    let step = ReceiptStep::new(body.seq, body.force, body.read_generation);
    let receipt = state
        .chat
        .mark_read(&auth.caller, RoomId(room), step)
        .await?;
    Ok(Json(ReceiptView {
        read_seq: receipt.read_seq,
        unread: receipt.unread,
        mentions: receipt.mentions,
        read_generation: receipt.generation,
    }))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let essence = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Returns links to the neighbouring pages (RFC 8288).
fn links(room: RoomId, page: &MessagePage, limit: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let (Some(first), true) = (page.items.first(), page.has_before) {
        link(
            &mut headers,
            room,
            &format!("before={}&limit={limit}", first.seq),
            "prev",
        );
    }
    if let (Some(last), true) = (page.items.last(), page.has_after) {
        link(
            &mut headers,
            room,
            &format!("after={}&limit={limit}", last.seq),
            "next",
        );
    }
    headers
}

fn link(headers: &mut HeaderMap, room: RoomId, query: &str, rel: &str) {
    let link = format!("</api/rooms/{room}/messages?{query}>; rel=\"{rel}\"");
    if let Ok(link) = HeaderValue::from_str(&link) {
        headers.append(header::LINK, link);
    }
}
