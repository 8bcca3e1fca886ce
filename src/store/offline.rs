//! Changes that the command line makes without a [`Store`], beside a server that may run.

use std::path::Path;

use super::{Store, StoreError, sqlite};
use crate::domain::Timestamp;

impl Store {
    /// Makes somebody admin, for whoever has the data folder. Returns `false` if there is no account
    /// of that name; `username_key` as [`crate::domain::Username::folded`] gives it.
    ///
    /// It takes one connection and one transaction. It migrates nothing and starts no task.
    ///
    /// # Errors
    /// [`StoreError::OtherSchema`] if another version of the program wrote the schema, and any other
    /// [`StoreError`] if nothing was written.
    pub async fn make_admin(
        path: &Path,
        username_key: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        sqlite::make_admin(path, username_key, now).await
    }
}
