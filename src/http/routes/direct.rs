//! `/api/dms` and `/api/me/blocks`.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{UserId, UserSummary},
    http::{
        AppState,
        extract::{AppJson, Auth, PathUser},
        problem::Problem,
    },
    protocol::RoomView,
};

#[derive(Deserialize)]
pub(crate) struct DirectBody {
    user_ids: Vec<UserId>,
}

#[derive(Serialize)]
pub(crate) struct BlocksBody {
    items: Vec<UserSummary>,
}

pub(crate) async fn open(
    State(state): State<AppState>,
    auth: Auth,
    AppJson(body): AppJson<DirectBody>,
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

pub(crate) async fn block(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    let user = UserId(user);
    state.chat.set_block(&auth.caller, user, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn unblock(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    let user = UserId(user);
    state.chat.set_block(&auth.caller, user, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn blocks(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<Json<BlocksBody>, Problem> {
    let items = state.chat.blocks(&auth.caller).await?;
    Ok(Json(BlocksBody { items }))
}
