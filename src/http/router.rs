//! The routes, their layers, and their description.

use std::{sync::LazyLock, time::Duration};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, post},
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
use utoipa::openapi::HttpMethod;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

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
    let router = served()
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
    openapi::complete(described().to_openapi())
}

/// Returns the description as JSON, built on first use.
fn openapi_json() -> Bytes {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| openapi_document().to_string().into());
    JSON.clone()
}

/// Receives every route, to serve it or to describe it.
///
/// The description of all routes takes some milliseconds and 5 MiB to build. So the server builds it on first use, and
/// the routes alone at the start.
trait RouteVisitor {
    /// Receives the routes of one path: how to serve them, and how to describe them.
    fn add(
        &mut self,
        served: impl FnOnce() -> (String, MethodRouter<AppState>),
        described: impl FnOnce() -> UtoipaMethodRouter<AppState>,
    );
}

/// Adds the handlers of one path, whose attributes state path and method; optionally with a layer.
macro_rules! add {
    ($visitor:expr, $first:ident::$handler:ident $(, $module:ident::$more:ident)* $(; $layer:expr)?) => {
        $visitor.add(
            || pastey::paste! {
                (
                    <$first::[<__path_ $handler>] as utoipa::Path>::path(),
                    MethodRouter::new()
                        .on(filter::<$first::[<__path_ $handler>]>(), $first::$handler)
                        $(.on(filter::<$module::[<__path_ $more>]>(), $module::$more))*
                        $(.layer($layer))?,
                )
            },
            || routes!($first::$handler $(, $module::$more)*),
        )
    };
}

/// Returns the methods that a handler states.
fn filter<P: utoipa::Path>() -> MethodFilter {
    let methods = P::methods().into_iter().map(|method| match method {
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Delete => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    });
    methods
        .reduce(MethodFilter::or)
        .unwrap_or(MethodFilter::GET)
}

/// Routes to serve.
#[derive(Default)]
struct Served(Router<AppState>);

impl RouteVisitor for Served {
    fn add(
        &mut self,
        served: impl FnOnce() -> (String, MethodRouter<AppState>),
        _: impl FnOnce() -> UtoipaMethodRouter<AppState>,
    ) {
        let (path, methods) = served();
        let mut router = std::mem::take(&mut self.0);
        // The predecessor's name for rooms. It is permanent, and the description leaves it out.
        if let Some(rest) = path.strip_prefix("/api/rooms") {
            router = router.route(&format!("/api/chat_rooms{rest}"), methods.clone());
        }
        self.0 = router.route(&path, methods);
    }
}

/// Routes to describe.
#[derive(Default)]
struct Described(OpenApiRouter<AppState>);

impl RouteVisitor for Described {
    fn add(
        &mut self,
        _: impl FnOnce() -> (String, MethodRouter<AppState>),
        described: impl FnOnce() -> UtoipaMethodRouter<AppState>,
    ) {
        self.0 = std::mem::take(&mut self.0).routes(described());
    }
}

fn served() -> Router<AppState> {
    let mut served = Served::default();
    visit(&mut served);
    served
        .0
        // `curl -T - …/files/` sends no name in the path.
        .route("/api/rooms/{room_id}/files/", post(files::upload))
        .route("/api/chat_rooms/{room_id}/files/", post(files::upload))
}

fn described() -> OpenApiRouter<AppState> {
    let mut described = Described::default();
    visit(&mut described);
    described.0
}

/// Visits every route, except the page's files and aliases.
fn visit(routes: &mut impl RouteVisitor) {
    accounts(routes);
    administration(routes);
    rooms(routes);
    add!(routes, direct::open);
    add!(routes, invites::show);
    add!(routes, search::search);
    add!(routes, files::show);
    add!(routes, files::thumbnail);
    add!(routes, server::about);
    add!(routes, server::healthz);
    add!(routes, server::readyz);
    add!(routes, openapi::show);
    add!(routes, socket::all);
    add!(routes, socket::room);
    add!(routes, socket::room_as);
}

/// Accounts: sign-in, the account of the caller, and other users.
fn accounts(routes: &mut impl RouteVisitor) {
    add!(routes, avatars::set, avatars::clear; DefaultBodyLimit::max(avatars::MAX_BYTES));
    add!(routes, auth::sign_up);
    add!(routes, auth::sign_in);
    add!(routes, auth::refresh);
    add!(routes, auth::sign_out);
    add!(routes, auth::change_password);
    add!(routes, admin_accounts::set_password);
    add!(routes, me::show, me::edit, account::delete);
    add!(routes, me::sessions);
    add!(routes, me::revoke);
    add!(routes, tokens::list, tokens::create);
    add!(routes, tokens::revoke);
    add!(routes, account::export);
    add!(routes, direct::blocks);
    add!(routes, direct::block, direct::unblock);
    add!(routes, users::show);
    add!(routes, users::show_named);
    add!(routes, avatars::show);
}

/// Rooms and everything in them.
fn rooms(routes: &mut impl RouteVisitor) {
    add!(routes, rooms::list, rooms::create);
    add!(routes, rooms::join);
    add!(routes, rooms::show_named);
    add!(routes, rooms::show, rooms::edit, rooms::remove);
    add!(routes, rooms::replace_code);
    add!(routes, invites::list, invites::create);
    add!(routes, invites::revoke);
    add!(routes, members::list);
    add!(routes, members::leave, conversation::notify);
    add!(routes, members::set_role, members::kick);
    add!(routes, moderation::bans);
    add!(routes, moderation::ban, moderation::unban);
    add!(routes, moderation::mutes);
    add!(routes, moderation::mute, moderation::unmute);
    add!(routes, moderation::transfer);
    add!(routes, messages::list, messages::post);
    add!(
        routes,
        messages::show,
        conversation::edit,
        conversation::remove
    );
    add!(routes, conversation::versions);
    add!(routes, conversation::react, conversation::unreact);
    add!(routes, conversation::pin, conversation::unpin);
    add!(routes, conversation::pins);
    add!(routes, reports::report);
    add!(routes, messages::read);
    add!(routes, files::upload);
    add!(routes, files::upload_named);
}

/// Routes for server admins.
fn administration(routes: &mut impl RouteVisitor) {
    add!(routes, admins::grant, admins::revoke);
    add!(routes, admin_accounts::list);
    add!(routes, admin_accounts::disable, admin_accounts::enable);
    add!(routes, admin_accounts::reset);
    add!(routes, admins::audit);
    add!(routes, reports::list);
    add!(routes, reports::close);
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
        let raw = serde_json::to_value(described().to_openapi()).unwrap();
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
