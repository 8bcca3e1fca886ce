//! `/api/admin/users` and `/api/auth/reset`: what admins do with accounts.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{Password, Timestamp, UserId},
    http::{
        AppState, address,
        extract::{AppJson, AppQuery, Origin, PathUser, query_number},
        problem::Problem,
        scopes::{Admin, AdminReader},
    },
    protocol::UserView,
};

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;
/// Characters of a name to look for; names have no more.
const PART_MAX: usize = 64;

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    q: Option<String>,
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct AccountsBody {
    items: Vec<AccountBody>,
    has_after: bool,
}

#[derive(Serialize)]
struct AccountBody {
    #[serde(flatten)]
    user: UserView,
    admin: bool,
    disabled: bool,
    deleted: bool,
}

#[derive(Serialize)]
pub(crate) struct LinkBody {
    url: String,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
pub(crate) struct ResetBody {
    token: String,
    new: String,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    AdminReader(admin): AdminReader,
    AppQuery(query): AppQuery<ListQuery>,
) -> Result<Json<AccountsBody>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::field(
            "/limit",
            format!("must be 1 to {LIMIT_MAX}"),
        ));
    }
    let part = query.q.filter(|part| !part.is_empty());
    if part
        .as_ref()
        .is_some_and(|part| part.chars().count() > PART_MAX)
    {
        let detail = format!("must be at most {PART_MAX} characters long");
        return Err(Problem::field("/q", detail));
    }
    let after = UserId(query.after.unwrap_or(0));
    // One more than wanted tells whether there are more.
    let accounts = state.chat.accounts(&admin, part, after, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_after = accounts.len() > wanted;
    let presence = state.chat.hub().presence();
    let online = presence.online_among(accounts.iter().map(|account| account.user.id));
    let items = accounts
        .into_iter()
        .take(wanted)
        .map(|account| AccountBody {
            user: UserView::new(&account.user, online.contains(&account.user.id)),
            admin: account.admin,
            disabled: account.disabled,
            deleted: account.deleted,
        });
    Ok(Json(AccountsBody {
        items: items.collect(),
        has_after,
    }))
}

pub(crate) async fn disable(
    State(state): State<AppState>,
    Admin(admin): Admin,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.set_disabled(&admin, UserId(user), true).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn enable(
    State(state): State<AppState>,
    Admin(admin): Admin,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.set_disabled(&admin, UserId(user), false).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn reset(
    State(state): State<AppState>,
    Admin(admin): Admin,
    PathUser(user): PathUser,
    headers: HeaderMap,
) -> Result<Json<LinkBody>, Problem> {
    let (secret, expires_at) = state.chat.open_reset(&admin, UserId(user)).await?;
    let path = format!("/reset/{}", secret.as_str());
    let url = address::of(&state.config.public_url, &headers, &path);
    Ok(Json(LinkBody { url, expires_at }))
}

pub(crate) async fn set_password(
    State(state): State<AppState>,
    Origin(origin): Origin,
    AppJson(body): AppJson<ResetBody>,
) -> Result<StatusCode, Problem> {
    let new = Password::parse("new", body.new)?;
    state.chat.reset_password(&body.token, new, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
