//! Extractors: the caller, the room, path parameters, and bodies with errors that name the field.

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Query, RawPathParams, Request, rejection::BytesRejection,
    },
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};

use super::{AppState, client::PeerAddress, origin, problem::Problem};
use crate::{
    chat::{Caller, Member},
    domain::{DecodeError, RoomId, SessionOrigin, TokenScope, decode, parse_number},
};

/// Authenticated caller, by header or cookie, with the right to read, or to write if the method does.
///
/// This is the extractor for most routes. A route that needs more or less of a personal token takes an
/// extractor of [`super::scopes`] instead.
pub(super) struct Auth {
    pub(super) caller: Caller,
    /// Whether the token came in the `Authorization` header.
    pub(super) by_header: bool,
}

impl FromRequestParts<AppState> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Self::of_any_scope(parts, state).await?;
        let needed = if is_reading(&parts.method) {
            TokenScope::Read
        } else {
            TokenScope::Write
        };
        auth.caller.require(needed)?;
        Ok(auth)
    }
}

impl Auth {
    /// Authenticates the request. The caller of this function checks the scope of the token.
    pub(super) async fn of_any_scope(parts: &Parts, state: &AppState) -> Result<Self, Problem> {
        let headers = &parts.headers;
        if let Some(token) = bearer(headers)? {
            return Self::admitted(parts, state, token, true).await;
        }
        let Some(token) = state.cookies.access(headers) else {
            return Err(unsigned());
        };
        if !is_reading(&parts.method) && !origin::is_same_origin(headers, &state.config.public_url)
        {
            return Err(cross_origin());
        }
        Self::admitted(parts, state, token, false).await
    }

    async fn admitted(
        parts: &Parts,
        state: &AppState,
        token: &str,
        by_header: bool,
    ) -> Result<Self, Problem> {
        let address = parts.extensions.get::<PeerAddress>().map(|peer| peer.0);
        let caller = state.chat.authenticate(token).await?.at(address);
        state.chat.admit(&caller)?;
        Ok(Self { caller, by_header })
    }
}

/// Returns whether requests with this method change nothing.
pub(super) fn is_reading(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

pub(super) fn unsigned() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "Sign in first: no token came with the request",
    )
}

pub(super) fn cross_origin() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross_origin",
        "A request with a cookie must come from this server's own page; programs send a bearer token",
    )
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let value = value.to_str().unwrap_or_default();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "The Authorization header must be: Bearer <access_token>",
        )),
    }
}

/// The caller as a member of the room in the path. For others, the room does not exist.
pub(super) struct InRoom {
    pub(super) member: Member,
    pub(super) auth: Auth,
}

impl FromRequestParts<AppState> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::from_request_parts(parts, state).await?;
        Self::of(auth, parts, state).await
    }
}

impl InRoom {
    /// Looks up the membership of a caller whose scope has been checked.
    pub(super) async fn of(
        auth: Auth,
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Problem> {
        let room = path_number(parts, state, "room_id").await?;
        let member = state.chat.member(&auth.caller, RoomId(room)).await?;
        Ok(Self { member, auth })
    }
}

/// Reads a number in the path. Anything else is 404.
async fn path_number(parts: &mut Parts, state: &AppState, name: &str) -> Result<i64, Problem> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::not_found())?;
    let value = params
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value);
    value.and_then(parse_number).ok_or_else(Problem::not_found)
}

macro_rules! path_id {
    ($(#[$doc:meta])* $name:ident, $param:literal) => {
        $(#[$doc])*
        pub(super) struct $name(pub(super) i64);

        impl FromRequestParts<AppState> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
                path_number(parts, state, $param).await.map(Self)
            }
        }
    };
}

path_id! {
    /// The room in the path.
    PathRoom, "room_id"
}
path_id! {
    /// The user in the path.
    PathUser, "user_id"
}
path_id! {
    /// The message in the path.
    PathSeq, "seq"
}
path_id! {
    /// The report in the path.
    PathReport, "report_id"
}
path_id! {
    /// The invite in the path.
    PathInvite, "invite_id"
}
path_id! {
    /// The login in the path.
    PathSession, "session_id"
}

path_id! {
    /// The personal token in the path.
    PathToken, "token_id"
}

macro_rules! path_text {
    ($(#[$doc:meta])* $name:ident, $param:literal) => {
        $(#[$doc])*
        pub(super) struct $name(pub(super) String);

        impl FromRequestParts<AppState> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
                let params = RawPathParams::from_request_parts(parts, state)
                    .await
                    .map_err(|_| Problem::not_found())?;
                let mut named = params.iter().filter(|(key, _)| *key == $param);
                let text = named.next().map(|(_, value)| Self(value.to_owned()));
                text.ok_or_else(Problem::not_found)
            }
        }
    };
}

path_text! {
    /// The emoji in the path, as written.
    PathEmoji, "emoji"
}
path_text! {
    /// The username in the path, as written.
    PathUsername, "username"
}
path_text! {
    /// The name of a room in the path, as written.
    PathRoomName, "room_name"
}

/// A JSON body. Its `Content-Type` is ignored, so that `curl -d` works. That gives pages of other origins no
/// advantage: cookies count only together with the server's own origin.
pub(super) struct AppJson<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for AppJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let body = AppBytes::from_request(request, state).await?;
        from_json(&body.0).map(Self)
    }
}

/// A body of any kind within the limit.
pub(super) struct AppBytes(pub(super) Bytes);

impl FromRequest<AppState> for AppBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        Bytes::from_request(request, state)
            .await
            .map(Self)
            .map_err(|rejection| body_problem(&rejection))
    }
}

fn body_problem(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The request body is too large",
        );
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed",
        "The request body did not arrive whole",
    )
}

/// Parses JSON. An error names the field, its rule and an example. An empty body counts as an object without fields.
pub(super) fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    decode::json_object(body).map_err(|error| match error {
        DecodeError::Malformed(detail) => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            format!("The body {detail}"),
        ),
        DecodeError::Field(error) => Problem::field(pointer(&error.path), error.detail),
    })
}

/// Converts a path such as `files[0].name` to a JSON pointer.
fn pointer(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

/// The query string. An error names the parameter.
pub(super) struct AppQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for AppQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(query_problem(&rejection.body_text())),
        }
    }
}

/// Describes the error of a query from the text of the rejection.
fn query_problem(text: &str) -> Problem {
    let (_, text) = text.rsplit_once("query string: ").unwrap_or(("", text));
    if let Some((_, name)) = text.split_once("duplicate field `") {
        let name = name.trim_end_matches('`');
        return Problem::field(format!("/{name}"), "is given twice; give it once");
    }
    match text.split_once(": ") {
        Some((name, message)) => {
            let detail = match decode::rule(message) {
                Some(rule) => rule.text,
                None => message.to_owned(),
            };
            Problem::field(format!("/{name}"), detail)
        }
        None => Problem::field(
            "",
            "The query cannot be read; write it as ?name=value&name=value",
        ),
    }
}

/// Deserializes a number in a query string. Negative numbers are refused.
pub(super) fn query_number<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: From<i64>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    match parse_number(&text) {
        Some(number) => Ok(Some(T::from(number))),
        None => Err(D::Error::custom(
            "must be a whole number from 0, without a sign or leading zeros, for example 50",
        )),
    }
}

/// Address and user agent of a login.
pub(super) struct Origin(pub(super) SessionOrigin);

impl FromRequestParts<AppState> for Origin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or_default();
        let address = parts
            .extensions
            .get::<PeerAddress>()
            .map(|peer| peer.0.to_string());
        Ok(Self(SessionOrigin {
            user_agent: agent.chars().take(200).collect(),
            address: address.unwrap_or_default(),
        }))
    }
}
