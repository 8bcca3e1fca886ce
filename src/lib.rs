//! Parlor: a chat server in one binary and one data folder.
//!
//! `docs/architecture.md` describes the layers and the path of a message. `docs/protocol/` describes the interface
//! for clients.

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
mod sync;
pub mod telemetry;
