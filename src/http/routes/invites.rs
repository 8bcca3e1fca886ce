//! `/api/rooms/{id}/invites` and `/api/invites/{code}`: letting people in, and where a code leads.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{Invite, InviteId, InviteTerms, RoomKind, Timestamp, UserId},
    http::{
        AppState, address,
        extract::{AppJson, InRoom, Origin, PathInvite},
        problem::Problem,
    },
};

#[derive(Deserialize)]
pub(crate) struct InviteBody {
    expires_in: Option<i64>,
    max_uses: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct CreatedBody {
    id: InviteId,
    code: String,
    url: String,
    expires_at: Option<Timestamp>,
    max_uses: Option<i64>,
    uses: i64,
}

#[derive(Serialize)]
pub(crate) struct InvitesBody {
    items: Vec<InviteView>,
}

/// An invite without its code, which is not known any more.
#[derive(Serialize)]
struct InviteView {
    id: InviteId,
    created_by: UserId,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    max_uses: Option<i64>,
    uses: i64,
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

#[derive(Serialize)]
pub(crate) struct InvitedBody {
    room: InvitedRoom,
}

/// What somebody who is not in the room yet may know of it.
#[derive(Serialize)]
struct InvitedRoom {
    name: String,
    kind: RoomKind,
    member_count: i64,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    room: InRoom,
) -> Result<Json<InvitesBody>, Problem> {
    let invites = state.chat.invites(&room.member).await?;
    Ok(Json(InvitesBody {
        items: invites.iter().map(InviteView::from).collect(),
    }))
}

pub(crate) async fn create(
    State(state): State<AppState>,
    room: InRoom,
    headers: HeaderMap,
    AppJson(body): AppJson<InviteBody>,
) -> Result<(StatusCode, Json<CreatedBody>), Problem> {
    let terms = InviteTerms::parse(body.expires_in, body.max_uses)?;
    let made = state.chat.create_invite(&room.member, terms).await?;
    let (invite, code) = (made.invite, made.code.to_string());
    let body = CreatedBody {
        id: invite.id,
        url: address::of(&state.config.public_url, &headers, &format!("/i/{code}")),
        code,
        expires_at: invite.expires_at,
        max_uses: invite.max_uses,
        uses: invite.uses,
    };
    Ok((StatusCode::CREATED, Json(body)))
}

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

/// Where a code leads. No token is needed: the code is what lets one know.
pub(crate) async fn show(
    State(state): State<AppState>,
    Origin(from): Origin,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<InvitedBody>, Problem> {
    // What is not even text is no code, and counts as a guess like any other.
    let code = code.map(|Path(code)| code).unwrap_or_default();
    let room = state.chat.invited_to(&code, &from).await?;
    Ok(Json(InvitedBody {
        room: InvitedRoom {
            name: room.name,
            kind: room.kind,
            member_count: room.member_count,
        },
    }))
}
