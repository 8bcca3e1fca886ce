//! Drives the public API over real sockets and real databases.

mod auth;
mod cookies;
mod isolation;
mod members;
mod rooms;
mod sessions;
mod support;
mod talk;
mod users;
