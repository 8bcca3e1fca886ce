//! `/api/users`: profiles of users whom the caller may see.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{RoomId, UserId},
    http::{
        AppState,
        extract::{Auth, PathUser, PathUsername},
        problem::Problem,
    },
    protocol::UserView,
};

#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileView {
    /// The user.
    user: UserView,
    /// Rooms that the caller shares with the user.
    chat_rooms: Vec<ProfileRoom>,
}

#[derive(Serialize, ToSchema)]
struct ProfileRoom {
    /// Id.
    id: RoomId,
    /// Name.
    name: String,
}

/// Returns the profile of a user and the rooms shared with the caller.
///
/// The caller sees users of their rooms and of public rooms.
#[utoipa::path(
    get,
    path = "/api/users/{user_id}",
    operation_id = "getUser",
    tag = "users",
    responses(
        (status = 200, description = "The profile.", body = ProfileView)
    )
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
) -> Result<Json<ProfileView>, Problem> {
    profile(&state, &auth, UserId(user)).await
}

/// Returns the profile of the user with a username. Case makes no difference.
#[utoipa::path(
    get,
    path = "/api/users/by-name/{username}",
    operation_id = "getUserByName",
    tag = "users",
    responses(
        (status = 200, description = "The profile.", body = ProfileView)
    )
)]
pub(crate) async fn show_named(
    State(state): State<AppState>,
    auth: Auth,
    PathUsername(username): PathUsername,
) -> Result<Json<ProfileView>, Problem> {
    let user = state.chat.user_named(&auth.caller, &username).await?;
    profile(&state, &auth, user).await
}

async fn profile(
    state: &AppState,
    auth: &Auth,
    user: UserId,
) -> Result<Json<ProfileView>, Problem> {
    let profile = state.chat.profile(&auth.caller, user).await?;
    let rooms = profile
        .rooms
        .into_iter()
        .map(|(id, name)| ProfileRoom { id, name });
    let user = if profile.user.id == auth.caller.user() {
        UserView::own(&profile.user, profile.online)
    } else {
        UserView::new(&profile.user, profile.online)
    };
    Ok(Json(ProfileView {
        user: user.saying(profile.about),
        chat_rooms: rooms.collect(),
    }))
}
