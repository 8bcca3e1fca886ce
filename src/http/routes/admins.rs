//! `/api/admin/users/{id}/admin` and `/api/admin/audit`: server admins and the audit log.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{Action, AuditEntry, AuditFilter, RoomId, Seq, Timestamp, UserId, audit::AuditedUser},
    http::{
        AppState,
        extract::{AppQuery, PathUser, query_number},
        problem::Problem,
        scopes::{AdminAuth, AdminReaderAuth},
    },
};

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditLogQuery {
    /// Entries of this user.
    #[serde(default, deserialize_with = "query_number")]
    actor: Option<UserId>,
    /// Entries about this user.
    #[serde(default, deserialize_with = "query_number")]
    target: Option<UserId>,
    /// Entries of this room.
    #[serde(default, deserialize_with = "query_number")]
    room: Option<RoomId>,
    /// Entries of this action.
    action: Option<Action>,
    /// Entries with a smaller id.
    #[serde(default, deserialize_with = "query_number")]
    before: Option<i64>,
    /// Maximum number of entries, 1 to 200 (default 50).
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The items of this page.
    items: Vec<AuditEntryView>,
    /// Whether older ones exist.
    has_before: bool,
}

#[derive(Serialize, ToSchema)]
struct AuditEntryView {
    /// Id.
    id: i64,
    /// Time of the action.
    at: Timestamp,
    /// User who acted.
    actor: AuditedUser,
    /// The action.
    action: Action,
    /// Id of the room.
    #[schema(required = true)]
    room_id: Option<RoomId>,
    /// User whom the action concerned.
    #[schema(required = true)]
    target: Option<AuditedUser>,
    /// Number of the message in its room.
    #[schema(required = true)]
    seq: Option<Seq>,
    /// Address of the client.
    #[schema(required = true)]
    address: Option<String>,
    /// Detail of the action.
    #[schema(required = true)]
    detail: Option<String>,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            room_id: entry.room,
            target: entry.target,
            seq: entry.seq,
            address: entry.address,
            detail: entry.detail,
        }
    }
}

/// Makes a user a server admin.
#[utoipa::path(
    put,
    path = "/api/admin/users/{user_id}/admin",
    operation_id = "grantAdmin",
    tag = "administration",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn grant(
    State(state): State<AppState>,
    AdminAuth(admin): AdminAuth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.set_admin(&admin, UserId(user), true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes the admin rights of a user. The last admin stays.
#[utoipa::path(
    delete,
    path = "/api/admin/users/{user_id}/admin",
    operation_id = "revokeAdmin",
    tag = "administration",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden last_admin")))
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    AdminAuth(admin): AdminAuth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.set_admin(&admin, UserId(user), false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the audit log, newest first. It never holds the text of messages.
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    operation_id = "listAuditLog",
    tag = "administration",
    params(AuditLogQuery),
    responses(
        (status = 200, description = "A page of entries.", body = AuditPage)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn audit(
    State(state): State<AppState>,
    AdminReaderAuth(admin): AdminReaderAuth,
    AppQuery(query): AppQuery<AuditLogQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::field(
            "/limit",
            format!("must be 1 to {LIMIT_MAX}"),
        ));
    }
    let filter = AuditFilter {
        actor: query.actor,
        target: query.target,
        room: query.room,
        action: query.action,
        before: query.before.unwrap_or(i64::MAX),
        // One entry more tells whether another page exists.
        limit: limit + 1,
    };
    let entries = state.chat.audit(&admin, filter).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_before = entries.len() > wanted;
    let items = entries.into_iter().take(wanted).map(AuditEntryView::from);
    Ok(Json(AuditPage {
        items: items.collect(),
        has_before,
    }))
}
