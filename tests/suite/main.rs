//! Drives the public API over real sockets and real databases.

#![expect(
    clippy::too_many_lines,
    reason = "a test of one scenario reads best from top to bottom"
)]
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, and not what they call for help"
)]

mod admin_accounts;
mod admins;
mod attention;
mod audit;
mod auth;
mod auth_races;
mod bans;
mod bench;
mod by_name;
mod change_keys;
mod changes;
mod closing;
mod command_line;
mod compression;
mod conversation;
mod cookies;
mod crash;
mod deflate;
mod deletion;
mod direct;
mod drain;
mod epoch;
mod error_texts;
mod files;
mod full_disk;
mod handshake;
mod history;
mod http;
mod idempotency;
mod invites;
mod isolation;
mod isolation_live;
mod janitor;
mod joining;
mod json_rooms;
mod json_socket;
mod lag;
mod layers;
mod line_dates;
mod line_mode;
mod line_refusals;
mod members;
mod memory;
mod messages;
mod migration;
mod model;
mod numbers;
mod open_files;
mod openapi;
mod overload;
mod predecessor;
mod presence;
mod profile;
mod protocol_docs;
mod readme;
mod reconnect;
mod registration;
mod reports;
mod request_log;
mod restraints;
mod rights;
mod rooms;
mod search;
mod search_index;
mod sender_cache;
mod sessions;
mod settings;
mod stopping;
mod streamed;
mod support;
mod sync;
mod tokens;
mod transfer;
mod two_clients;
mod uploads;
mod users;
