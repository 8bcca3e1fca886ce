//! `/api/admin/users` and `/api/auth/reset`: accounts, for admins.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{Password, Timestamp, UserId},
    http::{
        AppState, address,
        extract::{AppJson, AppQuery, Origin, PathUser, query_number},
        problem::Problem,
        scopes::{AdminAuth, AdminReaderAuth},
    },
    protocol::UserView,
};

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;
/// Maximum number of characters of a name.
const PART_MAX: usize = 64;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountListQuery {
    /// Part of a username or display name, at most 64 characters.
    q: Option<String>,
    /// Accounts with a greater id.
    #[serde(default, deserialize_with = "query_number")]
    after: Option<i64>,
    /// Maximum number of accounts, 1 to 200 (default 50).
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AccountPage {
    /// The items of this page.
    items: Vec<AccountView>,
    /// Whether more follow.
    has_after: bool,
}

#[derive(Serialize, ToSchema)]
struct AccountView {
    #[serde(flatten)]
    user: UserView,
    /// Whether the user is a server admin.
    admin: bool,
    /// Whether the account is disabled.
    disabled: bool,
    /// Whether the account is deleted.
    deleted: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordResetLink {
    /// Address at which the user sets a new password.
    url: String,
    /// Time of expiry; null if it does not expire.
    expires_at: Timestamp,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ResetPassword {
    /// Secret in the link.
    token: String,
    /// The new password: 8 to 128 characters.
    new: String,
}

/// Lists the accounts of the server, by id.
#[utoipa::path(
    get,
    path = "/api/admin/users",
    operation_id = "listAccounts",
    tag = "administration",
    params(AccountListQuery),
    responses(
        (status = 200, description = "A page of accounts.", body = AccountPage)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    AdminReaderAuth(admin): AdminReaderAuth,
    AppQuery(query): AppQuery<AccountListQuery>,
) -> Result<Json<AccountPage>, Problem> {
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
    // One account more tells whether another page exists.
    let accounts = state.chat.accounts(&admin, part, after, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_after = accounts.len() > wanted;
    let presence = state.chat.hub().presence();
    let online = presence.online_among(accounts.iter().map(|account| account.user.id));
    let items = accounts
        .into_iter()
        .take(wanted)
        .map(|account| AccountView {
            user: UserView::new(&account.user, online.contains(&account.user.id)),
            admin: account.admin,
            disabled: account.disabled,
            deleted: account.deleted,
        });
    Ok(Json(AccountPage {
        items: items.collect(),
        has_after,
    }))
}

/// Disables an account.
///
/// Its sessions and personal tokens end; its sockets close within a second.
#[utoipa::path(
    put,
    path = "/api/admin/users/{user_id}/disabled",
    operation_id = "disableAccount",
    tag = "administration",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden last_admin")))
)]
pub(crate) async fn disable(
    State(state): State<AppState>,
    AdminAuth(admin): AdminAuth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.set_disabled(&admin, UserId(user), true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enables a disabled account.
#[utoipa::path(
    delete,
    path = "/api/admin/users/{user_id}/disabled",
    operation_id = "enableAccount",
    tag = "administration",
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn enable(
    State(state): State<AppState>,
    AdminAuth(admin): AdminAuth,
    PathUser(user): PathUser,
) -> Result<StatusCode, Problem> {
    state.chat.set_disabled(&admin, UserId(user), false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Creates a link with which the user sets a new password, once and within 24 hours.
#[utoipa::path(
    post,
    path = "/api/admin/users/{user_id}/reset",
    operation_id = "createResetLink",
    tag = "administration",
    responses(
        (status = 200, description = "The link.", body = PasswordResetLink)
    ),
    extensions(("x-codes" = json!("forbidden")))
)]
pub(crate) async fn reset(
    State(state): State<AppState>,
    AdminAuth(admin): AdminAuth,
    PathUser(user): PathUser,
    headers: HeaderMap,
) -> Result<Json<PasswordResetLink>, Problem> {
    let (secret, expires_at) = state.chat.open_reset(&admin, UserId(user)).await?;
    let path = format!("/reset/{}", secret.as_str());
    let url = address::of(&state.config.public_url, &headers, &path);
    Ok(Json(PasswordResetLink { url, expires_at }))
}

/// Sets a new password by the link of an admin.
///
/// The link works once. All sessions and personal tokens of the account end.
#[utoipa::path(
    post,
    path = "/api/auth/reset",
    operation_id = "resetPassword",
    tag = "accounts",
    request_body = ResetPassword,
    responses(
        (status = 204, description = "Done.")
    ),
    security(()),
    extensions(("x-codes" = json!("rate_limited")))
)]
pub(crate) async fn set_password(
    State(state): State<AppState>,
    Origin(origin): Origin,
    AppJson(body): AppJson<ResetPassword>,
) -> Result<StatusCode, Problem> {
    let new = Password::parse("new", body.new)?;
    state.chat.reset_password(&body.token, new, &origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
