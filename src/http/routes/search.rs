//! `/api/search`: finding messages in the caller's rooms.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize, Serializer};

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

#[derive(Deserialize)]
pub(crate) struct SearchParameters {
    q: Option<String>,
    cursor: Option<String>,
    #[serde(default, deserialize_with = "query_number")]
    limit: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct SearchBody {
    items: Vec<HitBody>,
    next: Option<String>,
}

#[derive(Serialize)]
struct HitBody {
    room_id: RoomId,
    room_name: String,
    #[serde(serialize_with = "message")]
    message: Message,
    ranges: Vec<[usize; 2]>,
}

fn message<S: Serializer>(message: &Message, serializer: S) -> Result<S::Ok, S::Error> {
    MessageView::from(message).serialize(serializer)
}

pub(crate) async fn search(
    State(state): State<AppState>,
    auth: Auth,
    AppQuery(parameters): AppQuery<SearchParameters>,
) -> Result<Json<SearchBody>, Problem> {
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
        HitBody {
            room_id: message.room_id,
            room_name,
            message,
            ranges,
        }
    });
    Ok(Json(SearchBody {
        items: items.collect(),
        next: hits.next.map(|next| next.to_string()),
    }))
}
