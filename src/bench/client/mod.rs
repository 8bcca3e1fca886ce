//! The load: many sockets on one thread and one epoll, light enough not to limit the figures.

mod client_pool;
mod counts;
mod dialect;
mod frame;
mod http;
mod marker;
mod socket_request;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use client_pool::ClientPool;
pub use dialect::PeerProtocol;
pub(super) use http::{HttpPool, get, post};
pub(super) use marker::{Marker, body, now};
pub(super) use socket_request::SocketRequest;
