//! Writes to the database: one task takes every queued request and makes them one transaction (group commit).

pub(in crate::store) mod health;
pub(in crate::store) mod request;
pub(in crate::store) mod writer;
