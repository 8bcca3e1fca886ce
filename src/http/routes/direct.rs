//! `/api/dms` and `/api/me/blocks`.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{UserId, UserSummary},
    http::{
        AppState,
        extract::{AppJson, Auth, PathUser},
        problem::Problem,
    },
    protocol::RoomView,
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct OpenDirectRoom {
    /// Ids of the other members, 1 to 9.
    user_ids: Vec<UserId>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BlockedUsers {
    /// The items of this page.
    items: Vec<UserSummary>,
}

/// Opens the direct room of the caller and 1 to 9 other users.
///
/// The room is created on first use.
#[utoipa::path(
    post,
    path = "/api/dms",
    operation_id = "openDirectRoom",
    tag = "direct rooms",
    request_body = OpenDirectRoom,
    responses(
        (status = 200, description = "The existing room.", body = RoomView),
        (status = 201, description = "The new room.", body = RoomView)
    ),
    extensions(("x-codes" = json!("blocked too_many_rooms")))
)]
pub(crate) async fn open(
    State(state): State<AppState>,
    auth: Auth,
    AppJson(body): AppJson<OpenDirectRoom>,
) -> Result<Response, Problem> {
    let asked = state.chat.direct_room(&auth.caller, body.user_ids);
    let (member, new) = asked.await?;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let view = RoomView::of_member(member.standing());
    Ok((status, Json(view)).into_response())
}

/// Blocks a user.
///
/// A blocked user cannot write to the caller in a direct room of two, and cannot mention the caller. They are not told.
#[utoipa::path(
    put,
    path = "/api/me/blocks/{user_id}",
    operation_id = "blockUser",
    tag = "direct rooms",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("too_many")))
)]
pub(crate) async fn block(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    let user = UserId(user);
    state.chat.set_block(&auth.caller, user, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unblocks a user.
#[utoipa::path(
    delete,
    path = "/api/me/blocks/{user_id}",
    operation_id = "unblockUser",
    tag = "direct rooms",
    responses(
        (status = 204, description = "Done.")
    )
)]
pub(crate) async fn unblock(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    let user = UserId(user);
    state.chat.set_block(&auth.caller, user, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the users whom the caller has blocked.
#[utoipa::path(
    get,
    path = "/api/me/blocks",
    operation_id = "listBlocks",
    tag = "direct rooms",
    responses(
        (status = 200, description = "The blocked users.", body = BlockedUsers)
    )
)]
pub(crate) async fn blocks(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<Json<BlockedUsers>, Problem> {
    let items = state.chat.blocks(&auth.caller).await?;
    Ok(Json(BlockedUsers { items }))
}
