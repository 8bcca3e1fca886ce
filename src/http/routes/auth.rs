//! `/api/auth`: signing up, in and out, and the tokens.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{AppendHeaders, IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    chat::{Grant, SignUp, SignedIn},
    domain::{DisplayName, Password, RoomId, UserId, Username},
    http::{
        AppState,
        extract::{AppBytes, AppJson, Auth, Origin, cross_origin, from_json, unsigned},
        origin,
        problem::Problem,
        scopes::Login,
    },
    protocol::UserView,
};

#[derive(Deserialize)]
pub(crate) struct SignUpBody {
    username: String,
    password: String,
    display_name: Option<String>,
    code: Option<String>,
    #[serde(default)]
    cookie: bool,
}

#[derive(Deserialize)]
pub(crate) struct SignInBody {
    username: String,
    password: String,
    #[serde(default)]
    cookie: bool,
}

#[derive(Default, Deserialize)]
pub(crate) struct RefreshBody {
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct PasswordBody {
    current: String,
    new: String,
}

#[derive(Serialize)]
struct SignedInBody {
    user: UserView,
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<RoomId>,
    #[serde(flatten)]
    tokens: TokensBody,
}

/// With cookies the tokens are left out, so that no script ever holds them.
#[derive(Serialize)]
struct TokensBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

pub(crate) async fn sign_up(
    State(state): State<AppState>,
    headers: HeaderMap,
    Origin(origin): Origin,
    AppJson(body): AppJson<SignUpBody>,
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

pub(crate) async fn sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    Origin(origin): Origin,
    AppJson(body): AppJson<SignInBody>,
) -> Result<Response, Problem> {
    refuse_foreign_page(&state, &headers, body.cookie)?;
    let password = Password::unchecked(body.password);
    let signed = state.chat.sign_in(&body.username, password, origin).await?;
    Ok(signed_in(&state, signed, body.cookie))
}

pub(crate) async fn refresh(
    State(state): State<AppState>,
    headers: HeaderMap,
    AppJson(body): AppJson<RefreshBody>,
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

/// With a token that has run out, the refresh token still says which login is to end.
pub(crate) async fn sign_out(
    State(state): State<AppState>,
    headers: HeaderMap,
    auth: Result<Auth, Problem>,
    AppBytes(body): AppBytes,
) -> Result<Response, Problem> {
    let body = match body.trim_ascii() {
        [] => RefreshBody::default(),
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
                // Cookies that are good for nothing go all the same.
                return Ok((clear, Problem::from(error)).into_response());
            }
        }
        (Err(problem), ..) => return Err(problem),
    }
    Ok((StatusCode::NO_CONTENT, clear).into_response())
}

pub(crate) async fn change_password(
    State(state): State<AppState>,
    Login(login): Login,
    AppJson(body): AppJson<PasswordBody>,
) -> Result<StatusCode, Problem> {
    let new = Password::parse("new", body.new)?;
    state
        .chat
        .change_password(&login, Password::unchecked(body.current), new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another origin's page must not sign its visitor in here as somebody it chose.
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
    let body = SignedInBody {
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

fn tokens(grant: &Grant, cookie: bool) -> TokensBody {
    TokensBody {
        access_token: (!cookie).then(|| grant.access_token.clone()),
        token_type: "Bearer",
        expires_in: grant.expires_in.as_secs(),
        refresh_token: (!cookie).then(|| grant.refresh_token.clone()),
    }
}
