//! `/api/search`: search in the caller's rooms.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use crate::{
    chat::Hit,
    domain::{Message, RoomId, SearchQuery, parse_number},
    http::{
        AppState,
        extract::{AppQuery, Auth, query_number},
        problem::Problem,
    },
    protocol::view::MessageView,
};

const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 50;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParameters {
    /// Words, `"phrases"` and filters; at most 256 characters of words.
    q: Option<String>,
    /// The value `next` of the page before.
    cursor: Option<String>,
    /// Maximum number of hits, 1 to 50 (default 20).
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SearchResults {
    /// The items of this page.
    items: Vec<SearchHit>,
    /// Cursor of the next page; null at the end.
    #[schema(required = true)]
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct SearchHit {
    /// Id of the room.
    room_id: RoomId,
    /// Name of the room.
    room_name: String,
    /// The message.
    #[serde(serialize_with = "message")]
    #[schema(value_type = MessageView)]
    message: Message,
    /// Matches in the text, as pairs of start and end.
    ranges: Vec<[usize; 2]>,
}

fn message<S: Serializer>(message: &Message, serializer: S) -> Result<S::Ok, S::Error> {
    MessageView::from(message).serialize(serializer)
}

/// Searches the messages of the rooms of the caller, newest first.
#[utoipa::path(
    get,
    path = "/api/search",
    operation_id = "searchMessages",
    tag = "search",
    params(SearchParameters),
    responses(
        (status = 200, description = "A page of hits.", body = SearchResults)
    ),
    extensions(("x-codes" = json!("rate_limited")))
)]
pub(crate) async fn search(
    State(state): State<AppState>,
    auth: Auth,
    AppQuery(parameters): AppQuery<SearchParameters>,
) -> Result<Json<SearchResults>, Problem> {
    let query = parameters
        .q
        .ok_or_else(|| Problem::field("/q", "is missing, for example ?q=tea"))?;
    let query = SearchQuery::parse(&query)?;
    let limit = match parameters.limit.map(usize::try_from) {
        None => LIMIT_DEFAULT,
        Some(Ok(limit)) if (1..=LIMIT_MAX).contains(&limit) => limit,
        Some(_) => {
            return Err(Problem::field(
                "/limit",
                format!("must be 1 to {LIMIT_MAX}"),
            ));
        }
    };
    let cursor = match parameters.cursor.map(|cursor| parse_number(&cursor)) {
        None => None,
        Some(Some(cursor)) => Some(cursor),
        Some(None) => {
            return Err(Problem::field(
                "/cursor",
                "must be the \"next\" of an earlier answer",
            ));
        }
    };
    let hits = state
        .chat
        .search(&auth.caller, query, cursor, limit)
        .await?;
    let items = hits.items.into_iter().map(|hit| {
        let Hit {
            room_name,
            message,
            ranges,
        } = hit;
        SearchHit {
            room_id: message.room_id,
            room_name,
            message,
            ranges,
        }
    });
    Ok(Json(SearchResults {
        items: items.collect(),
        next: hits.next.map(|next| next.to_string()),
    }))
}
