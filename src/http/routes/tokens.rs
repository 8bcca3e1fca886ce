//! `/api/me/tokens`: personal tokens, for programs.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{PersonalToken, RoomId, RoomLimit, SessionId, TokenName, TokenScope},
    http::{
        AppState,
        extract::{AppJson, Auth, Origin, PathToken},
        problem::Problem,
        scopes::{AnyScope, Login},
    },
};

/// Ten years of seconds.
const EXPIRES_IN_MAX: u64 = 315_360_000;

#[derive(Deserialize)]
pub(crate) struct NewBody {
    name: String,
    scope: TokenScope,
    expires_in: Option<u64>,
    rooms: Option<Vec<RoomId>>,
}

#[derive(Serialize)]
pub(crate) struct MadeBody {
    #[serde(flatten)]
    made: PersonalToken,
    token: String,
}

#[derive(Serialize)]
pub(crate) struct TokensBody {
    items: Vec<PersonalToken>,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<Json<TokensBody>, Problem> {
    let items = state.chat.tokens(&auth.caller).await?;
    Ok(Json(TokensBody { items }))
}

pub(crate) async fn create(
    State(state): State<AppState>,
    Login(login): Login,
    Origin(origin): Origin,
    AppJson(body): AppJson<NewBody>,
) -> Result<(StatusCode, Json<MadeBody>), Problem> {
    let name = TokenName::parse(&body.name)?;
    let allowed = |seconds: &u64| (1..=EXPIRES_IN_MAX).contains(seconds);
    if !body.expires_in.as_ref().is_none_or(allowed) {
        let detail = format!("must be 1 to {EXPIRES_IN_MAX} seconds");
        return Err(Problem::field("/expires_in", detail));
    }
    let rooms = RoomLimit::parse(body.scope, body.rooms)?;
    let lasts = body.expires_in.map(Duration::from_secs);
    let (made, secret) = state
        .chat
        .create_token(&login, name, body.scope, rooms, lasts, origin)
        .await?;
    let token = secret.as_str().to_owned();
    Ok((StatusCode::CREATED, Json(MadeBody { made, token })))
}

pub(crate) async fn revoke(
    State(state): State<AppState>,
    AnyScope(caller): AnyScope,
    PathToken(token): PathToken,
) -> Result<StatusCode, Problem> {
    let token = SessionId(token);
    state.chat.revoke_token(&caller, token).await?;
    Ok(StatusCode::NO_CONTENT)
}
