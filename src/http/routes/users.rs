//! `/api/users`: others, as far as one may see them.

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{
    domain::{RoomId, UserId},
    http::{
        AppState,
        extract::{Auth, PathUser},
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
    let profile = state.chat.profile(&auth.caller, UserId(user)).await?;
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
