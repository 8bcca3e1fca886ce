//! Middleware of every request: id, time limit, security headers, log line, and the encoding of refusals.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{AppState, client::PeerAddress, problem::Problem};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Maximum number of characters of a path in a log line. The paths of the API are shorter.
const SHOWN: usize = 200;

/// Numbers requests from a random start, so that two servers' logs do not share ids.
#[derive(Clone)]
pub(super) struct RequestIds(Arc<AtomicU64>);

impl RequestIds {
    pub(super) fn new() -> Self {
        let mut start = [0; 8];
        // Without randomness ids begin at zero; they are still unique within this process.
        let _ = getrandom::fill(&mut start);
        Self(Arc::new(AtomicU64::new(u64::from_le_bytes(start))))
    }

    fn next(&self) -> String {
        format!("{:016x}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Time of the last progress of a request. Most requests make one step; an upload makes one with each piece.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Restarts the time limit.
    pub(super) fn record_progress(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the output of `work`, or `None` once a step takes longer than `patience`.
    async fn within<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        let mut work = std::pin::pin!(work);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            match tokio::time::timeout(patience, work.as_mut()).await {
                Ok(done) => return Some(done),
                Err(_) if self.0.load(Ordering::Relaxed) == before => return None,
                Err(_) => {}
            }
        }
    }
}

/// Wraps all other layers.
pub(super) async fn trace_requests(
    State((state, ids)): State<(AppState, RequestIds)>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = ids.next();
    let started = Instant::now();
    let progress = Progress::default();
    request.extensions_mut().insert(progress.clone());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let peer = request.extensions().get::<PeerAddress>().copied();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);

    let patience = Duration::from_millis(state.config.timing.request_ms);
    let response = if let Some(response) = progress.within(patience, next.run(request)).await {
        response
    } else {
        let problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "The request took too long",
        );
        problem.retry_after(Duration::from_secs(1)).into_response()
    };
    let mut response = write_problem(response, &id, &method, route);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    set_security_headers(headers, state.config.is_https());
    log(&id, &method, &uri, response.status(), started, peer);
    response
}

/// Logs one line per request: at level info for writes and failures, else at level debug. The query is left out,
/// because it may contain secrets.
fn log(
    id: &str,
    method: &Method,
    uri: &Uri,
    status: StatusCode,
    started: Instant,
    peer: Option<PeerAddress>,
) {
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request.id = id,
                http.method = %format_args!("{:.16}", method.as_str()),
                http.path = shown(uri.path()),
                http.status = status.as_u16(),
                http.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                client.address = peer.map(|PeerAddress(address)| tracing::field::display(address)),
                "request"
            )
        };
    }
    let failed = status.is_client_error() || status.is_server_error();
    if failed || !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        line!(info);
    } else {
        line!(debug);
    }
}

/// Returns a path that is safe to log: one line without control characters, and without the parts that are secret
/// (reset tokens, codes, file names).
fn shown(path: &str) -> String {
    for secret in ["/reset/", "/i/", "/api/invites/"] {
        if path.starts_with(secret) {
            return format!("{secret}…");
        }
    }
    let in_room = path.starts_with("/api/rooms/") || path.starts_with("/api/chat_rooms/");
    if let Some((room, name)) = path.split_once("/files/")
        && in_room
        && !name.is_empty()
    {
        return format!("{room}/files/…");
    }
    path.chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect()
}

/// Encodes a refusal as a problem document, including refusals of the router itself.
fn write_problem(mut response: Response, id: &str, method: &Method, route: &str) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This address takes other methods",
        ),
        None => return response,
    };
    if problem.status.is_server_error() {
        tracing::error!(
            request.id = id, http.method = %method, http.route = route, code = problem.code,
            cause = problem.cause.as_deref().unwrap_or_default(), "request failed"
        );
    }
    let mut document = problem.render(id);
    // Keeps headers that were set along with the refusal: deleted cookies, allowed methods, CORS.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            document.headers_mut().append(name, value.clone());
        }
    }
    document
}

/// Sets the security headers. The policy of a page goes with documents only; for the many scripts and styles,
/// `nosniff` is enough.
fn set_security_headers(headers: &mut HeaderMap, https: bool) {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let part = kind
        .is_some_and(|kind| kind.starts_with("text/javascript") || kind.starts_with("text/css"));
    let mut set = |name: &'static str, value: &'static str| {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    };
    set("x-content-type-options", "nosniff");
    set("cross-origin-resource-policy", "same-origin");
    set("cache-control", "no-store");
    if https {
        set("strict-transport-security", "max-age=31536000");
    }
    if part {
        return;
    }
    set("x-frame-options", "DENY");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set(
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    set(
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    );
}

/// Answers a panic of a handler with 500 `internal`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let mut problem = Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something failed here",
    );
    problem.cause = Some(format!("panic: {}", text.unwrap_or_default()));
    problem.into_response()
}
