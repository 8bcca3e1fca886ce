//! `DELETE /api/me` and `/api/me/export`.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::me::SessionView;
use utoipa::ToSchema;

use crate::{
    chat::{self, Caller, Chat, ChatError},
    domain::{OwnMessage, Password, PersonalToken, Timestamp, UserSummary},
    http::{
        AppState,
        body::streamed,
        extract::{AppJson, Auth},
        problem::Problem,
        scopes::LoginAuth,
    },
    protocol::{RoomView, UserView},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeleteAccount {
    /// The current password.
    password: String,
    /// Fate of the messages: keep or delete.
    messages: MessageFate,
}

/// Fate of the messages of a deleted account.
#[derive(Clone, Copy, Deserialize, PartialEq, ToSchema)]
#[serde(rename_all = "lowercase")]
enum MessageFate {
    Keep,
    Delete,
}

/// The part of an export before the messages, which are streamed because there may be many.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportHead {
    /// Time of the export.
    exported_at: Timestamp,
    /// The profile.
    profile: UserView,
    /// Whether the user is a server admin.
    admin: bool,
    /// Absent for personal tokens.
    #[serde(flatten)]
    logins: Option<ExportedLogins>,
    /// Blocked users.
    blocks: Vec<UserSummary>,
    /// Rooms of the user.
    rooms: Vec<RoomView>,
}

/// All data of a user.
#[derive(ToSchema)]
#[schema(as = Export)]
#[expect(dead_code, reason = "the export is streamed; this is its schema")]
pub(crate) struct ExportSchema {
    #[schema(inline)]
    #[serde(flatten)]
    head: ExportHead,
    /// Messages of the user, in the order in which they were sent.
    messages: Vec<OwnMessage>,
}

/// Sessions and personal tokens of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedLogins {
    /// Sessions.
    sessions: Vec<SessionView>,
    /// Personal tokens.
    tokens: Vec<PersonalToken>,
}

/// Deletes the account of the caller.
///
/// Ends all sessions and personal tokens and leaves all rooms. A personal token cannot call it.
#[utoipa::path(
    delete,
    path = "/api/me",
    operation_id = "deleteOwnAccount",
    tag = "accounts",
    request_body = DeleteAccount,
    responses(
        (status = 204, description = "Done.")
    ),
    extensions(("x-codes" = json!("last_owner last_admin rate_limited")))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    LoginAuth(login): LoginAuth,
    AppJson(body): AppJson<DeleteAccount>,
) -> Result<Response, Problem> {
    let password = Password::unchecked(body.password);
    let erase = body.messages == MessageFate::Delete;
    state.chat.delete_account(&login, password, erase).await?;
    let clear = AppendHeaders(state.cookies.clear());
    Ok((StatusCode::NO_CONTENT, clear).into_response())
}

/// Streams all data of the caller as one JSON object.
///
/// An answer that breaks off is not valid JSON. A personal token receives neither `sessions` nor `tokens`.
#[utoipa::path(
    get,
    path = "/api/me/export",
    operation_id = "exportOwnData",
    tag = "accounts",
    responses(
        (status = 200, description = "All data of the caller.", body = ExportSchema)
    ),
    extensions(("x-codes" = json!("rate_limited")))
)]
pub(crate) async fn export(State(state): State<AppState>, auth: Auth) -> Result<Response, Problem> {
    let (chat, caller) = (state.chat.clone(), auth.caller);
    chat.admit_export(&caller)?;
    let head = head(&chat, &caller).await?;
    let mut json = serde_json::to_vec(&head).map_err(|error| internal(&error))?;
    // The object stays open for the messages.
    json.pop();
    json.extend(b",\"messages\":[");
    let first = stream::once(async { Ok(Bytes::from(json)) });
    let pages = stream::unfold(Some((0, false)), move |place| {
        let (chat, caller) = (chat.clone(), caller.clone());
        async move {
            let (after, begun) = place?;
            match page(&chat, &caller, after, begun).await {
                Ok((bytes, next)) => Some((Ok(bytes), next)),
                // The answer breaks off, so that clients notice the missing rest.
                Err(error) => Some((Err(error), None)),
            }
        }
    });
    let mut response = Response::new(streamed(first.chain(pages)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"parlor-export.json\""),
    );
    Ok(response)
}

async fn head(chat: &Chat, caller: &Caller) -> Result<ExportHead, Problem> {
    let user = chat.me(caller).await?;
    let online = chat.hub().presence().is_online(user.id);
    let logins = match caller.login(true) {
        Ok(login) => Some(logins(chat, &login).await?),
        Err(_) => None,
    };
    let rooms = chat.rooms(caller).await?;
    Ok(ExportHead {
        exported_at: Timestamp::now(),
        profile: UserView::own(&user, online).saying(chat.about(caller).await?),
        admin: chat.is_admin(caller).await?,
        logins,
        blocks: chat.blocks(caller).await?,
        rooms: rooms.iter().map(RoomView::of_member).collect(),
    })
}

async fn logins(chat: &Chat, login: &chat::Login) -> Result<ExportedLogins, Problem> {
    let (caller, sessions) = (login.caller(), chat.sessions(login).await?);
    let current = caller.session();
    let sessions = sessions.into_iter();
    Ok(ExportedLogins {
        sessions: sessions
            .map(|session| SessionView::new(session, current))
            .collect(),
        tokens: chat.tokens(caller).await?,
    })
}

/// Returns the next messages as JSON with commas between them, and the position of the page after.
async fn page(
    chat: &Chat,
    caller: &Caller,
    after: i64,
    mut begun: bool,
) -> Result<(Bytes, Option<(i64, bool)>), ChatError> {
    let page = chat.own_messages(caller, after).await?;
    let mut json = Vec::new();
    for message in &page.items {
        if begun {
            json.push(b',');
        }
        begun = true;
        serde_json::to_writer(&mut json, message)
            .map_err(|error| ChatError::Internal(error.to_string()))?;
    }
    if page.next.is_none() {
        json.extend(b"]}\n");
    }
    Ok((json.into(), page.next.map(|next| (next, begun))))
}

fn internal(error: &serde_json::Error) -> ChatError {
    ChatError::Internal(error.to_string())
}
