//! Requests by nobody in particular: without a token.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::{Reply, TestServer};

impl TestServer {
    /// A request without a token, on a connection of its own.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new().request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.request(Method::POST, path).json(&body)).await
    }
}
