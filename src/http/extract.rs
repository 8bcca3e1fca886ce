//! Reading requests: who calls, which room, and bodies that are told what is wrong with them.

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Query, RawPathParams, Request, rejection::BytesRejection,
    },
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{AppState, client::Peer, origin, problem::Problem};
use crate::{
    chat::{Caller, Member},
    domain::{RoomId, SessionOrigin, TokenScope},
};

/// Somebody signed in, by header or by cookie, who may read, or change something if the method does.
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
    /// Authenticates, and leaves it to the caller of this function to check the scope of a token.
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
        let address = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let caller = state.chat.authenticate(token).await?.at(address);
        state.chat.admit(&caller)?;
        Ok(Self { caller, by_header })
    }
}

/// Whether a request of this kind changes nothing.
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

/// The caller as a member of the room in the path. To anybody else the room does not exist.
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

/// A number in the path. Anything else there names nothing.
async fn path_number(parts: &mut Parts, state: &AppState, name: &str) -> Result<i64, Problem> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::not_found())?;
    let value = params
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value);
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(Problem::not_found)
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

/// The emoji in the path, as it was written.
pub(super) struct PathEmoji(pub(super) String);

impl FromRequestParts<AppState> for PathEmoji {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        let mut named = params.iter().filter(|(key, _)| *key == "emoji");
        let emoji = named.next().map(|(_, value)| Self(value.to_owned()));
        emoji.ok_or_else(Problem::not_found)
    }
}

/// A JSON body, whatever its `Content-Type` says, so that `curl -d` works. A page of another
/// origin gains nothing by that: cookies are only good together with our own origin.
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

/// Reads JSON; an error names the field.
pub(super) fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|first| *first != b'{') {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "The body must be a JSON object",
        ));
    }
    let mut reader =
        serde_json::Deserializer::from_slice(if body.is_empty() { b"{}" } else { body });
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        // A number where a name of a fixed set belongs is called a syntax error too.
        let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
        if !inner.is_data() && !is_json() {
            return Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed",
                format!("The body is not JSON: {inner}"),
            );
        }
        let detail = inner.to_string();
        let detail = detail.split(" at line ").next().unwrap_or_default();
        if let Some(field) = quoted_after(detail, "duplicate field `") {
            return Problem::field(format!("/{field}"), "is there twice");
        }
        match quoted_after(detail, "missing field `") {
            Some(field) => Problem::field(format!("/{field}"), "is missing"),
            None if path == "." => Problem::field("", detail),
            None => Problem::field(pointer(&path), in_words(detail)),
        }
    })?;
    reader.end().map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            format!("The body is not JSON: {error}"),
        )
    })?;
    Ok(value)
}

/// A path such as `files[0].name` as a JSON pointer.
fn pointer(path: &str) -> String {
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

/// What is said of a type of ours, in words for who does not know them.
fn in_words(detail: &str) -> String {
    let detail = detail.replace("expected i64", "expected a whole number");
    ["u64", "u32"].iter().fold(detail, |detail, number| {
        let expected = format!("expected {number}");
        detail.replace(&expected, "expected a whole number from 0 on")
    })
}

fn quoted_after<'d>(text: &'d str, lead: &str) -> Option<&'d str> {
    text.split_once(lead)?
        .1
        .split_once('`')
        .map(|(name, _)| name)
}

/// The query; an error names the parameter.
pub(super) struct AppQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for AppQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let detail = rejection.body_text();
                let detail = detail
                    .rsplit_once("query string: ")
                    .map_or(detail.as_str(), |(_, rest)| rest);
                match detail.split_once(": ") {
                    Some((name, detail)) => Err(Problem::field(format!("/{name}"), detail)),
                    None => Err(Problem::field("", detail)),
                }
            }
        }
    }
}

/// Where a login comes from.
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
            .get::<Peer>()
            .map(|peer| peer.0.to_string());
        Ok(Self(SessionOrigin {
            user_agent: agent.chars().take(200).collect(),
            address: address.unwrap_or_default(),
        }))
    }
}
