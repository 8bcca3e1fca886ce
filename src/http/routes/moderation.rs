//! `/api/rooms/{id}/bans`, `…/mutes` and `…/owner`: keeping order in a room.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{MuteDuration, Timestamp, UserId, UserSummary},
    http::{
        AppState,
        extract::{AppJson, AppQuery, InRoom, PathUser, query_number},
        problem::Problem,
    },
};

const LIMIT: i64 = 200;

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

impl ListQuery {
    /// Where to go on, and how many to answer.
    fn page(&self) -> Result<(UserId, usize), Problem> {
        let limit = self.limit.unwrap_or(LIMIT);
        let wanted = usize::try_from(limit).unwrap_or_default();
        if !(1..=LIMIT).contains(&limit) {
            return Err(Problem::field("/limit", format!("must be 1 to {LIMIT}")));
        }
        Ok((UserId(self.after.unwrap_or(0)), wanted))
    }
}

#[derive(Serialize)]
pub(crate) struct ListBody<T> {
    items: Vec<T>,
    has_after: bool,
}

impl<T> ListBody<T> {
    /// The first `wanted` of what was found; one more was asked for, to tell whether there are more.
    fn new(found: impl ExactSizeIterator<Item = T>, wanted: usize) -> Json<Self> {
        Json(Self {
            has_after: found.len() > wanted,
            items: found.take(wanted).collect(),
        })
    }
}

#[derive(Serialize)]
pub(crate) struct BanBody {
    user: UserSummary,
    by: UserSummary,
    created_at: Timestamp,
}

#[derive(Serialize)]
pub(crate) struct MuteBody {
    user: UserSummary,
    until: Timestamp,
}

#[derive(Deserialize)]
pub(crate) struct SpanBody {
    seconds: i64,
}

#[derive(Deserialize)]
pub(crate) struct OwnerBody {
    user_id: UserId,
}

pub(crate) async fn bans(
    State(state): State<AppState>,
    room: InRoom,
    AppQuery(query): AppQuery<ListQuery>,
) -> Result<Json<ListBody<BanBody>>, Problem> {
    let (after, wanted) = query.page()?;
    let bans = state.chat.bans(&room.member, after, LIMIT + 1).await?;
    let items = bans.into_iter().map(|ban| BanBody {
        user: ban.user,
        by: ban.by,
        created_at: ban.created_at,
    });
    Ok(ListBody::new(items, wanted))
}

pub(crate) async fn ban(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.ban(&room.member, UserId(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn unban(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.unban(&room.member, UserId(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn mutes(
    State(state): State<AppState>,
    room: InRoom,
    AppQuery(query): AppQuery<ListQuery>,
) -> Result<Json<ListBody<MuteBody>>, Problem> {
    let (after, wanted) = query.page()?;
    let mutes = state.chat.mutes(&room.member, after, LIMIT + 1).await?;
    let items = mutes.into_iter().map(|mute| MuteBody {
        user: mute.user,
        until: mute.until,
    });
    Ok(ListBody::new(items, wanted))
}

pub(crate) async fn mute(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
    AppJson(body): AppJson<SpanBody>,
) -> Result<StatusCode, Problem> {
    let span = MuteDuration::parse(body.seconds)?;
    state.chat.mute(&room.member, UserId(user), span).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn unmute(
    State(state): State<AppState>,
    room: InRoom,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.unmute(&room.member, UserId(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn transfer(
    State(state): State<AppState>,
    room: InRoom,
    AppJson(body): AppJson<OwnerBody>,
) -> Result<StatusCode, Problem> {
    state.chat.transfer(&room.member, body.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
