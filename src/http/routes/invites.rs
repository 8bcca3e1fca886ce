//! `/api/rooms/{id}/invites` and `/api/invites/{code}`.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{Invite, InviteId, InviteTerms, RoomKind, Timestamp, UserId},
    http::{
        AppState, address,
        extract::{AppJson, InRoom, Origin, PathInvite},
        problem::Problem,
    },
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateInvite {
    /// Lifetime in seconds, at most a year; without it, no expiry.
    expires_in: Option<i64>,
    /// Maximum number of uses, at most 100,000; without it, no limit.
    max_uses: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct InviteWithCode {
    /// Id.
    id: InviteId,
    /// The code. It is shown once.
    code: String,
    /// Address to hand out.
    url: String,
    /// Time of expiry; null if it does not expire.
    #[schema(required = true)]
    expires_at: Option<Timestamp>,
    /// Maximum number of uses; null for no limit.
    #[schema(required = true)]
    max_uses: Option<i64>,
    /// Number of uses.
    uses: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct InviteList {
    /// The items of this page.
    items: Vec<InviteView>,
}

/// An invite. Its code is not stored.
#[derive(Serialize, ToSchema)]
struct InviteView {
    /// Id.
    id: InviteId,
    /// Id of the user who created it.
    created_by: UserId,
    /// Time of creation.
    created_at: Timestamp,
    /// Time of expiry; null if it does not expire.
    #[schema(required = true)]
    expires_at: Option<Timestamp>,
    /// Maximum number of uses; null for no limit.
    #[schema(required = true)]
    max_uses: Option<i64>,
    /// Number of uses.
    uses: i64,
    /// Whether it is the access code of the room.
    standing: bool,
}

impl From<&Invite> for InviteView {
    fn from(invite: &Invite) -> Self {
        Self {
            id: invite.id,
            created_by: invite.created_by,
            created_at: invite.created_at,
            expires_at: invite.expires_at,
            max_uses: invite.max_uses,
            uses: invite.uses,
            standing: invite.standing,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct InvitePreview {
    /// The room.
    room: InvitePreviewRoom,
}

/// Properties of a room that people with a code may see before they join.
#[derive(Serialize, ToSchema)]
struct InvitePreviewRoom {
    /// Name.
    name: String,
    /// Kind.
    kind: RoomKind,
    /// Number of members.
    member_count: i64,
}

/// Lists the access code and the valid invites of a room, by id. Needs the role moderator.
///
/// The codes are not shown; the server stores only their digests.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/invites",
    operation_id = "listInvites",
    tag = "invites",
    responses(
        (status = 200, description = "The invites.", body = InviteList)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    room: InRoom,
) -> Result<Json<InviteList>, Problem> {
    let invites = state.chat.invites(&room.member).await?;
    Ok(Json(InviteList {
        items: invites.iter().map(InviteView::from).collect(),
    }))
}

/// Creates an invite. Needs the role moderator. The answer shows the code once.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/invites",
    operation_id = "createInvite",
    tag = "invites",
    request_body = CreateInvite,
    responses(
        (status = 201, description = "The invite and its code.", body = InviteWithCode)
    ),
    extensions(("x-codes" = json!("forbidden too_many_invites")))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    room: InRoom,
    headers: HeaderMap,
    AppJson(body): AppJson<CreateInvite>,
) -> Result<(StatusCode, Json<InviteWithCode>), Problem> {
    let terms = InviteTerms::parse(body.expires_in, body.max_uses)?;
    let made = state.chat.create_invite(&room.member, terms).await?;
    let (invite, code) = (made.invite, made.code.to_string());
    let body = InviteWithCode {
        id: invite.id,
        url: address::of(&state.config.public_url, &headers, &format!("/i/{code}")),
        code,
        expires_at: invite.expires_at,
        max_uses: invite.max_uses,
        uses: invite.uses,
    };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Revokes an invite. Members who joined by it stay.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/invites/{invite_id}",
    operation_id = "revokeInvite",
    tag = "invites",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden standing_invite")))
)]
pub(crate) async fn revoke(
    State(state): State<AppState>,
    room: InRoom,
    PathInvite(invite): PathInvite,
) -> Result<StatusCode, Problem> {
    state
        .chat
        .revoke_invite(&room.member, InviteId(invite))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the room that a code grants entry to. It needs no token.
#[utoipa::path(
    get,
    path = "/api/invites/{code}",
    operation_id = "previewInvite",
    tag = "invites",
    responses(
        (status = 200, description = "The room.", body = InvitePreview)
    ),
    security(()),
    extensions(("x-codes" = json!("bad_code rate_limited")))
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    Origin(from): Origin,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<InvitePreview>, Problem> {
    // A path that is not UTF-8 counts as a wrong code, and as an attempt.
    let code = code.map(|Path(code)| code).unwrap_or_default();
    let room = state.chat.invited_to(&code, &from).await?;
    Ok(Json(InvitePreview {
        room: InvitePreviewRoom {
            name: room.name,
            kind: room.kind,
            member_count: room.member_count,
        },
    }))
}
