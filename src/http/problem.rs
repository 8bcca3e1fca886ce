//! Refusals as problem documents (RFC 9457).

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem_codes;
use crate::{
    chat::ChatError,
    domain::{Invalid, PostingRestriction, RoomId},
};

/// A refusal. It travels in the extensions of the response until the middleware encodes it, which knows the id of the
/// request.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    title: String,
    fields: Box<[InvalidField]>,
    retry_after: Option<Duration>,
    /// Rooms from which the caller has to choose.
    room_ids: Box<[RoomId]>,
    /// Internal cause; logged, never sent.
    pub(crate) cause: Option<String>,
}

/// A field that breaks its rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct InvalidField {
    /// JSON pointer to the field or query parameter, such as `/username`.
    pointer: String,
    /// The rule, with an example where it helps.
    detail: String,
}

impl InvalidField {
    /// Returns the field as people write it: `files[0]` for `/files/0`.
    fn name(&self) -> String {
        let mut name = String::new();
        for part in self.pointer.split('/').skip(1) {
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                name = format!("{name}[{part}]");
            } else if name.is_empty() {
                part.clone_into(&mut name);
            } else {
                name = format!("{name}.{part}");
            }
        }
        name
    }
}

/// A refusal: RFC 9457. Programs read `code` and `errors[].pointer`; texts may change.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document<'p> {
    /// The reason in one sentence.
    title: &'p str,
    /// Status of the response.
    status: u16,
    /// Reason for programs.
    code: &'p str,
    /// The reason in detail.
    detail: String,
    /// Fields that break their rule.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<InvalidField>, required = false)]
    errors: &'p [InvalidField],
    /// Milliseconds to wait before the request is repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    /// Rooms that an ambiguous name stands for.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<RoomId>, required = false)]
    room_ids: &'p [RoomId],
    /// Id of the request in the log and in the header `x-request-id`.
    request_id: &'p str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, title: impl Into<String>) -> Self {
        Self {
            status,
            code,
            title: title.into(),
            fields: Box::default(),
            retry_after: None,
            room_ids: Box::default(),
            cause: None,
        }
    }

    /// Refuses a field; `pointer` as in `/username`.
    pub(crate) fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let field = InvalidField {
            pointer: pointer.into(),
            detail: detail.into(),
        };
        let title = match field.name() {
            name if name.is_empty() => sentence(&field.detail),
            name if name.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                sentence(&format!("{name} {}", field.detail))
            }
            // A name that is not a word stays as it is.
            name => format!("The field {name} {}", field.detail),
        };
        Self {
            fields: Box::new([field]),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title)
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "No such thing here")
    }

    /// Refuses a name that several of the caller's rooms have.
    pub(crate) fn ambiguous(rooms: Vec<RoomId>) -> Self {
        let title = format!(
            "{} of your rooms have this name; ask for one of them by its id",
            rooms.len()
        );
        Self {
            room_ids: rooms.into_boxed_slice(),
            ..Self::new(StatusCode::CONFLICT, "ambiguous", title)
        }
    }

    /// Refuses a request because the server cannot work. The reason is safe to show to monitoring.
    pub(crate) fn unavailable(reason: &str) -> Self {
        let error = ChatError::Unavailable(reason.to_owned());
        Self {
            title: sentence(reason),
            ..Self::from(error)
        }
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns the document with its headers.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        debug_assert!(
            problem_codes::find(self.code).any(|entry| entry.status == self.status.as_u16()),
            "the code {} with the status {} is not described",
            self.code,
            self.status
        );
        let detail = match self.fields.first() {
            Some(field) => format!("{} {}", field.name(), field.detail)
                .trim()
                .to_owned(),
            None => self.title.clone(),
        };
        let millis = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let document = Document {
            title: &self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail,
            errors: &self.fields,
            retry_after_ms: self.retry_after.map(millis),
            room_ids: &self.room_ids,
            request_id,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = match self.code {
                "unauthorized" => "Bearer realm=\"parlor\", error=\"invalid_token\"",
                _ => "Bearer realm=\"parlor\"",
            };
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            let version = HeaderValue::from_static("13");
            headers.insert(header::SEC_WEBSOCKET_VERSION, version);
        }
        if let Some(wait) = self.retry_after {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(millis(wait).div_ceil(1000)),
            );
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ChatError> for Problem {
    fn from(error: ChatError) -> Self {
        let status = match &error {
            ChatError::Invalid(Invalid { field, detail }) => {
                return Self::field(format!("/{field}"), detail.as_str());
            }
            ChatError::Unauthorized | ChatError::BadCredentials => StatusCode::UNAUTHORIZED,
            ChatError::NotFound(_) | ChatError::BadCode => StatusCode::NOT_FOUND,
            ChatError::Forbidden(_)
            | ChatError::ReadOnly
            | ChatError::Disabled
            | ChatError::OutOfScope(_)
            | ChatError::TooLate
            | ChatError::Blocked
            | ChatError::Restrained(PostingRestriction::Muted(_) | PostingRestriction::Locked)
            | ChatError::RegistrationInvite
            | ChatError::RegistrationClosed => StatusCode::FORBIDDEN,
            ChatError::UsernameTaken
            | ChatError::KeyConflict
            | ChatError::EpochChanged
            | ChatError::LastOwner
            | ChatError::LastOwnerOf(_)
            | ChatError::LastAdmin
            | ChatError::TooManyInvites
            | ChatError::StandingInvite
            | ChatError::TooManyRooms
            | ChatError::TooMany(_) => StatusCode::CONFLICT,
            ChatError::RateLimited(_)
            | ChatError::Restrained(PostingRestriction::SlowMode(_))
            | ChatError::TooManyUploads
            | ChatError::TooManyConnections => StatusCode::TOO_MANY_REQUESTS,
            ChatError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            ChatError::NoRoom(_) => StatusCode::INSUFFICIENT_STORAGE,
            ChatError::NoPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ChatError::Incomplete => StatusCode::BAD_REQUEST,
            ChatError::Stalled => StatusCode::REQUEST_TIMEOUT,
            ChatError::Overloaded | ChatError::Draining | ChatError::Unavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ChatError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut problem = Self::new(status, error.code(), sentence(&error.to_string()));
        problem.retry_after = error.retry_after();
        let field = match error {
            ChatError::UsernameTaken => Some(("/username", "is taken")),
            ChatError::RegistrationInvite => Some(("/code", "is needed to make an account here")),
            _ => None,
        };
        if let Some((pointer, detail)) = field {
            problem.fields = Box::new([InvalidField {
                pointer: pointer.into(),
                detail: detail.into(),
            }]);
        }
        if let ChatError::Internal(cause) | ChatError::Unavailable(cause) = error {
            problem.cause = Some(cause);
        }
        problem
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        ChatError::from(invalid).into()
    }
}

/// Capitalizes the first letter.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
