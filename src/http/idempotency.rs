//! The idempotency key of a request.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{AppState, extract::AppQuery, problem::Problem};
use crate::domain::{Invalid, Key};

const HEADER: &str = "Idempotency-Key";

/// Idempotency key of a request: from the header `Idempotency-Key`, from `?key=`, or from both.
pub(super) struct RequestKey {
    header: Option<Key>,
    query: Option<Key>,
}

/// Header that makes a repeated command take effect once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(
    dead_code,
    reason = "the header is read by `RequestKey`; this is its description"
)]
pub(super) struct KeyHeader {
    /// Idempotency key: 1 to 64 visible ASCII characters. A repeated command with the same key takes effect once.
    #[param(rename = "Idempotency-Key", max_length = 64)]
    key: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct KeyQuery {
    /// The idempotency key, for clients that cannot set headers.
    #[param(max_length = 64)]
    key: Option<String>,
}

impl FromRequestParts<AppState> for RequestKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let mut header = None;
        for value in parts.headers.get_all(HEADER) {
            let key = Key::parse(value.to_str().unwrap_or_default());
            let key = key.map_err(|Invalid { detail, .. }| {
                Problem::field(format!("/{HEADER}"), detail.as_str())
            })?;
            if header.as_ref().is_some_and(|other| *other != key) {
                let detail = "is there twice with different values; send it once";
                return Err(Problem::field(format!("/{HEADER}"), detail));
            }
            header = Some(key);
        }
        let AppQuery(query) = AppQuery::<KeyQuery>::from_request_parts(parts, state).await?;
        let query = query.key.as_deref().map(Key::parse).transpose()?;
        Ok(Self { header, query })
    }
}

impl RequestKey {
    /// Returns the key of a request whose body has no key.
    pub(super) fn only(self) -> Result<Option<Key>, Problem> {
        self.with(None)
    }

    /// Returns the key of a request whose body may have a key.
    pub(super) fn with(self, body: Option<&str>) -> Result<Option<Key>, Problem> {
        let body = body.map(Key::parse).transpose()?;
        let mut given = [body, self.query, self.header].into_iter().flatten();
        let Some(first) = given.next() else {
            return Ok(None);
        };
        if given.any(|other| other != first) {
            let detail =
                "differs between the body, ?key= and the header Idempotency-Key; send one key";
            return Err(Problem::field("/key", detail));
        }
        Ok(Some(first))
    }
}
