//! `/api/auth`: sign-up, sign-in, sign-out and tokens.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    chat::{Grant, SignUp, SignedIn},
    domain::{DisplayName, Password, RoomId, UserId, Username},
    http::{
        AppState,
        extract::{AppBytes, AppJson, Auth, Origin, cross_origin, from_json, unsigned},
        origin,
        problem::Problem,
        scopes::LoginAuth,
    },
    protocol::UserView,
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateAccount {
    /// Username: 3 to 32 letters a to z, digits, `_`, `.` and `-`, unique in any case.
    username: String,
    /// Password: 8 to 128 characters.
    password: String,
    /// Name that other users see.
    display_name: Option<String>,
    /// Access code or code of an invite.
    code: Option<String>,
    /// Sets the tokens as cookies instead of returning them.
    #[serde(default)]
    cookie: bool,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignIn {
    /// Username: 3 to 32 letters a to z, digits, `_`, `.` and `-`, unique in any case.
    username: String,
    /// Password: 8 to 128 characters.
    password: String,
    /// Sets the tokens as cookies instead of returning them.
    #[serde(default)]
    cookie: bool,
}

#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct RefreshTokens {
    /// Refresh token. It is good once.
    refresh_token: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ChangePassword {
    /// The current password.
    current: String,
    /// The new password: 8 to 128 characters.
    new: String,
}

#[derive(Serialize, ToSchema)]
struct SignInAnswer {
    /// The user.
    user: UserView,
    /// Id of the user.
    user_id: UserId,
    /// Room that the code granted entry to.
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<RoomId>,
    #[serde(flatten)]
    tokens: TokenPair,
}

/// Tokens of a session. With cookies, the answer leaves the tokens out, so that no script can read them.
#[derive(Serialize, ToSchema)]
struct TokenPair {
    /// Access token. Absent if cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Lifetime in seconds.
    expires_in: u64,
    /// Refresh token, good once. Absent if cookies were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// Creates an account and signs in.
///
/// With `code`, the account also joins the room of the code in the same transaction. The first account of a server becomes its admin.
#[utoipa::path(
    post,
    path = "/api/auth/signup",
    operation_id = "signUp",
    tag = "accounts",
    request_body = CreateAccount,
    responses(
        (status = 201, description = "The account and its tokens.", body = SignInAnswer)
    ),
    security(()),
    extensions(("x-codes" = json!("username_taken registration_invite registration_closed bad_code cross_origin rate_limited")))
)]
pub(crate) async fn sign_up(
    State(state): State<AppState>,
    headers: HeaderMap,
    Origin(origin): Origin,
    AppJson(body): AppJson<CreateAccount>,
) -> Result<Response, Problem> {
    refuse_foreign_page(&state, &headers, body.cookie)?;
    let wanted = SignUp {
        username: Username::parse(&body.username)?,
        password: Password::parse("password", body.password)?,
        display_name: body
            .display_name
            .as_deref()
            .map(DisplayName::parse)
            .transpose()?,
        code: body.code,
    };
    let signed = state.chat.sign_up(wanted, origin).await?;
    Ok((StatusCode::CREATED, signed_in(&state, signed, body.cookie)).into_response())
}

/// Signs in with a username and a password.
#[utoipa::path(
    post,
    path = "/api/auth/signin",
    operation_id = "signIn",
    tag = "accounts",
    request_body = SignIn,
    responses(
        (status = 200, description = "The account and its tokens.", body = SignInAnswer)
    ),
    security(()),
    extensions(("x-codes" = json!("bad_credentials disabled cross_origin rate_limited")))
)]
pub(crate) async fn sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    Origin(origin): Origin,
    AppJson(body): AppJson<SignIn>,
) -> Result<Response, Problem> {
    refuse_foreign_page(&state, &headers, body.cookie)?;
    let password = Password::unchecked(body.password);
    let signed = state.chat.sign_in(&body.username, password, origin).await?;
    Ok(signed_in(&state, signed, body.cookie))
}

/// Exchanges a refresh token for a new pair of tokens.
///
/// A refresh token is good once. Using it a second time ends its session. Without `refresh_token`, the cookie is used.
#[utoipa::path(
    post,
    path = "/api/auth/refresh",
    operation_id = "refreshTokens",
    tag = "accounts",
    request_body = RefreshTokens,
    responses(
        (status = 200, description = "The new tokens.", body = TokenPair)
    ),
    security(()),
    extensions(("x-codes" = json!("unauthorized unauthenticated cross_origin rate_limited")))
)]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    headers: HeaderMap,
    AppJson(body): AppJson<RefreshTokens>,
) -> Result<Response, Problem> {
    if let Some(token) = body.refresh_token {
        let grant = state.chat.refresh(&token).await?;
        return Ok(Json(tokens(&grant, false)).into_response());
    }
    let token = state.cookies.refresh(&headers).ok_or_else(unsigned)?;
    if !origin::is_same_origin(&headers, &state.config.public_url) {
        return Err(cross_origin());
    }
    let grant = state.chat.refresh(token).await?;
    let set = state.cookies.set(&grant);
    Ok((AppendHeaders(set), Json(tokens(&grant, true))).into_response())
}

/// Ends the session with its tokens and sockets.
///
/// If the access token has expired, `refresh_token` or the cookie names the session.
#[utoipa::path(
    post,
    path = "/api/auth/signout",
    operation_id = "signOut",
    tag = "accounts",
    request_body = Option<RefreshTokens>,
    responses(
        (status = 204, description = "Done.")
    )
)]
pub(crate) async fn sign_out(
    State(state): State<AppState>,
    headers: HeaderMap,
    auth: Result<Auth, Problem>,
    AppBytes(body): AppBytes,
) -> Result<Response, Problem> {
    let body = match body.trim_ascii() {
        [] => RefreshTokens::default(),
        body => from_json(body)?,
    };
    let clear = AppendHeaders(state.cookies.clear());
    let by_cookie = state.cookies.refresh(&headers);
    match (auth, body.refresh_token.as_deref(), by_cookie) {
        (Ok(auth), ..) => state.chat.sign_out(&auth.caller).await?,
        (Err(problem), Some(token), _) if problem.status == StatusCode::UNAUTHORIZED => {
            state.chat.sign_out_by_refresh(token).await?;
        }
        (Err(problem), None, Some(token)) if problem.status == StatusCode::UNAUTHORIZED => {
            if !origin::is_same_origin(&headers, &state.config.public_url) {
                return Err(cross_origin());
            }
            if let Err(error) = state.chat.sign_out_by_refresh(token).await {
                // Deletes the cookies even if their session has ended.
                return Ok((clear, Problem::from(error)).into_response());
            }
        }
        (Err(problem), ..) => return Err(problem),
    }
    Ok((StatusCode::NO_CONTENT, clear).into_response())
}

/// Changes the password.
///
/// Ends every other session. Personal tokens stay valid. A personal token cannot call it.
#[utoipa::path(
    post,
    path = "/api/auth/password",
    operation_id = "changePassword",
    tag = "accounts",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("rate_limited")))
)]
pub(crate) async fn change_password(
    State(state): State<AppState>,
    LoginAuth(login): LoginAuth,
    AppJson(body): AppJson<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let new = Password::parse("new", body.new)?;
    state
        .chat
        .change_password(&login, Password::unchecked(body.current), new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses a page of another origin, which could sign its visitor in to an account of its choice.
fn refuse_foreign_page(state: &AppState, headers: &HeaderMap, cookie: bool) -> Result<(), Problem> {
    if cookie && origin::is_cross_origin(headers, &state.config.public_url) {
        return Err(cross_origin());
    }
    Ok(())
}

fn signed_in(state: &AppState, signed: SignedIn, cookie: bool) -> Response {
    let SignedIn {
        user,
        grant,
        joined,
    } = signed;
    let online = state.chat.hub().presence().is_online(user.id);
    let body = SignInAnswer {
        user_id: user.id,
        user: UserView::own(&user, online),
        room_id: joined,
        tokens: tokens(&grant, cookie),
    };
    if cookie {
        let set = state.cookies.set(&grant);
        return (AppendHeaders(set), Json(body)).into_response();
    }
    Json(body).into_response()
}

fn tokens(grant: &Grant, cookie: bool) -> TokenPair {
    TokenPair {
        access_token: (!cookie).then(|| grant.access_token.clone()),
        token_type: "Bearer",
        expires_in: grant.expires_in.as_secs(),
        refresh_token: (!cookie).then(|| grant.refresh_token.clone()),
    }
}
