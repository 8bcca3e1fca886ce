//! `/api/me`: the caller's own account and sessions.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    chat::ProfileEdit,
    domain::{About, DisplayName, Session, SessionId, Timestamp, Username},
    http::{
        AppState,
        extract::{AppJson, Auth, PathSession},
        problem::Problem,
        scopes::LoginAuth,
    },
    protocol::UserView,
};

#[derive(Serialize, ToSchema)]
pub(crate) struct OwnAccount {
    /// The user.
    user: UserView,
    /// Id of the session.
    session_id: SessionId,
    /// Whether the caller is a server admin.
    admin: bool,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct EditProfile {
    /// Name that other users see.
    display_name: Option<String>,
    /// New username. The former one stays reserved for the caller.
    username: Option<String>,
    /// Description that users write about themselves, at most 500 characters.
    about: Option<String>,
    /// Whether other users cannot see `last_seen`.
    hide_last_seen: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The items of this page.
    items: Vec<SessionView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SessionView {
    /// Id.
    id: SessionId,
    /// Time of creation.
    created_at: Timestamp,
    /// Time of the last use.
    last_used_at: Timestamp,
    /// User agent of the client.
    user_agent: String,
    /// Address of the client.
    address: String,
    /// Whether it is the session of this request.
    current: bool,
}

impl SessionView {
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

/// Returns the account of the caller.
#[utoipa::path(
    get,
    path = "/api/me",
    operation_id = "getOwnAccount",
    tag = "accounts",
    responses(
        (status = 200, description = "The account.", body = OwnAccount)
    )
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<Json<OwnAccount>, Problem> {
    me(&state, &auth).await
}

/// Changes the profile of the caller.
///
/// Fields that are left out stay as they are. Nobody else may take a former username.
#[utoipa::path(
    patch,
    path = "/api/me",
    operation_id = "editOwnAccount",
    tag = "accounts",
    request_body = EditProfile,
    responses(
        (status = 200, description = "The account as it is now.", body = OwnAccount)
    ),
    extensions(("x-codes" = json!("username_taken too_many")))
)]
pub(crate) async fn edit(
    State(state): State<AppState>,
    auth: Auth,
    AppJson(body): AppJson<EditProfile>,
) -> Result<Json<OwnAccount>, Problem> {
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

/// Lists the sessions of the caller, newest first.
///
/// A user has at most 100 sessions. A personal token cannot call it.
#[utoipa::path(
    get,
    path = "/api/me/sessions",
    operation_id = "listSessions",
    tag = "accounts",
    responses(
        (status = 200, description = "The sessions.", body = SessionList)
    )
)]
pub(crate) async fn sessions(
    State(state): State<AppState>,
    LoginAuth(login): LoginAuth,
) -> Result<Json<SessionList>, Problem> {
    let current = login.caller().session();
    let items = state.chat.sessions(&login).await?;
    let items = items
        .into_iter()
        .map(|session| SessionView::new(session, current));
    Ok(Json(SessionList {
        items: items.collect(),
    }))
}

/// Ends a session. Its sockets close within a second.
///
/// A personal token cannot call it.
#[utoipa::path(
    delete,
    path = "/api/me/sessions/{session_id}",
    operation_id = "endSession",
    tag = "accounts",
    responses(
        (status = 204, description = "Done.")
    )
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    LoginAuth(login): LoginAuth,
    PathSession(session): PathSession,
) -> Result<StatusCode, Problem> {
    let session = SessionId(session);
    state.chat.revoke_session(&login, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(state: &AppState, auth: &Auth) -> Result<Json<OwnAccount>, Problem> {
    let user = state.chat.me(&auth.caller).await?;
    let about = state.chat.about(&auth.caller).await?;
    let online = state.chat.hub().presence().is_online(user.id);
    Ok(Json(OwnAccount {
        user: UserView::own(&user, online).saying(about),
        session_id: auth.caller.session(),
        admin: state.chat.is_admin(&auth.caller).await?,
    }))
}
