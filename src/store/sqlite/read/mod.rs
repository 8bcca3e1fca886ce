//! Reads of messages that several use cases share, and the translation of rows to domain types.

pub(in crate::store) mod changes;
pub(in crate::store) mod current_message;
pub(in crate::store) mod json_rows;
pub(in crate::store) mod pages;
pub(in crate::store) mod rows;
