//! The epoch of the database in SQLite.

use std::path::Path;

use sqlx::SqliteConnection;

use super::{Sqlite, offline::in_one_transaction};
use crate::store::StoreError;

impl Sqlite {
    pub(in crate::store) fn epoch(&self) -> &str {
        &self.epoch
    }
}

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!("select id from epoch")
        .fetch_one(connection)
        .await
}

/// Gives the database at `path` a new epoch and returns it.
pub(in crate::store) async fn renew(path: &Path) -> Result<String, StoreError> {
    in_one_transaction(path, |conn| {
        Box::pin(
            sqlx::query_scalar!(
                r#"update epoch set id = lower(hex(randomblob(16))) returning id as "id!: String""#
            )
            .fetch_one(conn),
        )
    })
    .await
}
