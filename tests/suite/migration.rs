//! Databases of an older version: they are copied, migrated and go on; if a migration fails, they are as they were.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};
use sqlx::{Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    changes::compare,
    command_line::{parlor, refusal},
    support::{Room, TestServer, User, database, execute, older_database},
};

/// Messages in the fixture's room 1.
const MESSAGES: usize = 64;

fn hall() -> Room {
    Room {
        id: 1,
        code: String::new(),
    }
}

/// The files beside the database that are copies or parts of one.
fn copies(data: &Path) -> Vec<String> {
    let names = fs::read_dir(data).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("before-")).collect()
}

/// All messages of a database as text, and the number of its last migration.
async fn contents(file: &Path) -> (Vec<String>, i64) {
    let options = SqliteConnectOptions::new().filename(file);
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let rows = sqlx::query(
        "select json_array(id, room_id, seq, rev, first_rev, author_id, body, key, text_count, created_at, edited_at,
                           deleted_at, flags, mentions) as message
         from messages order by id",
    );
    let rows = rows.fetch_all(&mut database).await.unwrap();
    let rows = rows.iter().map(|row| row.get("message")).collect();
    let version = sqlx::query_scalar("select max(version) from _sqlx_migrations");
    let version = version.fetch_one(&mut database).await.unwrap();
    database.close().await.unwrap();
    (rows, version)
}

async fn start(data: &Path) -> (TestServer, User) {
    let server = TestServer::on(data.to_owned(), |_| {}).await;
    let ana = User::sign_in(server.address, "ana", "password123").await;
    (server, ana)
}

async fn send(socket: &mut crate::support::JsonSocket, key: &str, body: &str) -> Value {
    socket.send_message(&hall(), key, body).await;
    socket.answer().await
}

#[tokio::test]
async fn older_database_is_copied_before_migration() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    older_database(data);
    let (before, version) = contents(&data.join("parlor.db")).await;
    let (server, ana) = start(data).await;

    let [copy] = &copies(data)[..] else {
        panic!("not one copy: {:?}", copies(data));
    };
    let copy = data.join(copy);
    assert_eq!(contents(&copy).await, (before.clone(), version));
    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let history = ana.history(&hall()).await;
    assert_eq!(history.len(), MESSAGES);
    let (mut socket, _) = ana.connect().await;
    let again = send(&mut socket, "k6", "message 6").await;
    assert_eq!((&again["type"], &again["seq"]), (&json!("ack"), &json!(10)));
    let conflict = send(&mut socket, "k6", "something else").await;
    assert_eq!(conflict["code"], "key_conflict", "{conflict}");
    let new = send(&mut socket, "new", "message 61").await;
    assert_eq!(new["seq"], 1 + MESSAGES, "{new}");
    drop(socket);
    let history = ana.history(&hall()).await;
    server.stopped().await;
    compare(data, &hall(), &ana, &history).await;

    // Nothing is copied where nothing is migrated.
    fs::remove_file(copy).unwrap();
    let (server, _) = start(data).await;
    server.stopped().await;
    assert!(copies(data).is_empty(), "{:?}", copies(data));
}

#[tokio::test]
async fn a_new_database_is_not_copied() {
    let server = TestServer::start().await;
    assert!(copies(&server.folder()).is_empty());
    server.stopped().await;
}

#[tokio::test]
async fn copy_includes_the_write_ahead_log() {
    let folder = tempfile::tempdir().unwrap();
    let (there, data) = (folder.path().join("there"), folder.path().join("data"));
    for folder in [&there, &data] {
        fs::create_dir(folder).unwrap();
    }
    older_database(&there);
    let mut writer = database(&there).await;
    sqlx::raw_sql(
        "pragma journal_mode = wal;
         pragma wal_autocheckpoint = 0;
         update messages set body = 'in the log' where room_id = 1 and seq = 10",
    )
    .execute(&mut writer)
    .await
    .unwrap();
    // As a machine that lost its power would leave them.
    for name in ["parlor.db", "parlor.db-wal"] {
        fs::copy(there.join(name), data.join(name)).unwrap();
    }
    writer.close().await.unwrap();

    let (server, ana) = start(&data).await;
    let message = ana.get("/api/rooms/1/messages/10").await.expect(200);
    assert_eq!(message["body"], "in the log");
    server.stopped().await;
    let (messages, _) = contents(&data.join(&copies(&data)[0])).await;
    assert!(
        messages
            .iter()
            .any(|message| message.contains("in the log")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn first_message_with_a_duplicate_key_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    older_database(folder.path());
    execute(
        folder.path(),
        "update messages set key = 'twice' where room_id = 1 and author_id = 1 and seq in (7, 10, 13);
         update messages set key = 'twice' where room_id = 1 and author_id = 2 and seq = 5",
    )
    .await;
    let (server, ana) = start(folder.path()).await;
    let history = ana.history(&hall()).await;
    let keyed = history.iter().filter(|one| one["key"] == "twice");
    let keyed: Vec<_> = keyed.map(|one| one["seq"].as_i64().unwrap()).collect();
    assert_eq!(keyed, [5, 7], "one of ben's and one of ana's");
    assert_eq!(history.len(), MESSAGES);
    let (mut socket, _) = ana.connect().await;
    // It was edited since; the key stands for what it said first.
    let again = send(&mut socket, "twice", "message 3").await;
    assert_eq!((&again["type"], &again["seq"]), (&json!("ack"), &json!(7)));
    drop(socket);
    server.stopped().await;
}

#[tokio::test]
async fn failed_migration_restores_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    older_database(&data);
    // No version wrote such a thing, but the older one would not have been told.
    execute(
        &data,
        "update messages set rev = 6 where room_id = 1 and seq = 10",
    )
    .await;
    let file = data.join("parlor.db");
    let before = contents(&file).await;

    for _ in 0..2 {
        let words = refusal(parlor(folder.path(), &["--data", "data"]), 1).await;
        assert!(
            words.contains("the database is as it was before"),
            "{words}"
        );
        assert!(words.contains("messages.room_id, messages.rev"), "{words}");
        assert_eq!(contents(&file).await, before);
        assert!(copies(&data).is_empty(), "{:?}", copies(&data));
    }
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    execute(
        &data,
        "update messages set rev = 10 where room_id = 1 and seq = 10",
    )
    .await;
    let (server, ana) = start(&data).await;
    assert_eq!(ana.history(&hall()).await.len(), MESSAGES);
    server.stopped().await;
}

#[tokio::test]
async fn migration_needs_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    older_database(&data);
    let before = contents(&data.join("parlor.db")).await;
    // A folder in its place prevents the copy.
    for version in 0..100 {
        fs::create_dir(data.join(format!("before-{version}.db.part"))).unwrap();
    }
    let words = refusal(parlor(folder.path(), &["--data", "data"]), 1).await;
    assert!(words.contains("before migrating it"), "{words}");
    assert_eq!(contents(&data.join("parlor.db")).await, before);
}
