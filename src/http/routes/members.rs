//! `/api/rooms/{id}/members`: who is in, roles, going out.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

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

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct RoleBody {
    role: Role,
}

#[derive(Serialize)]
pub(crate) struct MembersBody {
    items: Vec<MemberBody>,
    has_after: bool,
}

#[derive(Serialize)]
struct MemberBody {
    user: UserView,
    role: Role,
    joined_at: Timestamp,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    room: InRoom,
    AppQuery(query): AppQuery<ListQuery>,
) -> Result<Json<MembersBody>, Problem> {
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
    let items = roster.items.iter().map(|entry| MemberBody {
        user: UserView::new(&entry.user, online.contains(&entry.user.id)),
        role: entry.role,
        joined_at: entry.joined_at,
    });
    Ok(Json(MembersBody {
        items: items.collect(),
        has_after: roster.has_after,
    }))
}

pub(crate) async fn leave(
    State(state): State<AppState>,
    room: InRoom,
) -> Result<StatusCode, Problem> {
    state.chat.leave(&room.member).await?;
    Ok(StatusCode::NO_CONTENT)
}

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

pub(crate) async fn set_role(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
    AppJson(body): AppJson<RoleBody>,
) -> Result<StatusCode, Problem> {
    state
        .chat
        .set_role(&room.member, UserId(user), body.role)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
