//! Who is online, and never wrong about it.

use std::{collections::HashSet, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{JsonSocket, TestServer, User, within};

/// Waits for a presence frame in which `user` is in `list`.
async fn told(socket: &mut JsonSocket, list: &str, user: &User) -> Value {
    loop {
        let frame = socket.next_of("presence").await;
        let found = frame[list]
            .as_array()
            .unwrap()
            .iter()
            .find(|who| who["id"] == user.id)
            .cloned();
        if let Some(who) = found {
            return who;
        }
    }
}

async fn profile(reader: &User, of: &User) -> Value {
    reader
        .get(&format!("/api/users/{}", of.id))
        .await
        .expect(200)["user"]
        .take()
}

#[tokio::test]
async fn online_with_the_first_connection_and_offline_after_the_last() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut watch, ready) = ana.connect().await;
    assert_eq!(ready["rooms"][0]["online"], json!([ana.id]));
    assert_eq!(profile(&ana, &ben).await["status"], "offline");

    let (one, _) = ben.connect().await;
    told(&mut watch, "online", &ben).await;
    let before = profile(&ana, &ben).await;
    assert_eq!(before["status"], "online");
    let (two, _) = ben.connect().await;
    let (three, _) = ben.connect().await;
    one.cut();
    two.cut();
    server
        .stats_become("two of four are cut", |stats| stats.connections == 2)
        .await;
    assert_eq!(profile(&ana, &ben).await["status"], "online");
    three.cut();
    let went = told(&mut watch, "offline", &ben).await;
    let after = profile(&ana, &ben).await;
    assert_eq!(
        (&after["status"], &after["last_seen"]),
        (&json!("offline"), &went["last_seen"])
    );
    assert!(
        after["last_seen"].as_str() > before["last_seen"].as_str(),
        "{before} {after}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn a_pulled_cable_is_noticed_by_silence() {
    let server = TestServer::with(|config| {
        config.timing.heartbeat_ms = 100;
        config.timing.silence_ms = 400;
    })
    .await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut watch, _) = ana.connect().await;
    // A socket that is open and never read: no close, no pong, nothing.
    let (silent, _) = ben.connect().await;
    told(&mut watch, "online", &ben).await;
    told(&mut watch, "offline", &ben).await;
    drop(silent);
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_is_told_at_most_twice_a_second() {
    let server = TestServer::with(|config| {
        config.timing.presence_tick_ms = 500;
        config.timing.presence_grace_ms = 0;
    })
    .await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut crowd = Vec::new();
    for number in 0..20 {
        let user = server.user(&format!("user{number}")).await;
        user.join(&room.code).await.expect(200);
        crowd.push(user);
    }
    let (mut watch, _) = ana.connect().await;
    let began = Instant::now();
    let coming = tokio::spawn(async move {
        while began.elapsed() < Duration::from_secs(3) {
            for user in &crowd {
                user.connect().await.0.cut();
            }
        }
    });
    let mut frames: u32 = 0;
    let counting = async {
        loop {
            watch.next_of("presence").await;
            frames += 1;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(3), counting).await;
    coming.await.unwrap();
    // The first at once, then one every half second.
    assert!((2..=8).contains(&frames), "{frames} presence frames in 3 s");
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_room_shows_counts_and_a_slice_of_names() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut crowd = Vec::new();
    for number in 0..210 {
        let user = server.user(&format!("user{number}")).await;
        user.join(&room.code).await.expect(200);
        crowd.push(user);
    }
    let mut sockets = Vec::new();
    for user in &crowd {
        sockets.push(user.connect().await.0);
    }
    let (_socket, ready) = ana.connect().await;
    let seen = &ready["rooms"][0];
    assert_eq!(seen["member_count"], 211);
    assert_eq!(seen["online_count"], 211);
    assert_eq!(seen["online"].as_array().unwrap().len(), 100);
    // The whole list is to be had in pages.
    let mut names = HashSet::new();
    let mut after = 0;
    loop {
        let page = ana
            .get(&format!(
                "/api/rooms/{}/members?after={after}&limit=150",
                room.id
            ))
            .await
            .expect(200);
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item["user"]["status"], "online", "{item}");
            after = item["user"]["id"].as_i64().unwrap();
            names.insert(after);
        }
        if page["has_after"] == false {
            break;
        }
    }
    assert_eq!(names.len(), 211);
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_aborted_connections_leave_nobody_online_and_no_room_in_memory() {
    let server = TestServer::start().await;
    let (room, users) = server.room_of(["ana", "ben", "cora", "dan"]).await;
    let mut aborted = tokio::task::JoinSet::new();
    for number in 0_u64..1_000 {
        let user = users[usize::try_from(number % 4).unwrap()].clone();
        let room = room.clone();
        let task = tokio::spawn(async move {
            let path = if number % 3 == 0 {
                "/ws".to_owned()
            } else {
                format!("/ws/{}", room.id)
            };
            if let Some(mut socket) = JsonSocket::try_open(user.address, &path, &user.token).await {
                for sent in 0..50 {
                    let key = format!("{number}-{sent}");
                    if socket.try_say(&room, &key, "x").await.is_err()
                        || socket.try_next().await.is_none()
                    {
                        return;
                    }
                }
            }
        });
        // Anywhere from before the handshake to the middle of the talk.
        aborted.spawn(async move {
            tokio::time::sleep(Duration::from_micros(number * 7_919 % 60_000)).await;
            task.abort();
            let _ = task.await;
        });
        if number % 50 == 49 {
            while aborted.join_next().await.is_some() {}
        }
    }
    let empty = server.stats_become("all is empty", |stats| {
        (stats.rooms, stats.connections, stats.online) == (0, 0, 0)
    });
    empty.await;
    for user in &users {
        assert_eq!(profile(user, user).await["status"], "offline");
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_restart_begins_with_nobody_online() {
    let folder = tempfile::tempdir().unwrap();
    let long_grace = |config: &mut parlor::config::Config| config.timing.presence_grace_ms = 60_000;
    let server = TestServer::on(folder.path().to_owned(), long_grace).await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, _) = ben.connect().await;
    let before = profile(&ana, &ben).await;
    assert_eq!(before["status"], "online");
    let stopping = tokio::spawn(server.stopped());
    assert_eq!(socket.closed().await.code, 1012);
    within("the stop", stopping).await.unwrap();

    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let mut ana = ana;
    ana.address = server.address;
    let after = profile(&ana, &ben).await;
    assert_eq!(after["status"], "offline");
    assert!(
        after["last_seen"].as_str() > before["last_seen"].as_str(),
        "{before} {after}"
    );
    server.stopped().await;
}
