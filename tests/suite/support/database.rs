//! The database of a server, as somebody else opens it.

use std::{path::Path, time::Duration};

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

/// Makes the database what it was before a message knew the rev it came with.
pub(crate) async fn make_old(data: &Path) {
    execute(
        data,
        "drop table command_keys;
         drop table epoch;
         drop index messages_of_system_by_seq;
         drop index messages_changed;
         alter table messages drop column first_rev;
         create unique index messages_by_rev on messages (room_id, rev);
         drop table message_keys;
         drop table keys_kept;
         create unique index messages_by_key on messages (room_id, author_id, key) where key is not null;
         delete from _sqlx_migrations where version >= 9;",
    )
    .await;
}
