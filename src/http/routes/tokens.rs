//! `/api/me/tokens`: personal tokens.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{PersonalToken, RoomId, RoomLimit, SessionId, TokenName, TokenScope},
    http::{
        AppState,
        extract::{AppJson, Auth, Origin, PathToken},
        problem::Problem,
        scopes::{AnyScope, LoginAuth},
    },
};

/// Ten years in seconds.
const EXPIRES_IN_MAX: u64 = 315_360_000;

#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateToken {
    /// Name of the token.
    name: String,
    /// Scope of the token.
    scope: TokenScope,
    /// Lifetime in seconds, at most 315360000; without it, no expiry.
    expires_in: Option<u64>,
    /// Ids of the rooms that the token is limited to, 1 to 100; without it, all rooms.
    rooms: Option<Vec<RoomId>>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedToken {
    #[serde(flatten)]
    made: PersonalToken,
    /// The secret. It is shown once.
    token: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// The items of this page.
    items: Vec<PersonalToken>,
}

/// Lists the personal tokens of the caller, newest first.
///
/// A personal token sees only itself.
#[utoipa::path(
    get,
    path = "/api/me/tokens",
    operation_id = "listTokens",
    tag = "accounts",
    responses(
        (status = 200, description = "The personal tokens.", body = TokenList)
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    auth: Auth,
) -> Result<Json<TokenList>, Problem> {
    let items = state.chat.tokens(&auth.caller).await?;
    Ok(Json(TokenList { items }))
}

/// Creates a personal token. The answer shows the secret once.
///
/// A personal token cannot call it. Only a server admin may create a token with the scope `admin`.
#[utoipa::path(
    post,
    path = "/api/me/tokens",
    operation_id = "createToken",
    tag = "accounts",
    request_body = CreateToken,
    responses(
        (status = 201, description = "The token and its secret.", body = CreatedToken)
    ),
    extensions(("x-codes" = json!("forbidden too_many")))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    LoginAuth(login): LoginAuth,
    Origin(origin): Origin,
    AppJson(body): AppJson<CreateToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Problem> {
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
    Ok((StatusCode::CREATED, Json(CreatedToken { made, token })))
}

/// Revokes a personal token. Its sockets close within a second.
///
/// A personal token can revoke only itself.
#[utoipa::path(
    delete,
    path = "/api/me/tokens/{token_id}",
    operation_id = "revokeToken",
    tag = "accounts",
    responses(
        (status = 204, description = "Done.")
    )
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    AnyScope(caller): AnyScope,
    PathToken(token): PathToken,
) -> Result<StatusCode, Problem> {
    let token = SessionId(token);
    state.chat.revoke_token(&caller, token).await?;
    Ok(StatusCode::NO_CONTENT)
}
