//! Messages sent again with their key, after any time and any restart of the server.

use std::time::Duration;

use serde_json::Value;
use sqlx::SqliteConnection;
use tokio::time::sleep;

use crate::support::{JsonSocket, Process, Room, TestServer, User, database, keys, within};

const MANY: usize = 3000;

fn seqs(acks: &[Value]) -> Vec<i64> {
    let seqs = acks.iter().map(|ack| {
        assert_eq!(ack["type"], "ack", "{ack}");
        ack["seq"].as_i64().unwrap()
    });
    seqs.collect()
}

/// Sends these and many again, and others under the same keys, and compares with what was acked first.
async fn send_again(socket: &mut JsonSocket, room: &Room, keys: &[String], acked: &[i64]) {
    let (every, again): (Vec<_>, Vec<_>) = (keys.iter().zip(acked).step_by(97))
        .map(|(key, seq)| (key.clone(), *seq))
        .unzip();
    assert_eq!(seqs(&socket.flood(room, &every, "hello").await), again);
    for conflict in socket.flood(room, &every, "something else").await {
        assert_eq!(conflict["code"], "key_conflict", "{conflict}");
    }
}

async fn count(database: &mut SqliteConnection, of: &'static str) -> usize {
    let count: i64 = sqlx::query_scalar(of).fetch_one(database).await.unwrap();
    usize::try_from(count).unwrap()
}

#[tokio::test]
async fn key_is_kept_permanently() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path()).await;
    let ana = User::sign_up(server.address, "ana").await;
    let room = ana.create_room("hall").await;
    let keys = keys("k", MANY);
    let (mut socket, _) = ana.connect().await;
    let acked = seqs(&socket.flood(&room, &keys, "hello").await);
    send_again(&mut socket, &room, &keys, &acked).await;

    // All that was in memory is lost.
    server.kill().await;
    let server = Process::start(folder.path()).await;
    let ana = ana.at(server.address);
    let (mut socket, _) = ana.connect().await;
    send_again(&mut socket, &room, &keys, &acked).await;
    // Nothing was written twice, and the same key elsewhere is another.
    assert_eq!(ana.history(&room).await.len(), 1 + MANY);
    let other = ana.create_room("other").await;
    assert_eq!(seqs(&socket.flood(&other, &keys[..1], "hello").await), [2]);
    // Nor with messages that have more around them, on their way to be written.
    let (known, news) = (keys[1..2].to_vec(), vec!["new".to_owned()]);
    let mixed = socket.flood(&room, &known, "hello @ana").await;
    assert_eq!(mixed[0]["code"], "key_conflict", "{mixed:?}");
    let more = socket.flood(&room, &news, "hello @ana").await;
    assert_eq!(more[0]["type"], "ack", "{more:?}");
    server.kill().await;
}

#[tokio::test]
async fn reused_message_ids_lose_no_keys() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TestServer::on(data.clone(), |_| {}).await;
    let ana = server.user("ana").await;
    let (hall, attic) = (
        ana.create_room("hall").await,
        ana.create_room("attic").await,
    );
    let (mut socket, _) = ana.connect().await;
    socket.flood(&attic, &keys("old", 20), "hello").await;
    drop(socket);
    server.stopped().await;
    let mut database = database(&folder.path().join("data")).await;
    sqlx::query("delete from messages where room_id = ?1 and kind = 'text'")
        .bind(attic.id)
        .execute(&mut database)
        .await
        .unwrap();
    drop(database);

    let server = TestServer::on(data.clone(), |_| {}).await;
    let (mut socket, _) = ana.at(server.address).connect().await;
    let keys = keys("new", 5);
    let acked = seqs(&socket.flood(&hall, &keys, "hello").await);
    drop(socket);
    server.stopped().await;

    let server = TestServer::on(data, |_| {}).await;
    let (mut socket, _) = ana.at(server.address).connect().await;
    assert_eq!(seqs(&socket.flood(&hall, &keys, "hello").await), acked);
    drop(socket);
    server.stopped().await;
}

#[tokio::test]
async fn deleted_room_removes_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path()).await;
    let ana = User::sign_up(server.address, "ana").await;
    let (hall, gone) = (ana.create_room("hall").await, ana.create_room("gone").await);
    let (mut socket, _) = ana.connect().await;
    socket.flood(&gone, &keys("first", MANY), "hello").await;
    let path = format!("/api/rooms/{}", gone.id);
    ana.delete(&path).await.expect(204);
    server.kill().await;

    // The janitor runs at the start.
    let server = Process::start(folder.path()).await;
    let mut database = database(&folder.path().join("data")).await;
    let rooms = "select count(*) from rooms where name = 'gone'";
    within("the room to be gone", async {
        while count(&mut database, rooms).await > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    drop(database);
    // These have the ids of those.
    let ana = ana.at(server.address);
    let (mut socket, _) = ana.connect().await;
    let second = keys("second", 3000);
    let acked = seqs(&socket.flood(&hall, &second, "hello").await);
    server.kill().await;

    let server = Process::start(folder.path()).await;
    let ana = ana.at(server.address);
    let (mut socket, _) = ana.connect().await;
    send_again(&mut socket, &hall, &second, &acked).await;
    server.kill().await;
}
