//! What happens to a message after it was posted: edits, versions, reactions, pins.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{Emoji, Message, Notify, RoomId, Seq, Version},
    http::{
        AppState,
        extract::{AppJson, Auth, PathEmoji, PathRoom, PathSeq},
        idempotency::RequestKey,
        problem::Problem,
    },
    protocol::view::{self, MessageView},
};

#[derive(Deserialize)]
pub(crate) struct EditBody {
    body: String,
}

#[derive(Deserialize)]
pub(crate) struct NotifyBody {
    notify: Notify,
}

#[derive(Serialize)]
pub(crate) struct VersionsBody {
    items: Vec<Version>,
}

#[derive(Serialize)]
struct PinsBody {
    #[serde(serialize_with = "messages")]
    items: Vec<Message>,
}

#[expect(
    clippy::ptr_arg,
    reason = "serde hands over a reference to the field's own type"
)]
fn messages<S: serde::Serializer>(items: &Vec<Message>, serializer: S) -> Result<S::Ok, S::Error> {
    view::messages(items, serializer)
}

pub(crate) async fn edit(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
    key: RequestKey,
    AppJson(body): AppJson<EditBody>,
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

pub(crate) async fn versions(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    PathSeq(seq): PathSeq,
) -> Result<Json<VersionsBody>, Problem> {
    let items = state
        .chat
        .versions(&auth.caller, RoomId(room), Seq(seq))
        .await?;
    Ok(Json(VersionsBody { items }))
}

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
    // A room that is not theirs is not found, whatever they want to do there.
    state.chat.member(&auth.caller, RoomId(room)).await?;
    let emoji = Emoji::parse(&emoji)?;
    state
        .chat
        .react(&auth.caller, RoomId(room), Seq(seq), emoji, on, key.only()?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

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

pub(crate) async fn pins(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
) -> Result<Response, Problem> {
    let items = state.chat.pins(&auth.caller, RoomId(room)).await?;
    Ok(Json(PinsBody { items }).into_response())
}

pub(crate) async fn notify(
    State(state): State<AppState>,
    auth: Auth,
    PathRoom(room): PathRoom,
    AppJson(body): AppJson<NotifyBody>,
) -> Result<StatusCode, Problem> {
    state
        .chat
        .set_notify(&auth.caller, RoomId(room), body.notify)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
