//! Parlor: a chat server in one binary and one data folder.
//!
//! See `docs/architecture.md` for the layers and the way of a message, and `docs/protocol.md` for
//! what clients may rely on.

pub mod auth;
pub mod bench;
pub mod chat;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod hub;
pub mod media;
pub mod protocol;
pub mod server;
pub mod socket;
pub mod store;
pub mod telemetry;
