//! Every route, in one place.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
    middleware::from_fn_with_state,
    routing::{delete, get, patch, post, put},
};
use tower::util::MapRequestLayer;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate},
    },
    cors::CorsLayer,
};

use super::{
    AppState, gzip,
    middleware::{self, RequestIds},
    routes::{
        account, admin_accounts, admins, auth, avatars, conversation, direct, files, invites, me,
        members, messages, moderation, reports, rooms, search, server, socket, tokens, users,
    },
    statics,
};

/// The whole of HTTP.
pub fn router(state: AppState) -> Router {
    let router = Router::new()
        .route("/api/auth/signup", post(auth::sign_up))
        .route("/api/auth/signin", post(auth::sign_in))
        .route("/api/auth/refresh", post(auth::refresh))
        .route("/api/auth/signout", post(auth::sign_out))
        .route("/api/auth/password", post(auth::change_password))
        .route(
            "/api/me",
            get(me::show).patch(me::edit).delete(account::delete),
        )
        .route("/api/me/sessions", get(me::sessions))
        .route("/api/me/sessions/{session_id}", delete(me::revoke))
        .route("/api/me/blocks", get(direct::blocks))
        .route(
            "/api/me/blocks/{user_id}",
            put(direct::block).delete(direct::unblock),
        )
        .route("/api/dms", post(direct::open))
        .route("/api/invites/{code}", get(invites::show))
        .merge(accounts())
        .merge(admin())
        .nest("/api/rooms", rooms())
        // The predecessor's name for them, for good.
        .nest("/api/chat_rooms", rooms())
        .route("/api/search", get(search::search))
        .route("/api/files/{file_id}", get(files::show))
        .route("/api/files/{file_id}/thumbnail", get(files::thumbnail))
        .route("/api/server", get(server::about))
        .route("/healthz", get(server::healthz))
        .route("/readyz", get(server::readyz))
        .route("/ws", get(socket::all))
        .route("/ws/{room_id}", get(socket::room))
        .route("/ws/{room_id}/{user_id}", get(socket::room_as))
        .fallback(statics::fallback);

    let limits = &state.config.limits;
    let router = router
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

/// What is in one room, and rooms themselves.
fn rooms() -> Router<AppState> {
    Router::new()
        .route("/", get(rooms::list).post(rooms::create))
        .route("/join", post(rooms::join))
        .route("/by-name/{room_name}", get(rooms::show_named))
        .route(
            "/{room_id}",
            get(rooms::show).patch(rooms::edit).delete(rooms::remove),
        )
        .route("/{room_id}/access_code", post(rooms::replace_code))
        .route(
            "/{room_id}/invites",
            get(invites::list).post(invites::create),
        )
        .route("/{room_id}/invites/{invite_id}", delete(invites::revoke))
        .route("/{room_id}/members", get(members::list))
        .route(
            "/{room_id}/members/me",
            delete(members::leave).patch(conversation::notify),
        )
        .route(
            "/{room_id}/members/{user_id}",
            patch(members::set_role).delete(members::kick),
        )
        .route("/{room_id}/bans", get(moderation::bans))
        .route(
            "/{room_id}/bans/{user_id}",
            put(moderation::ban).delete(moderation::unban),
        )
        .route("/{room_id}/mutes", get(moderation::mutes))
        .route(
            "/{room_id}/mutes/{user_id}",
            put(moderation::mute).delete(moderation::unmute),
        )
        .route("/{room_id}/owner", post(moderation::transfer))
        .route(
            "/{room_id}/messages",
            get(messages::list).post(messages::post),
        )
        .route(
            "/{room_id}/messages/{seq}",
            get(messages::show)
                .patch(conversation::edit)
                .delete(conversation::remove),
        )
        .route(
            "/{room_id}/messages/{seq}/history",
            get(conversation::versions),
        )
        .route(
            "/{room_id}/messages/{seq}/reactions/{emoji}",
            put(conversation::react).delete(conversation::unreact),
        )
        .route(
            "/{room_id}/messages/{seq}/pin",
            put(conversation::pin).delete(conversation::unpin),
        )
        .route("/{room_id}/pins", get(conversation::pins))
        .route("/{room_id}/messages/{seq}/report", post(reports::report))
        .route("/{room_id}/read", put(messages::read))
        .route("/{room_id}/files", post(files::bring))
        .route("/{room_id}/files/", post(files::bring))
        .route("/{room_id}/files/{name}", put(files::bring))
}

/// What server admins may.
fn admin() -> Router<AppState> {
    Router::new()
        .route("/api/admin/audit", get(admins::audit))
        .route("/api/admin/reports", get(reports::list))
        .route("/api/admin/reports/{report_id}", delete(reports::close))
}

/// What an account is besides a name and a password, and who sees and rules it.
fn accounts() -> Router<AppState> {
    Router::new()
        .route("/api/me/tokens", get(tokens::list).post(tokens::create))
        .route("/api/me/tokens/{token_id}", delete(tokens::revoke))
        .route("/api/me/export", get(account::export))
        .route(
            "/api/me/avatar",
            put(avatars::set)
                .delete(avatars::clear)
                .layer(DefaultBodyLimit::max(avatars::MOST_BYTES)),
        )
        .route("/api/users/{user_id}", get(users::show))
        .route("/api/users/by-name/{username}", get(users::show_named))
        .route("/api/users/{user_id}/avatar", get(avatars::show))
        .route(
            "/api/admin/users/{user_id}/admin",
            put(admins::grant).delete(admins::revoke),
        )
        .route("/api/admin/users", get(admin_accounts::list))
        .route(
            "/api/admin/users/{user_id}/disabled",
            put(admin_accounts::disable).delete(admin_accounts::enable),
        )
        .route(
            "/api/admin/users/{user_id}/reset",
            post(admin_accounts::reset),
        )
        .route("/api/auth/reset", post(admin_accounts::set_password))
}

/// Other origins come with a bearer token, never with a cookie.
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
