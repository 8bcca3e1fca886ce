//! `/api/me`: one's own account and logins.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    chat::ProfileEdit,
    domain::{About, DisplayName, Session, SessionId, Timestamp, Username},
    http::{
        AppState,
        extract::{AppJson, Auth, PathSession},
        problem::Problem,
        scopes::Login,
    },
    protocol::UserView,
};

#[derive(Serialize)]
pub(crate) struct MeBody {
    user: UserView,
    session_id: SessionId,
    /// Whether the caller is a server admin.
    admin: bool,
}

#[derive(Deserialize)]
pub(crate) struct EditBody {
    display_name: Option<String>,
    username: Option<String>,
    about: Option<String>,
    hide_last_seen: Option<bool>,
}

#[derive(Serialize)]
pub(crate) struct SessionsBody {
    items: Vec<SessionBody>,
}

#[derive(Serialize)]
pub(super) struct SessionBody {
    id: SessionId,
    created_at: Timestamp,
    last_used_at: Timestamp,
    user_agent: String,
    address: String,
    current: bool,
}

impl SessionBody {
    pub(super) fn new(session: Session, current: SessionId) -> Self {
        let Session {
            id,
            created_at,
            last_used_at,
            origin,
        } = session;
        Self {
            id,
            created_at,
            last_used_at,
            user_agent: origin.user_agent,
            address: origin.address,
            current: id == current,
        }
    }
}

pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<Json<MeBody>, Problem> {
    me(&state, &auth).await
}

pub(crate) async fn edit(
    State(state): State<AppState>,
    auth: Auth,
    AppJson(body): AppJson<EditBody>,
) -> Result<Json<MeBody>, Problem> {
    let display_name = body.display_name.as_deref().map(DisplayName::parse);
    let username = body.username.as_deref().map(Username::parse);
    let about = body.about.as_deref().map(About::parse);
    let edit = ProfileEdit {
        display_name: display_name.transpose()?,
        username: username.transpose()?,
        about: about.transpose()?,
        hide_last_seen: body.hide_last_seen,
    };
    state.chat.edit_profile(&auth.caller, edit).await?;
    me(&state, &auth).await
}

pub(crate) async fn sessions(
    State(state): State<AppState>,
    Login(login): Login,
) -> Result<Json<SessionsBody>, Problem> {
    let current = login.caller().session();
    let items = state.chat.sessions(&login).await?;
    let items = items
        .into_iter()
        .map(|session| SessionBody::new(session, current));
    Ok(Json(SessionsBody {
        items: items.collect(),
    }))
}

pub(crate) async fn revoke(
    State(state): State<AppState>,
    Login(login): Login,
    PathSession(session): PathSession,
) -> Result<StatusCode, Problem> {
    let session = SessionId(session);
    state.chat.revoke_session(&login, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(state: &AppState, auth: &Auth) -> Result<Json<MeBody>, Problem> {
    let user = state.chat.me(&auth.caller).await?;
    let about = state.chat.about(&auth.caller).await?;
    let online = state.chat.hub().presence().is_online(user.id);
    Ok(Json(MeBody {
        user: UserView::own(&user, online).saying(about),
        session_id: auth.caller.session(),
        admin: state.chat.is_admin(&auth.caller).await?,
    }))
}
