//! Brings the schema up to date. An existing database is copied first, and the copy is restored if a migration fails.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::SqliteConnectOptions,
};

use crate::store::StoreError;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Opens the existing database at `path` and migrates it.
///
/// Before it changes a database with content, it copies it to `before-NUMBER.db` in the same folder. NUMBER is the
/// first migration that the copy lacks. The server never deletes the copy.
pub(super) async fn open_migrated(
    path: &Path,
    options: &SqliteConnectOptions,
) -> Result<SqliteConnection, StoreError> {
    let mut connection = options.connect().await.map_err(open_error)?;
    // A migration may sort more than fits into memory.
    set(&mut connection, "pragma temp_store = file").await?;
    let copy = match first_pending(&mut connection).await.map_err(open_error)? {
        Some(version) => Some(copy(&mut connection, path, version).await?),
        None => None,
    };
    let error = match MIGRATIONS.run(&mut connection).await {
        Ok(()) => {
            if let Some(copy) = copy {
                tracing::info!(copy = %copy.display(), "the database was migrated; the copy is from before");
            }
            set(&mut connection, "pragma temp_store = memory").await?;
            return Ok(connection);
        }
        Err(MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..)) => {
            return Err(StoreError::Newer);
        }
        Err(error) => error,
    };
    let Some(copy) = copy else {
        return Err(open_error(error));
    };
    // Closing the last connection deletes the log. SQLite would replay a log that is still there over the copy.
    let restored = match connection.close().await {
        Ok(()) => restore(&copy, path).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Err(match restored {
        Ok(()) => StoreError::Migration(error.to_string()),
        Err(failure) => StoreError::Open(format!(
            "a migration failed ({error}), and so did restoring the copy {}: {failure}; \
             rename the copy to {} before the next start",
            copy.display(),
            path.display()
        )),
    })
}

async fn set(connection: &mut SqliteConnection, pragma: &'static str) -> Result<(), StoreError> {
    let set = sqlx::raw_sql(pragma).execute(connection).await;
    set.map(drop).map_err(open_error)
}

/// Returns the number of the first migration that an existing database lacks. Returns `None` for a new database, for
/// one that is up to date, and for one that a newer version has migrated.
async fn first_pending(connection: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar("select name from sqlite_schema")
        .fetch_all(&mut *connection)
        .await?;
    if tables.is_empty() {
        return Ok(None);
    }
    let applied: Vec<i64> = if tables.iter().any(|name| name == "_sqlx_migrations") {
        sqlx::query_scalar("select version from _sqlx_migrations")
            .fetch_all(connection)
            .await?
    } else {
        Vec::new()
    };
    let is_known = |version: &i64| MIGRATIONS.version_exists(*version);
    if !applied.iter().all(is_known) {
        return Ok(None);
    }
    let mut known = MIGRATIONS.iter().map(|migration| migration.version);
    Ok(known.find(|version| !applied.contains(version)))
}

/// Copies the database, with all that its log holds.
async fn copy(
    connection: &mut SqliteConnection,
    path: &Path,
    version: i64,
) -> Result<PathBuf, StoreError> {
    let copy = path.with_file_name(format!("before-{version}.db"));
    // The copy gets its name once it is complete and on disk.
    let part = path.with_file_name(format!("before-{version}.db.part"));
    let failed = |error: &dyn std::fmt::Display| {
        let copy = copy.display();
        StoreError::Open(format!(
            "cannot copy it to {copy} before migrating it: {error}; the copy needs as much free space as the database"
        ))
    };
    let written = async {
        create_private(&part)?;
        let target = part
            .to_str()
            .ok_or_else(|| io::Error::other("the path is not UTF-8"))?;
        sqlx::query("vacuum into ?1")
            .bind(target)
            .execute(connection)
            .await
            .map_err(io::Error::other)?;
        // SQLite leaves that to the caller.
        File::open(&part)?.sync_all()?;
        rename(&part, &copy)
    };
    if let Err(error) = written.await {
        let _ = fs::remove_file(&part);
        return Err(failed(&error));
    }
    Ok(copy)
}

/// Creates an empty file that only its owner can read. SQLite keeps the mode.
fn create_private(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(())
}

/// Puts the copy in the place of the database that no connection has open.
fn restore(copy: &Path, path: &Path) -> io::Result<()> {
    rename(copy, path)
}

/// Renames a file for good: also after a power cut.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn open_error(error: impl std::fmt::Display) -> StoreError {
    StoreError::Open(error.to_string())
}
