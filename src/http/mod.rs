//! HTTP: the only module that uses axum. Handlers read the request, call one use case and shape its answer. They
//! decide no rules.

mod address;
#[cfg(test)]
mod autobahn;
mod body;
mod client;
mod cookies;
mod extract;
mod file_name;
mod gzip;
mod idempotency;
pub mod listen;
mod middleware;
mod openapi;
mod origin;
mod problem;
mod problem_codes;
mod ranges;
mod router;
mod routes;
mod scopes;
mod stall;
mod state;
mod statics;
mod upgrade;
mod ws_extensions;

pub use router::{openapi_document, router};
pub use state::{AppState, Readiness};
