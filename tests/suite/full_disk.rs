//! A database that may not grow any more: refused out loud, seen by whoever watches, and over once
//! there is room.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use sqlx::Connection;

use crate::support::{
    Reply, Room, TestServer, User, database, execute, keys, older_database, within,
};

/// So much that hardly two of them share a page.
fn long() -> String {
    "x".repeat(4000)
}

/// Posts until nothing more is taken, and answers how many were and what was said then.
async fn fill(user: &User, room: &Room) -> (usize, Reply) {
    let path = format!("/api/rooms/{}/messages", room.id);
    for taken in 0..1000 {
        let reply = user.post(&path, json!({ "body": long() })).await;
        if reply.status != 201 {
            return (taken, reply);
        }
    }
    panic!("the quota holds nobody back");
}

async fn readyz(server: &TestServer) -> Reply {
    Reply::of(reqwest::Client::new().get(server.url("/readyz"))).await
}

/// Makes room as an administrator might.
async fn empty(room: &Room, data: &Path) {
    let mut database = database(data).await;
    sqlx::query("delete from messages where room_id = ?1")
        .bind(room.id)
        .execute(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
}

async fn texts(user: &User, room: &Room) -> Vec<Value> {
    let mut history = user.history(room).await;
    history.retain(|message| message["kind"] == "text");
    history
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_database_is_unavailable_until_space_is_freed() {
    let server = TestServer::with(|config| config.store.max_mb = 1).await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let attic = ana.create_room("attic").await;
    let (mut socket, _) = ben.connect().await;
    let mut terminal = ben.terminal(&room, "").await;
    terminal.next_with("/help").await;
    readyz(&server).await.expect(200);

    let (taken, reply) = fill(&ana, &attic).await;
    let problem = reply.refused(503, "unavailable");
    assert!(problem["retry_after_ms"].as_u64().unwrap() > 0, "{problem}");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!(wait > 0);
    assert!(!reply.text.contains("full"), "for the log: {}", reply.text);
    let ready = readyz(&server).await.refused(503, "unavailable");
    let reason = ready["detail"].as_str().unwrap();
    assert!(reason.contains("did not take what was written"), "{ready}");

    // All acknowledged messages are stored and readable; no refused one is.
    assert_eq!(texts(&ana, &attic).await.len(), taken);
    let mut acked = 0;
    let error = loop {
        socket
            .send_message(&room, &format!("k{acked}"), &long())
            .await;
        let answer = socket.answer().await;
        if answer["type"] == "error" {
            break answer;
        }
        acked += 1;
        assert!(acked < 10, "{answer}");
    };
    assert_eq!(error["code"], "unavailable", "{error}");
    assert!(error["retry_after_ms"].as_u64().unwrap() > 0, "{error}");
    terminal.enter(&long()).await;
    let words = terminal.next_with("! not sent").await;
    assert!(words.contains("cannot use its disk just now"), "{words}");
    assert_eq!(texts(&ana, &room).await.len(), acked);
    readyz(&server).await.refused(503, "unavailable");

    empty(&attic, &server.folder()).await;
    within("the server to be ready again", async {
        while readyz(&server).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    socket.send_message(&room, "again", "there is room").await;
    let ack = socket.next_of("ack").await;
    let history = ana.history(&room).await;
    assert_eq!(ack["seq"], history.len(), "no number was lost: {ack}");
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reached_quota_allows_start_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let small = |config: &mut parlor::config::Config| config.store.max_mb = 1;
    // Nor from migrating it.
    older_database(folder.path());
    execute(
        folder.path(),
        "insert into messages (room_id, seq, rev, kind, author_id, body, key, text_count, created_at)
         with recursive number(n) as (select 1 union all select n + 1 from number where n < 500)
         select r.id, last_seq + n, last_rev + n, 'text', 1, hex(zeroblob(2000)), 'm' || n, text_count + n, 0
         from number cross join rooms r on r.id = 1;
         update rooms set last_seq = last_seq + 500, last_rev = last_rev + 500, text_count = text_count + 500
         where id = 1",
    )
    .await;
    let server = TestServer::on(folder.path().to_owned(), small).await;
    let ana = User::sign_in(server.address, "ana", "password123").await;
    let room = Room {
        id: 1,
        code: String::new(),
    };
    assert_eq!(texts(&ana, &room).await.len(), 561);
    fill(&ana, &room).await.1.refused(503, "unavailable");
    server.stopped().await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    ana.at(server.address)
        .send_message(&room, "there is room")
        .await;
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_room_frees_a_full_database() {
    let small = |config: &mut parlor::config::Config| config.store.max_mb = 4;
    let server = TestServer::with(small).await;
    let (hall, [ana]) = server.room_of(["ana"]).await;
    let attic = ana.create_room("attic").await;
    let (mut socket, _) = ana.connect().await;
    let known = keys("known", 10);
    let acked = socket.flood(&hall, &known, "hello").await;
    // Short ones: some thousands of keys are on their way into their table when it is full.
    let mut taken = 0;
    for part in 0.. {
        let answers = socket
            .flood(&attic, &keys(&format!("k{part}-"), 100), "hello")
            .await;
        taken += answers.iter().filter(|one| one["type"] == "ack").count();
        let refused = answers.iter().find(|one| one["type"] == "error");
        if let Some(refused) = refused {
            assert_eq!(refused["code"], "unavailable", "{refused}");
            break;
        }
    }
    assert!(taken > 5000, "{taken} fit");

    let path = format!("/api/rooms/{}", attic.id);
    ana.delete(&path).await.expect(204);
    within("the server to take messages again", async {
        let path = format!("/api/rooms/{}/messages", hall.id);
        while ana.post(&path, json!({ "body": long() })).await.status != 201 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for (again, first) in socket
        .flood(&hall, &known, "hello")
        .await
        .iter()
        .zip(&acked)
    {
        assert_eq!(again["seq"], first["seq"], "{again}");
    }
    server.stopped().await;
}
