//! Extractors for routes that need another scope of a personal token than `read` or `write`.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{
    AppState,
    extract::{Auth, InRoom, is_reading},
    problem::Problem,
};
use crate::{
    chat::{self, Caller},
    domain::TokenScope,
};

/// The caller as a member of the room in the path who may send messages and files.
pub(super) struct RoomToPost(pub(super) InRoom);

impl FromRequestParts<AppState> for RoomToPost {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        auth.caller.require(TokenScope::Post)?;
        InRoom::of(auth, parts, state).await.map(Self)
    }
}

/// The caller, signed in with a password. Personal tokens are refused.
pub(super) struct LoginAuth(pub(super) chat::Login);

impl FromRequestParts<AppState> for LoginAuth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        Ok(Self(auth.caller.login(is_reading(&parts.method))?))
    }
}

/// The caller with a token of any scope. The use case checks the scope.
pub(super) struct AnyScope(pub(super) Caller);

impl FromRequestParts<AppState> for AnyScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self(Auth::of_any_scope(parts, state).await?.caller))
    }
}

/// The caller as a server admin who may write. The right is read from the database for each request.
pub(super) struct AdminAuth(pub(super) chat::Admin);

impl FromRequestParts<AppState> for AdminAuth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        Ok(Self(state.chat.admin(&auth.caller).await?))
    }
}

/// The caller as a server admin who may read. The right is read from the database for each request.
pub(super) struct AdminReaderAuth(pub(super) chat::AdminReader);

impl FromRequestParts<AppState> for AdminReaderAuth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        Ok(Self(state.chat.admin_reader(&auth.caller).await?))
    }
}
