//! Drives the public API over real sockets and real databases.

mod auth;
mod cookies;
mod sessions;
mod support;
mod talk;
