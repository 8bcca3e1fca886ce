//! More writes than the disk can take: refused out loud, never dropped.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Room, TestServer, User, keys};

/// A server whose queue is as short as can be, and people who were there before.
async fn server_with_short_queue(
    folder: &tempfile::TempDir,
    queue: usize,
) -> (TestServer, Room, Vec<User>) {
    let roomy = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, users) = roomy.room_of(["ana", "ben", "cid", "dan"]).await;
    roomy.stopped().await;
    let server = TestServer::on(folder.path().to_owned(), |config| {
        config.limits.write_queue = queue;
    })
    .await;
    let users = users.iter().map(|user| user.at(server.address)).collect();
    (server, room, users)
}

/// That history holds exactly what was acked, under the numbers of the acks.
async fn is_what_was_acked(reader: &User, room: &Room, acked: &[(String, i64)]) {
    let history = reader.history(room).await;
    for (at, message) in history.iter().enumerate() {
        assert_eq!(message["seq"], at + 1, "a gap: {message}");
    }
    let texts = history.iter().filter(|message| message["kind"] == "text");
    let texts = texts.map(|message| {
        let key = message["key"].as_str().unwrap().to_owned();
        (key, message["seq"].as_i64().unwrap())
    });
    let mut stored: Vec<_> = texts.collect();
    let mut acked = acked.to_owned();
    stored.sort();
    acked.sort();
    assert_eq!(stored, acked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_queue_refuses_sends_and_loses_none() {
    for queue in [1, 4] {
        let folder = tempfile::tempdir().unwrap();
        let (server, room, users) = server_with_short_queue(&folder, queue).await;
        let floods = users
            .iter()
            .chain(&users)
            .enumerate()
            .map(async |(number, user)| {
                let (mut socket, _) = user.connect().await;
                socket
                    .flood(&room, &keys(&format!("s{number}"), 200), "hi")
                    .await
            });
        let answers: Vec<Value> = join_all(floods).await.into_iter().flatten().collect();
        let (acks, errors): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|answer| answer["type"] == "ack");
        assert!(
            !acks.is_empty() && !errors.is_empty(),
            "{} acks, {} errors",
            acks.len(),
            errors.len()
        );
        for error in &errors {
            assert_eq!(error["code"], "overloaded", "{error}");
            assert!(error["retry_after_ms"].as_u64().unwrap() > 0, "{error}");
        }
        let numbered = |ack: &Value| {
            let key = ack["key"].as_str().unwrap().to_owned();
            (key, ack["seq"].as_i64().unwrap())
        };
        let mut acked: Vec<_> = acks.iter().map(numbered).collect();
        let answered = acks
            .iter()
            .chain(&errors)
            .map(|answer| answer["key"].as_str().unwrap());
        assert_eq!(
            answered.collect::<HashSet<_>>().len(),
            8 * 200,
            "each is answered once"
        );
        is_what_was_acked(&users[0], &room, &acked).await;
        // Refused messages can be sent again with their key.
        let (mut socket, _) = users[0].connect().await;
        socket.send_message(&room, "again", "hi").await;
        acked.push(numbered(&socket.next_of("ack").await));
        is_what_was_acked(&users[0], &room, &acked).await;
        server.stopped().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_queue_is_503_with_retry_after() {
    let folder = tempfile::tempdir().unwrap();
    let (server, room, users) = server_with_short_queue(&folder, 1).await;
    let path = format!("/api/rooms/{}/messages", room.id);
    let (mut acked, mut refused) = (Vec::new(), 0);
    for round in 0..20 {
        let posts = (0..60).map(|number| {
            let (user, key) = (&users[number % users.len()], format!("h{round}-{number}"));
            let post = user.post(&path, json!({ "body": "hi", "key": key }));
            async move { (key, post.await) }
        });
        for (key, reply) in join_all(posts).await {
            if reply.status == 201 {
                acked.push((key, reply.json()["seq"].as_i64().unwrap()));
                continue;
            }
            refused += 1;
            let problem = reply.refused(503, "overloaded");
            assert!(problem["retry_after_ms"].as_u64().unwrap() > 0, "{problem}");
            let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
            assert!(wait > 0);
        }
    }
    assert!(
        refused > 0 && !acked.is_empty(),
        "{refused} refused, {} acked",
        acked.len()
    );
    is_what_was_acked(&users[0], &room, &acked).await;
    server.stopped().await;
}
