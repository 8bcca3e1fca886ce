//! `/api/rooms/{id}/bans`, `…/mutes` and `…/owner`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{MuteDuration, Timestamp, UserId, UserSummary},
    http::{
        AppState,
        extract::{AppJson, AppQuery, InRoom, PathUser, query_number},
        problem::Problem,
    },
};

const LIMIT: i64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserPageQuery {
    /// Lists users with a greater id.
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
    /// Maximum number of users, 1 to 200 (default 200).
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

impl UserPageQuery {
    /// Returns the position and the size of the page.
    fn page(&self) -> Result<(UserId, usize), Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        let wanted = usize::try_from(limit).unwrap_or_default();
        if !(1..=LIMIT).contains(&limit) {
            return Err(Problem::field("/limit", format!("must be 1 to {LIMIT}")));
        }
        Ok((UserId(self.after.unwrap_or(0)), wanted))
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UserPage<T> {
    /// The items of this page.
    items: Vec<T>,
    /// Whether more follow.
    has_after: bool,
}

impl<T> UserPage<T> {
    /// Creates a page of `wanted` items. `found` has one item more if another page exists.
    fn new(found: impl ExactSizeIterator<Item = T>, wanted: usize) -> Json<Self> {
        Json(Self {
            has_after: found.len() > wanted,
            items: found.take(wanted).collect(),
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BanView {
    /// The user.
    user: UserSummary,
    /// User who did it.
    by: UserSummary,
    /// Time of creation.
    created_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MuteView {
    /// The user.
    user: UserSummary,
    /// End of the mute.
    until: Timestamp,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct MuteMember {
    /// Duration in seconds, 1 to 31536000.
    seconds: i64,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct TransferRoom {
    /// Id of the new owner.
    user_id: UserId,
}

/// Lists the bans of a room, by user id. Needs the role moderator.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/bans",
    operation_id = "listBans",
    tag = "moderation",
    params(UserPageQuery),
    responses(
        (status = 200, description = "A page of bans.", body = UserPage<BanView>)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn bans(
    State(state): State<AppState>,
    room: InRoom,
    AppQuery(query): AppQuery<UserPageQuery>,
) -> Result<Json<UserPage<BanView>>, Problem> {
    let (after, wanted) = query.page()?;
    let bans = state.chat.bans(&room.member, after, LIMIT + 1).await?;
    let items = bans.into_iter().map(|ban| BanView {
        user: ban.user,
        by: ban.by,
        created_at: ban.created_at,
    });
    Ok(UserPage::new(items, wanted))
}

/// Bans a user of a lower role, and removes them if they are a member.
///
/// No code and no public room lets them in until the ban is lifted.
#[utoipa::path(
    put,
    path = "/api/rooms/{room_id}/bans/{user_id}",
    operation_id = "banUser",
    tag = "moderation",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn ban(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.ban(&room.member, UserId(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lifts a ban.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/bans/{user_id}",
    operation_id = "liftBan",
    tag = "moderation",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn unban(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.unban(&room.member, UserId(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the muted members of a room, by user id. Needs the role moderator.
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}/mutes",
    operation_id = "listMutes",
    tag = "moderation",
    params(UserPageQuery),
    responses(
        (status = 200, description = "A page of mutes.", body = UserPage<MuteView>)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn mutes(
    State(state): State<AppState>,
    room: InRoom,
    AppQuery(query): AppQuery<UserPageQuery>,
) -> Result<Json<UserPage<MuteView>>, Problem> {
    let (after, wanted) = query.page()?;
    let mutes = state.chat.mutes(&room.member, after, LIMIT + 1).await?;
    let items = mutes.into_iter().map(|mute| MuteView {
        user: mute.user,
        until: mute.until,
    });
    Ok(UserPage::new(items, wanted))
}

/// Mutes a member of a lower role for a time. They read and do not write.
///
/// Leaving the room does not lift the mute.
#[utoipa::path(
    put,
    path = "/api/rooms/{room_id}/mutes/{user_id}",
    operation_id = "muteMember",
    tag = "moderation",
    request_body = MuteMember,
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn mute(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
    AppJson(body): AppJson<MuteMember>,
) -> Result<StatusCode, Problem> {
    let span = MuteDuration::parse(body.seconds)?;
    state.chat.mute(&room.member, UserId(user), span).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lifts a mute.
#[utoipa::path(
    delete,
    path = "/api/rooms/{room_id}/mutes/{user_id}",
    operation_id = "liftMute",
    tag = "moderation",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn unmute(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.unmute(&room.member, UserId(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes another member owner. The caller becomes moderator.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/owner",
    operation_id = "transferRoom",
    tag = "moderation",
    request_body = TransferRoom,
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn transfer(
    State(state): State<AppState>,
    room: InRoom,
    AppJson(body): AppJson<TransferRoom>,
) -> Result<StatusCode, Problem> {
    state.chat.transfer(&room.member, body.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
