//! Drives the public API over real sockets and real databases.

mod support;
mod talk;
