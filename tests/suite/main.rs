//! Drives the public API over real sockets and real databases.

mod auth;
mod cookies;
mod crash;
mod edge;
mod history;
mod isolation;
mod isolation_live;
mod json_socket;
mod lag;
mod members;
mod messages;
mod predecessor;
mod presence;
mod rooms;
mod sessions;
mod support;
mod talk;
mod users;
