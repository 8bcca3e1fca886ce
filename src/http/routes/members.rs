//! `/api/rooms/{id}/members`: members, roles, leaving.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{Role, Timestamp, UserId},
    http::{
        AppState,
        extract::{AppJson, AppQuery, InRoom, PathUser, query_number},
        problem::Problem,
    },
    protocol::UserView,
};

const LIMIT: i64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberListQuery {
    /// Lists members with a greater user id.
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
    /// Maximum number of members, 1 to 200 (default 200).
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SetRole {
    /// The new role.
    role: Role,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MemberPage {
    /// The items of this page.
    items: Vec<MemberView>,
    /// Whether more follow.
    has_after: bool,
}

#[derive(Serialize, ToSchema)]
struct MemberView {
    /// The user.
    user: UserView,
    /// Role in the room.
    role: Role,
    /// Time of joining.
    joined_at: Timestamp,
}

/// Lists the members of a room, by user id.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/members",
    operation_id = "listMembers",
    tag = "members",
    params(MemberListQuery),
    responses(
        (status = 200, description = "A page of members.", body = MemberPage)
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    room: InRoom,
    AppQuery(query): AppQuery<MemberListQuery>,
) -> Result<Json<MemberPage>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT).contains(&limit) {
        return Err(Problem::field("/limit", format!("must be 1 to {LIMIT}")));
    }
    let after = UserId(query.after.unwrap_or(0));
    let roster = state.chat.roster(&room.member, after, limit).await?;
    let online = state
        .chat
        .hub()
        .presence()
        .online_among(roster.items.iter().map(|entry| entry.user.id));
    let items = roster.items.iter().map(|entry| MemberView {
        user: UserView::new(&entry.user, online.contains(&entry.user.id)),
        role: entry.role,
        joined_at: entry.joined_at,
    });
    Ok(Json(MemberPage {
        items: items.collect(),
        has_after: roster.has_after,
    }))
}

/// Leaves a room. The last owner must hand the room over first.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/members/me",
    operation_id = "leaveRoom",
    tag = "members",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("last_owner forbidden")))
)]
pub(crate) async fn leave(
    State(state): State<AppState>,
    room: InRoom,
) -> Result<StatusCode, Problem> {
    state.chat.leave(&room.member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a member of a lower role. Needs the role moderator.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/members/{user_id}",
    operation_id = "removeMember",
    tag = "members",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden last_owner")))
)]
pub(crate) async fn kick(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    if UserId(user) == room.member.user() {
        state.chat.leave(&room.member).await?;
    } else {
        state.chat.kick(&room.member, UserId(user)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the role of a member. Needs the role owner.
#[utoipa::path(
    patch,
    path = "/api/rooms/{room_id}/members/{user_id}",
    operation_id = "setRole",
    tag = "members",
    request_body = SetRole,
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden last_owner")))
)]
pub(crate) async fn set_role(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
    AppJson(body): AppJson<SetRole>,
) -> Result<StatusCode, Problem> {
    state
        .chat
        .set_role(&room.member, UserId(user), body.role)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
