//! Killed with -9 in the middle of a burst, again and again: what was acked is there.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    task::JoinSet,
};

use crate::support::{JsonSocket, Reply, Room, User, within};

const SENDERS: usize = 50;
const ROUNDS: u32 = 20;

/// What was acked: the message's number by sender and key.
type Acked = Arc<Mutex<HashMap<(i64, String), i64>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acked_message_survives_kill_9_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, address) = launch(folder.path()).await;
    let owner = User::sign_up(address, "owner").await;
    let room = owner.create_room("lobby").await;
    let mut senders = Vec::new();
    for number in 0..SENDERS {
        let sender = User::sign_up(address, &format!("sender{number}")).await;
        sender.join(&room.code).await.expect(200);
        senders.push(sender);
    }

    let acked = Acked::default();
    for round in 0..ROUNDS {
        let mut burst = JoinSet::new();
        for (number, sender) in senders.iter().enumerate() {
            let (mut sender, room, acked) = (sender.clone(), room.clone(), acked.clone());
            sender.address = address;
            if number % 5 == 0 {
                burst.spawn(async move { post_until_killed(&sender, &room, round, &acked).await });
            } else {
                burst.spawn(async move { send_until_killed(&sender, &room, round, &acked).await });
            }
        }
        // Another moment of the burst each round: once so many are acked, and a little later.
        let enough = acked.lock().unwrap().len() + 20 + 37 * (round as usize % 7);
        within("acks", async {
            while acked.lock().unwrap().len() < enough {
                tokio::time::sleep(Duration::from_micros(u64::from(200 + 130 * round))).await;
            }
        })
        .await;
        server.kill().await.unwrap();
        while burst.join_next().await.is_some() {}

        let (again, new_address) = launch_at(folder.path(), address).await;
        assert_eq!(new_address, address);
        server = again;
        check(&owner, &room, &acked).await;
    }
    // A client that does not know whether its last message got through sends it again.
    let keys: Vec<_> = acked
        .lock()
        .unwrap()
        .iter()
        .map(|(key, seq)| (key.clone(), *seq))
        .take(20)
        .collect();
    for ((author, key), seq) in keys {
        let sender = senders.iter().find(|sender| sender.id == author).unwrap();
        let body = json!({ "body": key, "key": key });
        let again = sender
            .post(&format!("/api/rooms/{}/messages", room.id), body)
            .await
            .expect(200);
        assert_eq!(again["seq"], seq);
    }
    server.kill().await.unwrap();
}

/// A socket that keeps several messages under way and notes each ack.
async fn send_until_killed(sender: &User, room: &Room, round: u32, acked: &Acked) {
    let path = format!("/ws/{}", room.id);
    let Some(mut socket) = JsonSocket::try_open(sender.address, &path, &sender.token).await else {
        return;
    };
    let (mut sent, mut under_way) = (0, 0);
    loop {
        while under_way < 4 {
            let key = format!("r{round}-{sent:06}");
            if socket.try_say(room, &key, &key).await.is_err() {
                return;
            }
            (sent, under_way) = (sent + 1, under_way + 1);
        }
        let Some(frame) = socket.try_next().await else {
            return;
        };
        if frame["type"] == "ack" {
            under_way -= 1;
            let key = frame["key"].as_str().unwrap().to_owned();
            acked
                .lock()
                .unwrap()
                .insert((sender.id, key), frame["seq"].as_i64().unwrap());
        }
    }
}

async fn post_until_killed(sender: &User, room: &Room, round: u32, acked: &Acked) {
    for sent in 0.. {
        let key = format!("r{round}-{sent:06}");
        let path = format!("/api/rooms/{}/messages", room.id);
        let request = sender
            .request(reqwest::Method::POST, &path)
            .json(&json!({ "body": key, "key": key }));
        let Some(reply) = Reply::try_of(request).await else {
            return;
        };
        let seq = reply.expect(201)["seq"].as_i64().unwrap();
        acked.lock().unwrap().insert((sender.id, key), seq);
    }
}

/// Every acked message once, under its number; no gap; each sender's in the order of sending.
async fn check(owner: &User, room: &Room, acked: &Acked) {
    let history = owner.history(room).await;
    let mut keys = HashSet::new();
    let mut last: BTreeMap<i64, String> = BTreeMap::new();
    let mut by_key = HashMap::new();
    for (at, message) in history.iter().enumerate() {
        let number = i64::try_from(at).unwrap() + 1;
        assert_eq!(
            (&message["seq"], &message["rev"]),
            (&json!(number), &json!(number)),
            "a gap: {message}"
        );
        let Some(key) = message["key"].as_str() else {
            continue;
        };
        let author = message["author"]["id"].as_i64().unwrap();
        assert_eq!(message["body"], key);
        assert!(keys.insert((author, key.to_owned())), "twice: {message}");
        by_key.insert((author, key.to_owned()), number);
        // "r10-…" comes after "r9-…": compare round and count as numbers.
        if let Some(before) = last.insert(author, key.to_owned()) {
            assert!(
                order(&before) < order(key),
                "out of order: {before} before {message}"
            );
        }
    }
    for (key, seq) in acked.lock().unwrap().iter() {
        assert_eq!(by_key.get(key), Some(seq), "acked and lost: {key:?}");
    }
    let head = owner
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert_eq!(head["head"]["seq"], json!(history.len()));
}

fn order(key: &str) -> (u32, u32) {
    let (round, sent) = key.trim_start_matches('r').split_once('-').unwrap();
    (round.parse().unwrap(), sent.parse().unwrap())
}

async fn launch(folder: &Path) -> (Child, SocketAddr) {
    launch_at(folder, "127.0.0.1:0".parse().unwrap()).await
}

/// The real binary; answers once it is ready.
async fn launch_at(folder: &Path, listen: SocketAddr) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_parlor"))
        .args([
            "--listen",
            &listen.to_string(),
            "--data",
            &folder.display().to_string(),
        ])
        .args(["--set", "limits.rates=false"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = within("the banner", async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, rest)) = line.split_once("http://") {
                return rest.trim_end_matches('/').parse().unwrap();
            }
        }
        panic!("the server ended without a banner");
    })
    .await;
    (child, address)
}
