//! One plain connection to a database, for commands that need no running store.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};

use super::{MIGRATIONS, connect_options, open_error};
use crate::store::StoreError;

/// A transaction on a connection of its own. Dropping it without [`commit`](Self::commit) changes nothing.
pub(super) struct OfflineTransaction(SqliteConnection);

impl OfflineTransaction {
    /// Begins a transaction on the database at `path`, which must exist and have this version's schema: nothing is
    /// migrated here.
    ///
    /// # Errors
    /// [`StoreError::Newer`] or [`StoreError::Older`] for another schema, [`StoreError::Open`] if there is no database.
    pub(super) async fn begin(path: &Path) -> Result<Self, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Open(format!("there is no {}", path.display())));
        }
        let mut connection = connect_options(path).connect().await.map_err(open_error)?;
        connection.execute("begin immediate").await?;
        // The table is the library's, so that no checked query names it.
        let version: Option<i64> =
            sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
                .fetch_one(&mut connection)
                .await
                .map_err(open_error)?;
        let own = MIGRATIONS.iter().map(|migration| migration.version).max();
        if version > own {
            return Err(StoreError::Newer);
        }
        if version < own {
            return Err(StoreError::Older);
        }
        Ok(Self(connection))
    }

    /// The connection, inside the transaction.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }

    /// Commits and closes.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.0.execute("commit").await?;
        self.0.close().await?;
        Ok(())
    }
}
