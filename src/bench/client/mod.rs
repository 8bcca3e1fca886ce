//! The load: many sockets on one thread and one epoll, light enough never to be what is measured.

mod counts;
mod crowd;
mod dialect;
mod frame;
mod http;
mod marker;
mod opening;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use crowd::Crowd;
pub use dialect::Dialect;
pub(super) use http::{Http, get, post};
pub(super) use marker::{Marker, body, now};
pub(super) use opening::Opening;
