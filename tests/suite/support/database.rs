//! The database of a server, as somebody else opens it.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use flate2::read::GzDecoder;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

/// The database in that data folder.
pub(crate) async fn database(data: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data.join("parlor.db"));
    let options = options.busy_timeout(Duration::from_secs(20));
    options.connect().await.unwrap()
}

/// Runs these statements on it.
pub(crate) async fn execute(data: &Path, statements: &'static str) {
    let mut database = database(data).await;
    sqlx::raw_sql(statements)
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
}

/// Puts the database of an older version into that data folder: see `tests/fixtures/README.md`.
pub(crate) fn older_database(data: &Path) {
    let packed = include_bytes!("../../fixtures/schema-12.db.gz");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(data.join("parlor.db"))
        .unwrap();
    io::copy(&mut GzDecoder::new(&packed[..]), &mut file).unwrap();
}
