//! Handlers, one file per resource.

pub(super) mod account;
pub(super) mod admin_accounts;
pub(super) mod admins;
pub(super) mod auth;
pub(super) mod avatars;
pub(super) mod conversation;
pub(super) mod direct;
pub(super) mod files;
pub(super) mod invites;
pub(super) mod me;
pub(super) mod members;
pub(super) mod messages;
pub(super) mod moderation;
pub(super) mod reports;
pub(super) mod rooms;
pub(super) mod search;
pub(super) mod server;
pub(super) mod socket;
pub(super) mod tokens;
pub(super) mod users;
