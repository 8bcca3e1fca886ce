//! A transaction on a database that a server may have open.

use std::path::Path;

use futures_util::future::BoxFuture;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{base_options, migrate::MIGRATIONS};
use crate::store::StoreError;

/// Opens one connection to the existing database at `path`, runs `work` in one transaction, and closes it.
///
/// The connection waits for the write lock beside the server's. There is no pool, no migration and no task. The schema
/// is checked within the transaction, so that a starting server cannot migrate in between.
///
/// # Errors
/// [`StoreError::Open`] if there is no database, [`StoreError::OtherSchema`] if another version wrote the schema.
/// After any error, nothing is written.
pub(super) async fn in_one_transaction<T, F>(path: &Path, work: F) -> Result<T, StoreError>
where
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
{
    if !path.is_file() {
        return Err(StoreError::Open(format!("there is no {}", path.display())));
    }
    let options = base_options(path).create_if_missing(false);
    let mut connection = options.connect().await?;
    let mut transaction = connection.begin_with("begin immediate").await?;
    check_schema(&mut transaction).await?;
    let value = work(&mut transaction).await?;
    transaction.commit().await?;
    connection.close().await?;
    Ok(value)
}

/// Checks that the last migration of the database is the last one that this program knows.
async fn check_schema(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    // Asked first, because a missing table is an error like any other.
    let has_schema: bool = sqlx::query_scalar(
        "select exists (select 1 from sqlite_master where type = 'table' and name = '_sqlx_migrations')",
    )
    .fetch_one(&mut *connection)
    .await?;
    let found: i64 = if has_schema {
        sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations where success")
            .fetch_one(connection)
            .await?
    } else {
        0
    };
    let own = MIGRATIONS.iter().map(|migration| migration.version).max();
    let own = own.unwrap_or_default();
    if found == own {
        Ok(())
    } else {
        Err(StoreError::OtherSchema { found, own })
    }
}
