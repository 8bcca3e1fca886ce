//! An HTTP answer, with everything a failing test wants to print.

use reqwest::header::HeaderMap;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    what: String,
}

impl Reply {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let what = format!("{} {}", request.method(), request.url());
        let response = client
            .execute(request)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_default();
        Self {
            status,
            headers,
            text,
            what,
        }
    }

    /// An answer that was read in another way than as text.
    pub(crate) fn made(status: u16, headers: HeaderMap, text: String, what: &str) -> Self {
        Self {
            status,
            headers,
            text,
            what: what.to_owned(),
        }
    }

    /// That the status is as expected, whatever the body is.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
    }

    /// The body, if the status is as expected.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// That it is a problem document with that status and code; answers it.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{}: {}", self.what, self.text);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.what
        );
        assert_eq!(problem["status"], status);
        for member in ["title", "detail", "request_id"] {
            assert!(
                problem[member].is_string(),
                "{} lacks {member}: {}",
                self.what,
                self.text
            );
        }
        problem
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
