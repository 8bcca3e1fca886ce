//! What the server says about itself.

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{
    chat::ChatError,
    domain::{FILES_PER_MESSAGE, Registration},
    http::{AppState, problem::Problem},
};

#[derive(Serialize)]
pub(crate) struct AboutBody {
    name: String,
    version: &'static str,
    epoch: String,
    registration: Registration,
    needs_first_account: bool,
    limits: LimitsBody,
}

#[derive(Serialize)]
struct LimitsBody {
    body_chars: usize,
    request_bytes: usize,
    frame_bytes: usize,
    rooms_per_user: usize,
    file_bytes: u64,
    files_per_message: usize,
}

#[derive(Serialize)]
pub(crate) struct HealthBody {
    status: &'static str,
}

pub(crate) async fn about(State(state): State<AppState>) -> Result<Json<AboutBody>, Problem> {
    let limits = &state.config.limits;
    Ok(Json(AboutBody {
        name: state.config.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        epoch: state.chat.epoch().to_owned(),
        registration: state.config.registration,
        needs_first_account: state.chat.needs_first_account().await?,
        limits: LimitsBody {
            body_chars: limits.body_chars,
            request_bytes: limits.request_bytes,
            frame_bytes: limits.frame_bytes,
            rooms_per_user: limits.rooms_per_user,
            file_bytes: limits.file_bytes,
            files_per_message: FILES_PER_MESSAGE,
        },
    }))
}

/// The process lives.
pub(crate) async fn healthz() -> Json<HealthBody> {
    Json(HealthBody { status: "ok" })
}

/// New work is welcome: the database answers and takes what is written, and the server is not going
/// away. The reason why it is not is no secret: it holds nothing that the database said.
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Json<HealthBody>, Problem> {
    let failure = state.readiness.failure();
    if let Some(reason) = failure.or_else(|| state.chat.health_error()) {
        return Err(Problem::unavailable(reason));
    }
    if !state.readiness.get() {
        return Err(ChatError::Draining.into());
    }
    state.chat.ping().await?;
    Ok(Json(HealthBody { status: "ready" }))
}
