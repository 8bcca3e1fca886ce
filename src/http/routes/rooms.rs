//! `/api/rooms`: create, find, join, change and delete rooms.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    chat::{Caller, ChatError, Member, RoomEdit},
    domain::{AccessCode, Permission, RoomId, RoomKind, RoomName, SlowMode, TokenScope, Topic},
    http::{
        AppState,
        extract::{AppJson, AppQuery, Auth, InRoom, PathRoomName, query_number},
        problem::Problem,
    },
    protocol::RoomView,
};

/// Maximum number of public rooms in one answer.
const DISCOVER: i64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoomListQuery {
    /// Lists public rooms instead of those of the caller, unless `0` or `false`.
    discover: Option<String>,
    /// Lists rooms with a greater id. For public rooms, which come 200 at a time.
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateRoom {
    /// Name, 1 to 80 characters.
    name: String,
    /// Topic, at most 250 characters.
    topic: Option<String>,
    /// `public` or `private` (default).
    kind: Option<RoomKind>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct JoinRoom {
    /// Access code or code of an invite.
    code: Option<String>,
    /// Alias of `code`: the name in a room's JSON.
    access_code: Option<String>,
    /// Id of a public room, in place of a code.
    room_id: Option<RoomId>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct EditRoom {
    /// Name, 1 to 80 characters.
    name: Option<String>,
    /// Topic, at most 250 characters.
    topic: Option<String>,
    /// Seconds between two messages of a plain member, 0 to 21600; 0 disables slow mode.
    slow_mode_s: Option<i64>,
    /// Whether only moderators and owners may post.
    locked: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AccessCodeView {
    /// The access code.
    access_code: String,
}

/// Lists the rooms of the caller, by id; with `discover`, public rooms.
#[utoipa::path(
    get,
    path = "/api/rooms",
    operation_id = "listRooms",
    tag = "rooms",
    params(RoomListQuery),
    responses(
        (status = 200, description = "The rooms.", body = Vec<RoomView>)
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    auth: Auth,
    AppQuery(query): AppQuery<RoomListQuery>,
) -> Result<Json<Vec<RoomView>>, Problem> {
    let chat = &state.chat;
    let discover = query
        .discover
        .is_some_and(|value| !matches!(value.as_str(), "0" | "false"));
    let rooms = if discover {
        let after = RoomId(query.after.unwrap_or(0));
        let found = chat.public_rooms(&auth.caller, after, DISCOVER).await?;
        found
            .iter()
            .map(|(room, joined)| RoomView {
                joined: Some(*joined),
                ..RoomView::shared(room)
            })
            .collect()
    } else {
        chat.rooms(&auth.caller)
            .await?
            .iter()
            .map(RoomView::of_member)
            .collect::<Vec<_>>()
    };
    Ok(Json(
        rooms
            .into_iter()
            .map(|room| with_count(&state, room))
            .collect(),
    ))
}

/// Creates a room. The caller becomes its owner.
#[utoipa::path(
    post,
    path = "/api/rooms",
    operation_id = "createRoom",
    tag = "rooms",
    request_body = CreateRoom,
    responses(
        (status = 201, description = "The room with its access code.", body = RoomView)
    ),
    extensions(("x-codes" = json!("too_many_rooms")))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    auth: Auth,
    AppJson(body): AppJson<CreateRoom>,
) -> Result<Response, Problem> {
    let name = RoomName::parse(&body.name)?;
    let topic = Topic::parse(body.topic.as_deref().unwrap_or_default())?;
    let kind = body.kind.unwrap_or(RoomKind::Private);
    if kind == RoomKind::Direct {
        return Err(Problem::field("/kind", "must be public or private"));
    }
    let made = state
        .chat
        .create_room(&auth.caller, name, topic, kind)
        .await?;
    let member = state.chat.member(&auth.caller, made.room.id).await?;
    let view = RoomView {
        access_code: Some(made.access_code.to_string()),
        ..RoomView::of_member(member.standing())
    };
    let location = HeaderValue::from_str(&format!("/api/rooms/{}", made.room.id));
    let location = location.unwrap_or(HeaderValue::from_static("/api/rooms"));
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(with_count(&state, view)),
    )
        .into_response())
}

/// Joins a room by a code, or a public room by its id.
///
/// Joining again returns the room.
#[utoipa::path(
    post,
    path = "/api/rooms/join",
    operation_id = "joinRoom",
    tag = "rooms",
    request_body = JoinRoom,
    responses(
        (status = 200, description = "The room.", body = RoomView)
    ),
    extensions(("x-codes" = json!("bad_code not_found too_many_rooms rate_limited")))
)]
pub(crate) async fn join(
    State(state): State<AppState>,
    auth: Auth,
    AppJson(body): AppJson<JoinRoom>,
) -> Result<Json<RoomView>, Problem> {
    let code = match (body.code, body.access_code) {
        (Some(code), Some(other)) if !is_same_code(&code, &other) => {
            let detail = "must be the same as code; give only one of them";
            return Err(Problem::field("/access_code", detail));
        }
        (code, other) => code.or(other),
    };
    let member = match (code, body.room_id) {
        (Some(code), None) => state.chat.join_by_code(&auth.caller, &code).await?,
        (None, Some(room)) => state.chat.join_public(&auth.caller, room).await?,
        (Some(_), Some(_)) => {
            return Err(Problem::field(
                "/room_id",
                "must be left out where a code is given",
            ));
        }
        (None, None) => {
            let detail = "is missing, for example \"code\": \"K7QM-2XWD-9F4H-PT3C\"; give room_id \
                          instead to join a public room";
            return Err(Problem::field("/code", detail));
        }
    };
    Ok(Json(view(&state, &auth.caller, &member).await?))
}

/// Returns a room of the caller. Owners and moderators also receive its access code.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}",
    operation_id = "getRoom",
    tag = "rooms",
    responses(
        (status = 200, description = "The room.", body = RoomView)
    )
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    room: InRoom,
) -> Result<Json<RoomView>, Problem> {
    Ok(Json(view(&state, &room.auth.caller, &room.member).await?))
}

/// Returns the room of the caller with a name, which is percent-encoded.
///
/// Names are compared without regard to case and width.
#[utoipa::path(
    get,
    path = "/api/rooms/by-name/{room_name}",
    operation_id = "getRoomByName",
    tag = "rooms",
    responses(
        (status = 200, description = "The room.", body = RoomView)
    ),
    extensions(("x-codes" = json!("ambiguous")))
)]
pub(crate) async fn show_named(
    State(state): State<AppState>,
    auth: Auth,
    PathRoomName(name): PathRoomName,
) -> Result<Json<RoomView>, Problem> {
    let rooms = state.chat.rooms_named(&auth.caller, &name).await?;
    match rooms[..] {
        [] => Err(ChatError::NotFound("room").into()),
        [room] => {
            let member = state.chat.member(&auth.caller, room).await?;
            Ok(Json(view(&state, &auth.caller, &member).await?))
        }
        _ => Err(Problem::ambiguous(rooms)),
    }
}

/// Changes a room. Owners rename it; owners and moderators change the rest.
///
/// Fields that are left out stay as they are.
#[utoipa::path(
    patch,
    path = "/api/rooms/{room_id}",
    operation_id = "editRoom",
    tag = "rooms",
    request_body = EditRoom,
    responses(
        (status = 200, description = "The room as it is now.", body = RoomView)
    ),
    extensions(("x-codes" = json!("forbidden muted")))
)]
pub(crate) async fn edit(
    State(state): State<AppState>,
    room: InRoom,
    AppJson(body): AppJson<EditRoom>,
) -> Result<Json<RoomView>, Problem> {
    let edit = RoomEdit {
        name: body.name.as_deref().map(RoomName::parse).transpose()?,
        topic: body.topic.as_deref().map(Topic::parse).transpose()?,
        slow_mode: body.slow_mode_s.map(SlowMode::parse).transpose()?,
        locked: body.locked,
    };
    state.chat.edit_room(&room.member, edit).await?;
    let caller = &room.auth.caller;
    let member = state.chat.member(caller, room.member.room()).await?;
    Ok(Json(view(&state, caller, &member).await?))
}

/// Deletes a room with its messages and files. Needs the role owner.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}",
    operation_id = "deleteRoom",
    tag = "rooms",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    room: InRoom,
) -> Result<StatusCode, Problem> {
    state.chat.delete_room(&room.member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces the access code. The former code is invalid from then on.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/access_code",
    operation_id = "replaceAccessCode",
    tag = "rooms",
    responses(
        (status = 200, description = "The new code.", body = AccessCodeView)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn replace_code(
    State(state): State<AppState>,
    room: InRoom,
) -> Result<Json<AccessCodeView>, Problem> {
    let code = state.chat.replace_access_code(&room.member).await?;
    Ok(Json(AccessCodeView {
        access_code: code.to_string(),
    }))
}

/// Returns the room for one member, with its code for members who may invite.
async fn view(state: &AppState, caller: &Caller, member: &Member) -> Result<RoomView, Problem> {
    let mut view = RoomView::of_member(member.standing());
    // A read-only token must not let other people in.
    if member.standing().role.may(Permission::Invite) && caller.require(TokenScope::Write).is_ok() {
        view.access_code = Some(state.chat.access_code(member).await?.to_string());
    }
    Ok(with_count(state, view))
}

/// Returns whether two spellings mean the same code.
fn is_same_code(one: &str, other: &str) -> bool {
    one == other
        || AccessCode::parse(one).is_some_and(|code| Some(code) == AccessCode::parse(other))
}

fn with_count(state: &AppState, view: RoomView) -> RoomView {
    let (online, _) = state.chat.hub().presence().in_room(view.id, 0);
    RoomView {
        online_count: Some(online),
        ..view
    }
}
