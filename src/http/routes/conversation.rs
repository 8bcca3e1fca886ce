//! Changes of posted messages: edits, versions, reactions, pins.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{Emoji, Message, Notify, RoomId, Seq, Version},
    http::{
        AppState,
        extract::{AppJson, Auth, PathEmoji, PathRoom, PathSeq},
        idempotency::{KeyHeader, KeyQuery, RequestKey},
        problem::Problem,
    },
    protocol::view::{self, MessageView},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct EditMessage {
    /// The new text.
    body: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SetNotify {
    /// Messages that notify the caller.
    notify: Notify,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessageVersions {
    /// The items of this page.
    items: Vec<Version>,
}

#[derive(Serialize, ToSchema)]
struct PinnedMessages {
    /// The items of this page.
    #[serde(serialize_with = "messages")]
    #[schema(value_type = Vec<MessageView>)]
    items: Vec<Message>,
}

#[expect(
    clippy::ptr_arg,
    reason = "serde hands over a reference to the field's own type"
)]
fn messages<S: serde::Serializer>(items: &Vec<Message>, serializer: S) -> Result<S::Ok, S::Error> {
    view::messages(items, serializer)
}

/// Edits a message of the caller.
#[utoipa::path(
    patch,
    path = "/api/rooms/{room_id}/messages/{seq}",
    operation_id = "editMessage",
    tag = "messages",
    params(KeyHeader, KeyQuery),
    request_body = EditMessage,
    responses(
        (status = 200, description = "The message as it is now.", body = MessageView)
    ),
    extensions(("x-codes" = json!("forbidden too_late key_conflict blocked muted locked rate_limited")))
)]
pub(crate) async fn edit(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
    key: RequestKey,
    AppJson(body): AppJson<EditMessage>,
) -> Result<Response, Problem> {
    let edited = state
        .chat
        .edit_message(
            &auth.caller,
            RoomId(room),
            Seq(seq),
            &body.body,
            key.only()?,
        )
        .await?;
    Ok(Json(MessageView::from(&edited.message)).into_response())
}

/// Deletes a message. Its author, moderators and owners may.
///
/// A deleted message keeps its `seq` and has an empty body.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/messages/{seq}",
    operation_id = "deleteMessage",
    tag = "messages",
    params(KeyHeader, KeyQuery),
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden key_conflict")))
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
    key: RequestKey,
) -> Result<StatusCode, Problem> {
    state
        .chat
        .delete_message(&auth.caller, RoomId(room), Seq(seq), key.only()?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the versions of a message, oldest first.
///
/// The setting `messages.versions` says who may read them.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/messages/{seq}/history",
    operation_id = "listVersions",
    tag = "messages",
    responses(
        (status = 200, description = "The versions.", body = MessageVersions)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn versions(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
) -> Result<Json<MessageVersions>, Problem> {
    let items = state
        .chat
        .versions(&auth.caller, RoomId(room), Seq(seq))
        .await?;
    Ok(Json(MessageVersions { items }))
}

/// Adds a reaction of the caller: one emoji, or its short name between colons.
#[utoipa::path(
    put,
    path = "/api/rooms/{room_id}/messages/{seq}/reactions/{emoji}",
    operation_id = "addReaction",
    tag = "messages",
    params(KeyHeader, KeyQuery),
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("too_many blocked muted locked key_conflict rate_limited")))
)]
pub(crate) async fn react(
    state: State<AppState>,
    auth: Auth,
    room: PathRoom,
    seq: PathSeq,
    emoji: PathEmoji,
    key: RequestKey,
) -> Result<StatusCode, Problem> {
    set_reaction(state, auth, room, seq, emoji, key, true).await
}

/// Removes a reaction of the caller.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/messages/{seq}/reactions/{emoji}",
    operation_id = "removeReaction",
    tag = "messages",
    params(KeyHeader, KeyQuery),
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("key_conflict blocked muted locked rate_limited")))
)]
pub(crate) async fn unreact(
    state: State<AppState>,
    auth: Auth,
    room: PathRoom,
    seq: PathSeq,
    emoji: PathEmoji,
    key: RequestKey,
) -> Result<StatusCode, Problem> {
    set_reaction(state, auth, room, seq, emoji, key, false).await
}

async fn set_reaction(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
    PathEmoji(emoji): PathEmoji,
    key: RequestKey,
    on: bool,
) -> Result<StatusCode, Problem> {
    // Rooms of others are 404, whatever the request is.
    state.chat.member(&auth.caller, RoomId(room)).await?;
    let emoji = Emoji::parse(&emoji)?;
    state
        .chat
        .react(&auth.caller, RoomId(room), Seq(seq), emoji, on, key.only()?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pins a message. Needs the role moderator. A room has at most 50 pins.
#[utoipa::path(
    put,
    path = "/api/rooms/{room_id}/messages/{seq}/pin",
    operation_id = "pinMessage",
    tag = "messages",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden too_many blocked")))
)]
pub(crate) async fn pin(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
) -> Result<StatusCode, Problem> {
    let (room, seq) = (RoomId(room), Seq(seq));
    state.chat.pin(&auth.caller, room, seq, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unpins a message. Needs the role moderator.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/messages/{seq}/pin",
    operation_id = "unpinMessage",
    tag = "messages",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn unpin(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
) -> Result<StatusCode, Problem> {
    let (room, seq) = (RoomId(room), Seq(seq));
    state.chat.pin(&auth.caller, room, seq, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the pinned messages of a room, latest pin first.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/pins",
    operation_id = "listPins",
    tag = "messages",
    responses(
        (status = 200, description = "The pinned messages.", body = PinnedMessages)
    )
)]
pub(crate) async fn pins(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
) -> Result<Response, Problem> {
    let items = state.chat.pins(&auth.caller, RoomId(room)).await?;
    Ok(Json(PinnedMessages { items }).into_response())
}

/// Sets which messages of a room notify the caller. The setting holds for all devices.
#[utoipa::path(
    patch,
    path = "/api/rooms/{room_id}/members/me",
    operation_id = "setNotify",
    tag = "members",
    request_body = SetNotify,
    responses(
        (status = 204, description = "Done.")
    )
)]
pub(crate) async fn notify(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    AppJson(body): AppJson<SetNotify>,
) -> Result<StatusCode, Problem> {
    state
        .chat
        .set_notify(&auth.caller, RoomId(room), body.notify)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
