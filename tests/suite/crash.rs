//! The real binary, killed without warning.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures_util::{
    SinkExt, StreamExt,
    future::{join, join_all},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Closed, JsonSocket, Process, Room, User, random, within};

/// State of one sender at the end of a round.
#[derive(Default)]
struct Sent {
    /// Keys in the order in which they were sent.
    keys: Vec<String>,
    acked: Vec<(String, i64)>,
}

/// Sends until the server is gone, a few messages ahead of their acks.
async fn over_a_socket(mut socket: JsonSocket, room: &Room, prefix: &str) -> Sent {
    let mut sent = Sent::default();
    loop {
        let waiting = sent.keys.len() - sent.acked.len();
        if waiting < 8 {
            let key = format!("{prefix}-{}", sent.keys.len());
            let command = json!({ "type": "send", "key": key, "room_id": room.id, "body": key });
            sent.keys.push(key);
            if socket
                .raw
                .send(Message::text(command.to_string()))
                .await
                .is_err()
            {
                return sent;
            }
            continue;
        }
        match within("an ack or the end", socket.raw.next()).await {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                assert_ne!(frame["type"], "error", "{frame}");
                if frame["type"] == "ack" {
                    let key = frame["key"].as_str().unwrap().to_owned();
                    sent.acked.push((key, frame["seq"].as_i64().unwrap()));
                }
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return sent,
        }
    }
}

/// Posts one message after the other until the server is gone.
async fn over_http(user: &User, room: &Room, prefix: &str) -> Sent {
    let mut sent = Sent::default();
    let path = format!("/api/rooms/{}/messages", room.id);
    loop {
        let key = format!("{prefix}-{}", sent.keys.len());
        let post = user.request(reqwest::Method::POST, &path);
        let post = post.json(&json!({ "body": key, "key": key })).send();
        sent.keys.push(key.clone());
        let Ok(answer) = within("an answer or the end", post).await else {
            return sent;
        };
        let status = answer.status();
        let Ok(text) = answer.text().await else {
            return sent;
        };
        assert_eq!(status, 201, "{text}");
        let message: Value = serde_json::from_str(&text).unwrap();
        sent.acked.push((key, message["seq"].as_i64().unwrap()));
    }
}

/// Checks the stored messages: numbers without a gap, each key once, each sender's in order.
async fn stored(reader: &User, room: &Room, after: i64) -> HashMap<String, i64> {
    let mut by_key = HashMap::new();
    let (mut seq, mut more) = (after, true);
    while more {
        let path = format!("/api/rooms/{}/messages?after={seq}&limit=200", room.id);
        let page = reader.get(&path).await.expect(200);
        for message in page["items"].as_array().unwrap() {
            seq += 1;
            assert_eq!(message["seq"], seq, "a gap: {message}");
            assert_eq!(message["rev"], seq, "a gap: {message}");
            if let Some(key) = message["key"].as_str() {
                assert_eq!(message["body"], key, "{message}");
                let before = by_key.insert(key.to_owned(), seq);
                assert_eq!(before, None, "twice: {message}");
            }
        }
        more = page["has_after"].as_bool().unwrap();
    }
    by_key
}

async fn head(user: &User, room: &Room) -> i64 {
    let shown = user
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert_eq!(shown["head"]["seq"], shown["head"]["rev"], "{shown}");
    shown["head"]["seq"].as_i64().unwrap()
}

/// That a round's messages are as its senders know them.
fn holds(round: usize, sent: &[Sent], by_key: &HashMap<String, i64>) {
    for sender in sent {
        for (key, seq) in &sender.acked {
            assert_eq!(by_key.get(key), Some(seq), "round {round}: {key} was acked");
        }
        // Later messages have higher numbers, and none in between is missing.
        let numbers: Vec<_> = sender.keys.iter().map(|key| by_key.get(key)).collect();
        let kept = numbers.iter().take_while(|number| number.is_some()).count();
        assert!(
            numbers[kept..].iter().all(Option::is_none),
            "round {round}: {numbers:?}"
        );
        assert!(numbers[..kept].is_sorted(), "round {round}: {numbers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acked_messages_survive_repeated_kills() {
    const ROUNDS: usize = 20;
    const SENDERS: usize = 50;
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(folder.path()).await;
    let owner = User::sign_up(process.address, "owner").await;
    let room = owner.create_room("lobby").await;
    let names = (0..SENDERS).map(|number| format!("sender{number}"));
    let mut senders = Vec::new();
    for name in names {
        let sender = User::sign_up(process.address, &name).await;
        sender.join(&room.code).await.expect(200);
        senders.push(sender);
    }
    let mut acked = 0;
    for round in 0..ROUNDS {
        let address = process.address;
        let (owner_now, now): (User, Vec<User>) = (
            owner.at(address),
            senders.iter().map(|sender| sender.at(address)).collect(),
        );
        let start = head(&owner_now, &room).await;
        let sockets = now.iter().step_by(2).map(User::connect);
        let sockets = join_all(sockets).await;
        let over_sockets = sockets
            .into_iter()
            .enumerate()
            .map(async |(number, (socket, _))| {
                over_a_socket(socket, &room, &format!("r{round}-s{}", 2 * number)).await
            });
        let posting = now.iter().skip(1).step_by(2).enumerate();
        let over_http = posting.map(async |(number, sender)| {
            over_http(sender, &room, &format!("r{round}-s{}", 2 * number + 1)).await
        });
        let bursts = join(join_all(over_sockets), join_all(over_http));
        let killed = async {
            // Never before the first of the burst is stored.
            while head(&owner_now, &room).await == start {}
            tokio::time::sleep(Duration::from_micros(random(400_000))).await;
            process.kill().await;
        };
        let ((by_socket, by_http), ()) = tokio::join!(bursts, killed);
        // In the order of the senders again: even ones over sockets, odd ones over HTTP.
        let sent = by_socket.into_iter().zip(by_http);
        let sent: Vec<Sent> = sent.flat_map(|(one, two)| [one, two]).collect();
        acked += sent.iter().map(|sender| sender.acked.len()).sum::<usize>();

        process = Process::start(folder.path()).await;
        let reader = owner.at(process.address);
        let by_key = stored(&reader, &room, start).await;
        holds(round, &sent, &by_key);

        // Everybody sends again what was not acked; what was stored all the same is not doubled.
        let again = join_all(sent.iter().zip(&senders).map(async |(sent, sender)| {
            let sender = sender.at(process.address);
            let acked: HashSet<_> = sent.acked.iter().map(|(key, _)| key).collect();
            let mut answers = Vec::new();
            for key in sent.keys.iter().filter(|key| !acked.contains(key)) {
                let path = format!("/api/rooms/{}/messages", room.id);
                let reply = sender.post(&path, json!({ "body": key, "key": key })).await;
                let known = by_key.get(key);
                let message = reply.expect(if known.is_some() { 200 } else { 201 });
                let seq = message["seq"].as_i64().unwrap();
                assert!(known.is_none_or(|known| *known == seq), "{key}: {message}");
                answers.push((key.clone(), seq));
            }
            answers
        }))
        .await;
        let by_key = stored(&reader, &room, start).await;
        holds(round, &sent, &by_key);
        for (key, seq) in again.into_iter().flatten() {
            assert_eq!(by_key.get(&key), Some(&seq), "{key}");
        }
        let keys: usize = sent.iter().map(|sender| sender.keys.len()).sum();
        assert_eq!(by_key.len(), keys, "round {round}: each message once");
    }
    let all = stored(&owner.at(process.address), &room, 0).await;
    assert!(
        all.len() >= acked && acked > ROUNDS,
        "{acked} acked, {} stored",
        all.len()
    );
    process.kill().await;
}

#[tokio::test]
async fn no_user_is_online_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path()).await;
    let (ana, ben) = (
        User::sign_up(process.address, "ana").await,
        User::sign_up(process.address, "ben").await,
    );
    let room = ana.create_room("lobby").await;
    ben.join(&room.code).await.expect(200);
    let path = format!("/api/users/{}", ben.id);
    let (socket, _) = ben.connect().await;
    let before = ana.get(&path).await.expect(200);
    assert_eq!(before["user"]["status"], "online", "{before}");
    process.kill().await;
    let Closed { code, .. } = socket.closed().await;
    assert_eq!(code, 1006);

    let process = Process::start(folder.path()).await;
    let ana = ana.at(process.address);
    let after = ana.get(&path).await.expect(200);
    assert_eq!(after["user"]["status"], "offline", "{after}");
    let seen = |profile: &Value| profile["user"]["last_seen"].as_str().unwrap().to_owned();
    assert!(seen(&after) >= seen(&before), "{before} {after}");
    let (_socket, ready) = ana.connect().await;
    assert_eq!(ready["rooms"][0]["online"], json!([ana.id]), "{ready}");
    process.kill().await;
}
