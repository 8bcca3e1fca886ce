//! The cache of each room's newest page, and the epochs that keep stale pages out of it.

pub(crate) mod epoch_cache;
pub(in crate::store) mod page_cache;
