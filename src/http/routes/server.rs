//! `/api/server` and the health checks.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    chat::ChatError,
    domain::{FILES_PER_MESSAGE, Registration},
    http::{AppState, problem::Problem},
};

#[derive(Serialize, ToSchema)]
pub(crate) struct ServerInfo {
    /// Name of the server.
    name: String,
    /// Version of the program.
    version: &'static str,
    /// Epoch of the database.
    epoch: String,
    /// Policy for new accounts.
    registration: Registration,
    /// Whether the server has no account yet.
    needs_first_account: bool,
    /// Limits that clients need.
    limits: ServerLimits,
}

#[derive(Serialize, ToSchema)]
struct ServerLimits {
    /// Maximum number of characters of a message.
    body_chars: usize,
    /// Maximum size of a request body in bytes.
    request_bytes: usize,
    /// Maximum size of a WebSocket message in bytes.
    frame_bytes: usize,
    /// Maximum number of rooms of one user.
    rooms_per_user: usize,
    /// Maximum size of a file in bytes.
    file_bytes: u64,
    /// Maximum number of files of one message.
    files_per_message: usize,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ServerHealth {
    /// State of the server.
    status: &'static str,
}

/// Returns the name, the version, the epoch and the limits of the server. It needs no token.
#[utoipa::path(
    get,
    path = "/api/server",
    operation_id = "getServer",
    tag = "server",
    responses(
        (status = 200, description = "The server.", body = ServerInfo)
    ),
    security(())
)]
pub(crate) async fn about(State(state): State<AppState>) -> Result<Json<ServerInfo>, Problem> {
    let limits = &state.config.limits;
    Ok(Json(ServerInfo {
        name: state.config.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        epoch: state.chat.epoch().to_owned(),
        registration: state.config.registration,
        needs_first_account: state.chat.needs_first_account().await?,
        limits: ServerLimits {
            body_chars: limits.body_chars,
            request_bytes: limits.request_bytes,
            frame_bytes: limits.frame_bytes,
            rooms_per_user: limits.rooms_per_user,
            file_bytes: limits.file_bytes,
            files_per_message: FILES_PER_MESSAGE,
        },
    }))
}

/// Tells that the process runs. It needs no token.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "server",
    responses(
        (status = 200, description = "The process runs.", body = ServerHealth)
    ),
    security(())
)]
pub(crate) async fn healthz() -> Json<ServerHealth> {
    Json(ServerHealth { status: "ok" })
}

/// Tells whether the server accepts new work. It needs no token.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "server",
    responses(
        (status = 200, description = "The server accepts new work.", body = ServerHealth)
    ),
    security(())
)]
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Json<ServerHealth>, Problem> {
    let failure = state.readiness.failure();
    if let Some(reason) = failure.or_else(|| state.chat.health_error()) {
        return Err(Problem::unavailable(reason));
    }
    if !state.readiness.get() {
        return Err(ChatError::Draining.into());
    }
    state.chat.ping().await?;
    Ok(Json(ServerHealth { status: "ready" }))
}
