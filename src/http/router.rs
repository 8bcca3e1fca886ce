//! The routes, their layers, and their description.

use std::{sync::LazyLock, time::Duration};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
    middleware::from_fn_with_state,
    routing::post,
};
use serde_json::Value;
use tower::util::MapRequestLayer;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate},
    },
    cors::CorsLayer,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    AppState, gzip,
    middleware::{self, RequestIds},
    openapi::{self, OpenApiJson},
    routes::{
        account, admin_accounts, admins, auth, avatars, conversation, direct, files, invites, me,
        members, messages, moderation, reports, rooms, search, server, socket, tokens, users,
    },
    statics,
};

/// Returns the service that answers every request.
pub fn router(state: AppState) -> Router {
    let limits = &state.config.limits;
    let (router, _) = routes().split_for_parts();
    let router = router
        // The predecessor's name for rooms. It is permanent, and the description leaves it out.
        .nest("/api/chat_rooms", Router::from(rooms()))
        .fallback(statics::fallback)
        .layer(Extension(OpenApiJson(openapi_json)))
        .layer(DefaultBodyLimit::max(limits.request_bytes))
        .layer(CatchPanicLayer::custom(middleware::panicked));
    let router = match cors(&state.config.http.cors_origins) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router
        .layer(from_fn_with_state(
            (state.clone(), RequestIds::new()),
            middleware::trace_requests,
        ))
        .layer(
            CompressionLayer::new().compress_when(DefaultPredicate::new().and(gzip::may_compress)),
        )
        .layer(MapRequestLayer::new(gzip::normalize_accept_encoding))
        .with_state(state)
}

/// Returns the description of every route: OpenAPI 3.1.
#[must_use]
pub fn openapi_document() -> Value {
    openapi::complete(routes().to_openapi())
}

/// Returns the description as JSON, built on first use.
fn openapi_json() -> Bytes {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| openapi_document().to_string().into());
    JSON.clone()
}

/// Returns every route with its description, except the page's files and aliases.
fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(accounts())
        .merge(administration())
        .nest("/api/rooms", rooms())
        .routes(routes!(direct::open))
        .routes(routes!(invites::show))
        .routes(routes!(search::search))
        .routes(routes!(files::show))
        .routes(routes!(files::thumbnail))
        .routes(routes!(server::about))
        .routes(routes!(server::healthz))
        .routes(routes!(server::readyz))
        .routes(routes!(openapi::show))
        .routes(routes!(socket::all))
        .routes(routes!(socket::room))
        .routes(routes!(socket::room_as))
}

/// Accounts: sign-in, the account of the caller, and other users.
fn accounts() -> OpenApiRouter<AppState> {
    let avatar = OpenApiRouter::new()
        .routes(routes!(avatars::set, avatars::clear))
        .layer(DefaultBodyLimit::max(avatars::MAX_BYTES));
    OpenApiRouter::new()
        .routes(routes!(auth::sign_up))
        .routes(routes!(auth::sign_in))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::sign_out))
        .routes(routes!(auth::change_password))
        .routes(routes!(admin_accounts::set_password))
        .routes(routes!(me::show, me::edit, account::delete))
        .routes(routes!(me::sessions))
        .routes(routes!(me::revoke))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(account::export))
        .merge(avatar)
        .routes(routes!(direct::blocks))
        .routes(routes!(direct::block, direct::unblock))
        .routes(routes!(users::show))
        .routes(routes!(users::show_named))
        .routes(routes!(avatars::show))
}

/// Rooms and everything in them.
fn rooms() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(rooms::list, rooms::create))
        .routes(routes!(rooms::join))
        .routes(routes!(rooms::show_named))
        .routes(routes!(rooms::show, rooms::edit, rooms::remove))
        .routes(routes!(rooms::replace_code))
        .routes(routes!(invites::list, invites::create))
        .routes(routes!(invites::revoke))
        .routes(routes!(members::list))
        .routes(routes!(members::leave, conversation::notify))
        .routes(routes!(members::set_role, members::kick))
        .routes(routes!(moderation::bans))
        .routes(routes!(moderation::ban, moderation::unban))
        .routes(routes!(moderation::mutes))
        .routes(routes!(moderation::mute, moderation::unmute))
        .routes(routes!(moderation::transfer))
        .routes(routes!(messages::list, messages::post))
        .routes(routes!(
            messages::show,
            conversation::edit,
            conversation::remove
        ))
        .routes(routes!(conversation::versions))
        .routes(routes!(conversation::react, conversation::unreact))
        .routes(routes!(conversation::pin, conversation::unpin))
        .routes(routes!(conversation::pins))
        .routes(routes!(reports::report))
        .routes(routes!(messages::read))
        .routes(routes!(files::bring))
        .routes(routes!(files::bring_named))
        // `curl -T - …/files/` sends no name in the path.
        .route("/{room_id}/files/", post(files::bring))
}

/// Routes for server admins.
fn administration() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(admins::grant, admins::revoke))
        .routes(routes!(admin_accounts::list))
        .routes(routes!(admin_accounts::disable, admin_accounts::enable))
        .routes(routes!(admin_accounts::reset))
        .routes(routes!(admins::audit))
        .routes(routes!(reports::list))
        .routes(routes!(reports::close))
}

/// Allows other origins, without cookies: they send a bearer token.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins
        .iter()
        .filter_map(|origin| origin.parse().ok())
        .collect();
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::RANGE,
            HeaderName::from_static("x-file-name"),
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            header::LOCATION,
            header::LINK,
            header::RETRY_AFTER,
            header::CONTENT_DISPOSITION,
            header::CONTENT_RANGE,
        ])
        .max_age(Duration::from_mins(10));
    Some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem_codes;

    /// A code that is not described would be missing in the document.
    #[test]
    fn every_code_of_a_route_is_described() {
        let raw = serde_json::to_value(routes().to_openapi()).unwrap();
        let mut codes = 0;
        for (path, item) in raw["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let own = operation[openapi::CODES].as_str().unwrap_or_default();
                for code in own.split_whitespace() {
                    assert!(problem_codes::find(code).next().is_some(), "{path}: {code}");
                    codes += 1;
                }
            }
        }
        assert!(codes > 100, "{codes} codes");
    }
}
