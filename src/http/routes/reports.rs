//! `/api/rooms/{id}/messages/{seq}/report` and `/api/admin/reports`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        MessageKind, Report, RoomId, Seq, Timestamp, UserSummary,
        report::{Reason, ReportedMessage},
    },
    http::{
        AppState,
        extract::{AppJson, AppQuery, InRoom, PathReport, PathSeq, query_number},
        problem::Problem,
        scopes::{AdminAuth, AdminReaderAuth},
    },
};

const LIMIT_DEFAULT: i64 = 50;
/// Maximum page size. Each report contains a whole message.
const LIMIT_MAX: i64 = 100;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ReportMessage {
    /// Reason, at most 500 characters.
    reason: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportListQuery {
    /// Reports with a smaller id.
    #[serde(default, deserialize_with = "query_number")]
    before: Option<i64>,
    /// Maximum number of reports, 1 to 100 (default 50).
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReportPage {
    /// The items of this page.
    items: Vec<ReportView>,
    /// Whether older ones exist.
    has_before: bool,
}

#[derive(Serialize, ToSchema)]
struct ReportView {
    /// Id.
    id: i64,
    /// The room.
    room: ReportedRoom,
    /// Number of the message in its room.
    seq: Seq,
    /// User who reported it.
    reporter: UserSummary,
    /// Reason that the reporter gave, at most 500 characters.
    reason: String,
    /// Time of creation.
    created_at: Timestamp,
    /// The message as it is now; null if it no longer exists.
    #[schema(required = true)]
    message: Option<ReportedMessageView>,
}

#[derive(Serialize, ToSchema)]
struct ReportedRoom {
    /// Id.
    id: RoomId,
    /// Name.
    #[schema(required = true)]
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ReportedMessageView {
    /// Kind.
    kind: MessageKind,
    /// Author.
    author: UserSummary,
    /// Text of the message.
    body: String,
    /// Time of creation.
    created_at: Timestamp,
    /// Time of the last edit; null if never edited.
    #[schema(required = true)]
    edited_at: Option<Timestamp>,
    /// Time of deletion; null if not deleted.
    #[schema(required = true)]
    deleted_at: Option<Timestamp>,
}

impl From<ReportedMessage> for ReportedMessageView {
    fn from(message: ReportedMessage) -> Self {
        Self {
            kind: message.kind,
            author: message.author,
            body: message.body,
            created_at: message.created_at,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
        }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            id: report.id,
            room: ReportedRoom {
                id: report.room,
                name: report.room_name,
            },
            seq: report.seq,
            reporter: report.reporter,
            reason: report.reason,
            created_at: report.created_at,
            message: report.message.map(ReportedMessageView::from),
        }
    }
}

/// Reports a message to the admins of the server. The author is not told.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/messages/{seq}/report",
    operation_id = "reportMessage",
    tag = "moderation",
    request_body = ReportMessage,
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("rate_limited")))
)]
pub(crate) async fn report(
    State(state): State<AppState>,
    room: InRoom,
    PathSeq(seq): PathSeq,
    AppJson(body): AppJson<ReportMessage>,
) -> Result<StatusCode, Problem> {
    let reason = Reason::parse(body.reason.as_deref().unwrap_or_default())?;
    state.chat.report(&room.member, Seq(seq), reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the open reports, newest first, with each message as it is now.
#[utoipa::path(
    get,
    path = "/api/admin/reports",
    operation_id = "listReports",
    tag = "administration",
    params(ReportListQuery),
    responses(
        (status = 200, description = "A page of reports.", body = ReportPage)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    AdminReaderAuth(admin): AdminReaderAuth,
    AppQuery(query): AppQuery<ReportListQuery>,
) -> Result<Json<ReportPage>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("must be 1 to {LIMIT_MAX}");
        return Err(Problem::field("/limit", detail));
    }
    let before = query.before.unwrap_or(i64::MAX);
    // One report more tells whether another page exists.
    let reports = state.chat.reports(&admin, before, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_before = reports.len() > wanted;
    let items = reports.into_iter().take(wanted).map(ReportView::from);
    Ok(Json(ReportPage {
        items: items.collect(),
        has_before,
    }))
}

/// Closes a report.
#[utoipa::path(
    delete,
    path = "/api/admin/reports/{report_id}",
    operation_id = "closeReport",
    tag = "administration",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn close(
    State(state): State<AppState>,
    AdminAuth(admin): AdminAuth,
    PathReport(report): PathReport,
) -> Result<StatusCode, Problem> {
    state.chat.close_report(&admin, report).await?;
    Ok(StatusCode::NO_CONTENT)
}
