//! The cache of each room's newest page, and the epochs that keep stale pages out of it.

pub(in crate::store) mod page_cache;
pub(in crate::store) mod room_epochs;
