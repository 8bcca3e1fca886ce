//! Extractors of callers for routes that need more or less of a personal token than to read or to write.

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

/// The caller as a member of the room in the path who may send messages and files to it.
pub(super) struct RoomToPost(pub(super) InRoom);

impl FromRequestParts<AppState> for RoomToPost {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        auth.caller.require(TokenScope::Post)?;
        InRoom::of(auth, parts, state).await.map(Self)
    }
}

/// The caller as somebody who has signed in with a password: no personal token will do.
pub(super) struct Login(pub(super) chat::Login);

impl FromRequestParts<AppState> for Login {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        Ok(Self(auth.caller.login(is_reading(&parts.method))?))
    }
}

/// The caller, whatever the scope of their token. The use case decides what it may do.
pub(super) struct AnyScope(pub(super) Caller);

impl FromRequestParts<AppState> for AnyScope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Ok(Self(Auth::of_any_scope(parts, state).await?.caller))
    }
}

/// The caller as a server admin who changes something. The right is looked up for each request.
pub(super) struct Admin(pub(super) chat::Admin);

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        Ok(Self(state.chat.admin(&auth.caller).await?))
    }
}

/// The caller as a server admin who only looks. The right is looked up for each request.
pub(super) struct AdminReader(pub(super) chat::AdminReader);

impl FromRequestParts<AppState> for AdminReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::of_any_scope(parts, state).await?;
        Ok(Self(state.chat.admin_reader(&auth.caller).await?))
    }
}
