//! `/ws`: the handshake of a WebSocket. Everything that can be refused is refused here, as HTTP.

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    response::Response,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    chat::ChatError,
    domain::{RoomId, Seq, TimeZone, UserId},
    http::{
        AppState,
        extract::{AppQuery, Auth, PathRoom, PathUser, cross_origin, query_number},
        listen::ConnectionPermit,
        origin,
        problem::Problem,
        upgrade::{self, Handshake},
    },
    protocol::{SUBPROTOCOL_JSON, SUBPROTOCOL_TEXT, line::HISTORY_MAX},
    socket::{Connection, ConnectionSetup, ProtocolMode, Scope, TextOptions},
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TerminalQuery {
    /// Text protocol: 1 repeats the own lines.
    #[serde(default, deserialize_with = "query_number")]
    echo: Option<i64>,
    /// Text protocol: 1 shows the number of each message.
    #[serde(default, deserialize_with = "query_number")]
    numbers: Option<i64>,
    /// Text protocol: shows messages after this `seq` first.
    #[serde(default, deserialize_with = "query_number")]
    since: Option<i64>,
    /// Text protocol: number of earlier messages to show first.
    #[serde(default, deserialize_with = "query_number")]
    history: Option<i64>,
    /// Text protocol: time zone of the shown times, such as `Europe/Berlin`.
    tz: Option<String>,
    /// Epoch that the client knows; another one is refused.
    epoch: Option<String>,
}

/// A valid request for a socket by an authenticated caller.
pub(crate) struct Request {
    auth: Auth,
    /// Checked last, so that a plain `curl` of the address shows every other reason for a refusal.
    handshake: Result<Handshake, Problem>,
    text: TextOptions,
    zone: TimeZone,
    /// Whether the client states the epoch of this database, or none.
    epoch: Result<(), ChatError>,
    claim: Option<ConnectionPermit>,
}

impl FromRequestParts<AppState> for Request {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let auth = Auth::from_request_parts(parts, state).await?;
        // Browsers send the cookie with a handshake whichever page made it.
        if !auth.by_header && !origin::has_own_origin(&parts.headers, &state.config.public_url) {
            return Err(cross_origin());
        }
        let AppQuery(query) = AppQuery::<TerminalQuery>::from_request_parts(parts, state).await?;
        let history = usize::try_from(query.history.unwrap_or(0)).unwrap_or(usize::MAX);
        if history > HISTORY_MAX {
            return Err(Problem::field(
                "/history",
                format!("must be 0 to {HISTORY_MAX}"),
            ));
        }
        let on = |flag: Option<i64>| flag.is_some_and(|flag| flag != 0);
        let epoch = state.chat.check_epoch(query.epoch.as_deref());
        let text = TextOptions {
            echo: on(query.echo),
            numbers: on(query.numbers),
            since: query.since.map(Seq),
            history,
            other_epoch: epoch.is_err(),
        };
        let zone = query
            .tz
            .as_deref()
            .map_or(Ok(TimeZone::UTC), TimeZone::parse);
        let zone = zone.map_err(ChatError::from)?;
        let claim = parts.extensions.get::<ConnectionPermit>().cloned();
        let handshake = Handshake::read(parts);
        Ok(Self {
            auth,
            handshake,
            text,
            zone,
            epoch,
            claim,
        })
    }
}

/// Opens a WebSocket for all rooms of the caller, with the subprotocol `parlor.v1.json`.
#[utoipa::path(
    get,
    path = "/ws",
    operation_id = "openSocket",
    tag = "sockets",
    params(TerminalQuery),
    responses(
        (status = 101, description = "The connection is a WebSocket.")
    ),
    extensions(("x-codes" = json!("text_needs_a_room upgrade_required malformed epoch_changed too_many_connections draining")))
)]
pub(crate) async fn all(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    if let Ok(handshake) = &request.handshake
        && handshake.subprotocol == Some(SUBPROTOCOL_TEXT)
    {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "text_needs_a_room",
            "Lines of text belong to one room: connect to /ws/{room_id}",
        ));
    }
    let mode = ProtocolMode::Json;
    open(&state, request, Scope::All, String::new(), mode)
}

/// Opens a WebSocket for one room: JSON frames, or text lines with `parlor.v1.text` or without a subprotocol.
#[utoipa::path(
    get,
    path = "/ws/{room_id}",
    operation_id = "openRoomSocket",
    tag = "sockets",
    params(TerminalQuery),
    responses(
        (status = 101, description = "The connection is a WebSocket.")
    ),
    extensions(("x-codes" = json!("upgrade_required malformed epoch_changed too_many_connections draining")))
)]
pub(crate) async fn room(
    State(state): State<AppState>,
    PathRoom(room): PathRoom,
    request: Request,
) -> Result<Response, Problem> {
    let room = RoomId(room);
    let member = state.chat.member(&request.auth.caller, room).await?;
    let name = member.standing().room.name.clone();
    let mode = match &request.handshake {
        Ok(handshake) if handshake.subprotocol == Some(SUBPROTOCOL_JSON) => ProtocolMode::Json,
        _ => ProtocolMode::Text(request.text),
    };
    open(&state, request, Scope::Room(room), name, mode)
}

/// Opens a WebSocket for one room at the address of the predecessor. The user must be the caller.
#[utoipa::path(
    get,
    path = "/ws/{room_id}/{user_id}",
    operation_id = "openRoomSocketAs",
    tag = "sockets",
    params(TerminalQuery),
    responses(
        (status = 101, description = "The connection is a WebSocket.")
    ),
    extensions(("x-codes" = json!("not_you upgrade_required malformed epoch_changed too_many_connections draining")))
)]
pub(crate) async fn room_as(
    state: State<AppState>,
    path: PathRoom,
    PathUser(user): PathUser,
    request: Request,
) -> Result<Response, Problem> {
    if request.auth.caller.user() != UserId(user) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not_you",
            "The user in the address is not the one whose token this is",
        ));
    }
    room(state, path, request).await
}

fn open(
    state: &AppState,
    request: Request,
    scope: Scope,
    name: String,
    mode: ProtocolMode,
) -> Result<Response, Problem> {
    let Request {
        auth,
        handshake,
        zone,
        epoch,
        claim,
        ..
    } = request;
    // A terminal receives the reason as a line.
    if mode == ProtocolMode::Json {
        epoch?;
    }
    if !state.readiness.get() {
        return Err(ChatError::Draining.into());
    }
    let handshake = handshake?;
    let caller = auth.caller;
    let registration = state
        .chat
        .hub()
        .connections()
        .register(caller.user(), caller.session());
    let registration = registration.map_err(|_| ChatError::TooManyConnections)?;
    let (response, on_upgrade, deflate) = handshake.accept(state.config.limits.deflate_bytes);
    let context = state.sockets.clone();
    // Boxed, because it is needed only at the start and would enlarge the task of the connection.
    let setup = Box::new(ConnectionSetup {
        caller,
        registration,
        scope,
        name,
        mode,
        zone,
        deflate,
    });
    // A task of its own, so that the future of the handshake does not enlarge the connection.
    state.tasks.spawn(async move {
        let connection = {
            let upgraded = Box::pin(upgrade::stream(on_upgrade)).await;
            let Some((stream, leftover)) = upgraded else {
                return;
            };
            Connection::new(stream, &leftover, context, setup)
        };
        connection.serve().await;
        drop(claim);
    });
    Ok(response)
}
