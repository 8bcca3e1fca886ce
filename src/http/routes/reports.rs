//! `/api/rooms/{id}/messages/{seq}/report` and `/api/admin/reports`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        MessageKind, Report, RoomId, Seq, Timestamp, UserSummary,
        report::{Reason, ReportedMessage},
    },
    http::{
        AppState,
        extract::{AppJson, AppQuery, InRoom, PathReport, PathSeq, query_number},
        problem::Problem,
        scopes::{Admin, AdminReader},
    },
};

const LIMIT_DEFAULT: i64 = 50;
/// Each report carries a whole message.
const LIMIT_MAX: i64 = 100;

#[derive(Deserialize)]
pub(crate) struct ReportBody {
    reason: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default, deserialize_with = "query_number")]
    before: Option<i64>,
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct ReportsBody {
    items: Vec<ItemBody>,
    has_before: bool,
}

#[derive(Serialize)]
struct ItemBody {
    id: i64,
    room: RoomBody,
    seq: Seq,
    reporter: UserSummary,
    reason: String,
    created_at: Timestamp,
    message: Option<MessageBody>,
}

#[derive(Serialize)]
struct RoomBody {
    id: RoomId,
    name: Option<String>,
}

#[derive(Serialize)]
struct MessageBody {
    kind: MessageKind,
    author: UserSummary,
    body: String,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
}

impl From<ReportedMessage> for MessageBody {
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

impl From<Report> for ItemBody {
    fn from(report: Report) -> Self {
        Self {
            id: report.id,
            room: RoomBody {
                id: report.room,
                name: report.room_name,
            },
            seq: report.seq,
            reporter: report.reporter,
            reason: report.reason,
            created_at: report.created_at,
            message: report.message.map(MessageBody::from),
        }
    }
}

pub(crate) async fn report(
    State(state): State<AppState>,
    room: InRoom,
    PathSeq(seq): PathSeq,
    AppJson(body): AppJson<ReportBody>,
) -> Result<StatusCode, Problem> {
    let reason = Reason::parse(body.reason.as_deref().unwrap_or_default())?;
    state.chat.report(&room.member, Seq(seq), reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn list(
    State(state): State<AppState>,
    AdminReader(admin): AdminReader,
    AppQuery(query): AppQuery<ListQuery>,
) -> Result<Json<ReportsBody>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let detail = format!("must be 1 to {LIMIT_MAX}");
        return Err(Problem::field("/limit", detail));
    }
    let before = query.before.unwrap_or(i64::MAX);
    // One more than wanted tells whether there are more.
    let reports = state.chat.reports(&admin, before, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_before = reports.len() > wanted;
    let items = reports.into_iter().take(wanted).map(ItemBody::from);
    Ok(Json(ReportsBody {
        items: items.collect(),
        has_before,
    }))
}

pub(crate) async fn close(
    State(state): State<AppState>,
    Admin(admin): Admin,
    PathReport(report): PathReport,
) -> Result<StatusCode, Problem> {
    state.chat.close_report(&admin, report).await?;
    Ok(StatusCode::NO_CONTENT)
}
