//! `/api/users`: others, as far as one may see them.

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{
    domain::{RoomId, UserId},
    http::{
        AppState,
        extract::{Auth, PathUser, PathUsername},
        problem::Problem,
    },
    protocol::UserView,
};

#[derive(Serialize)]
pub(crate) struct ProfileBody {
    user: UserView,
    chat_rooms: Vec<NamedRoom>,
}

#[derive(Serialize)]
struct NamedRoom {
    id: RoomId,
    name: String,
}

pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
    PathUser(user): PathUser,
) -> Result<Json<ProfileBody>, Problem> {
    profile(&state, &auth, UserId(user)).await
}

pub(crate) async fn show_named(
    State(state): State<AppState>,
    auth: Auth,
    PathUsername(username): PathUsername,
) -> Result<Json<ProfileBody>, Problem> {
    let user = state.chat.user_named(&auth.caller, &username).await?;
    profile(&state, &auth, user).await
}

async fn profile(
    state: &AppState,
    auth: &Auth,
    user: UserId,
) -> Result<Json<ProfileBody>, Problem> {
    let profile = state.chat.profile(&auth.caller, user).await?;
    let rooms = profile
        .rooms
        .into_iter()
        .map(|(id, name)| NamedRoom { id, name });
    let user = if profile.user.id == auth.caller.user() {
        UserView::own(&profile.user, profile.online)
    } else {
        UserView::new(&profile.user, profile.online)
    };
    Ok(Json(ProfileBody {
        user: user.saying(profile.about),
        chat_rooms: rooms.collect(),
    }))
}
