//! Drives the public API over real sockets and real databases.
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not what they call for help"
)]

mod admins;
mod at_once;
mod audit;
mod auth;
mod bans;
mod bench;
mod changes;
mod closing;
mod coming_back;
mod command_line;
mod compression;
mod conversation;
mod cookies;
mod crash;
mod deflate;
mod deletion;
mod direct;
mod drain;
mod edge;
mod files;
mod full_disk;
mod handshake;
mod history;
mod invites;
mod isolation;
mod isolation_live;
mod janitor;
mod joining;
mod json_rooms;
mod json_socket;
mod lag;
mod late;
mod layers;
mod line_mode;
mod members;
mod memory;
mod messages;
mod model;
mod open_files;
mod overload;
mod predecessor;
mod presence;
mod profile;
mod registration;
mod reports;
mod request_log;
mod restraints;
mod rights;
mod rooms;
mod search;
mod sent_again;
mod sessions;
mod stopping;
mod supervision;
mod support;
mod sync;
mod talk;
mod tokens;
mod transfer;
mod uploads;
mod users;
