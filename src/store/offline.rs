//! Changes that the command line makes without a [`Store`], while a server may run.

use std::path::Path;

use super::{Store, StoreError, sqlite};
use crate::domain::Timestamp;

impl Store {
    /// Makes a user admin. Returns `false` if the name is unknown; `username_key` as
    /// [`crate::domain::Username::folded`] returns it.
    ///
    /// It uses one connection and one transaction, without migrations and tasks.
    ///
    /// # Errors
    /// [`StoreError::OtherSchema`] if another version of the program wrote the schema, and any other [`StoreError`] if
    /// nothing was written.
    pub async fn make_admin(
        path: &Path,
        username_key: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlite::make_admin(path, username_key, now).await
    }
}
