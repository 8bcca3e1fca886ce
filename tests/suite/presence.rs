//! Presence, and its delivery to others.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

use crate::support::{JsonSocket, TestServer, User, Wire, random, wire, within};

/// The next presence frame that names this user on this side.
async fn next_presence_of(socket: &mut JsonSocket, side: &str, user: &User) -> Value {
    loop {
        let frame = socket.next_of("presence").await;
        let named = frame[side].as_array().unwrap().iter();
        if let Some(entry) = named.clone().find(|entry| entry["id"] == user.id) {
            let mut entry = entry.clone();
            entry["online_count"] = frame["online_count"].clone();
            return entry;
        }
    }
}

async fn profile(of: &User, by: &User) -> Value {
    let profile = by.get(&format!("/api/users/{}", of.id)).await.expect(200);
    profile["user"].clone()
}

fn count_of(frames: &[Value], kind: &str) -> usize {
    frames.iter().filter(|frame| frame["type"] == kind).count()
}

#[tokio::test]
async fn user_is_online_from_first_connection_until_grace_ends() {
    let server = TestServer::start().await;
    let (_room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut watcher, _) = ana.connect().await;
    let before = profile(&ben, &ana).await;
    assert_eq!(before["status"], "offline", "{before}");
    let (first, _) = ben.connect().await;
    let came = next_presence_of(&mut watcher, "online", &ben).await;
    assert_eq!(came["online_count"], 2, "{came}");
    assert_eq!(profile(&ben, &ana).await["status"], "online");
    // Three tabs are one person.
    let (second, _) = ben.connect().await;
    let (third, _) = ben.connect().await;
    first.cut();
    second.cut();
    server
        .stats_become("two are gone", |stats| stats.connections == 2)
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let news = watcher.still_answers().await;
    assert_eq!(count_of(&news, "presence"), 0, "{news:?}");
    third.cut();
    let went = next_presence_of(&mut watcher, "offline", &ben).await;
    assert_eq!(went["online_count"], 1, "{went}");
    let after = profile(&ben, &ana).await;
    assert_eq!(after["status"], "offline", "{after}");
    assert_eq!(after["last_seen"], went["last_seen"]);
    let times = [&before, &after].map(|user| user["last_seen"].as_str().unwrap());
    assert!(times[0] < times[1], "{times:?}");
    server.stopped().await;
}

#[tokio::test]
async fn return_within_grace_period_is_not_announced() {
    let server = TestServer::with(|config| config.timing.presence_grace_ms = 60_000).await;
    let (_room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut watcher, _) = ana.connect().await;
    let (mut socket, _) = ben.connect().await;
    next_presence_of(&mut watcher, "online", &ben).await;
    for _ in 0..5 {
        socket.cut();
        server
            .stats_become("it is gone", |stats| stats.connections == 1)
            .await;
        assert_eq!(profile(&ben, &ana).await["status"], "online");
        (socket, _) = ben.connect().await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let news = watcher.still_answers().await;
    assert_eq!(count_of(&news, "presence"), 0, "{news:?}");
    server.stopped().await;
}

#[tokio::test]
async fn lost_connection_ends_in_offline() {
    let server = TestServer::with(|config| {
        (config.timing.heartbeat_ms, config.timing.silence_ms) = (100, 500);
    })
    .await;
    let (_room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    // Nothing is ever heard of this one again, not even that it is gone.
    let cable = Wire::open(server.address, "/ws", &ben.token).await;
    let (mut watcher, ready) = ana.connect().await;
    if !ready["rooms"][0]["online"]
        .as_array()
        .unwrap()
        .contains(&json!(ben.id))
    {
        next_presence_of(&mut watcher, "online", &ben).await;
    }
    let went = next_presence_of(&mut watcher, "offline", &ben).await;
    assert!(went["last_seen"].is_string(), "{went}");
    assert_eq!(profile(&ben, &ana).await["status"], "offline");
    drop(cable);
    server.stopped().await;
}

#[tokio::test]
async fn presence_events_are_limited_to_two_per_second() {
    const CROWD: usize = 100;
    let server = TestServer::with(|config| config.timing.presence_tick_ms = 500).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let crowd = server.users("crowd", CROWD).await;
    for user in &crowd {
        user.join(&room.code).await.expect(200);
    }
    let (mut watcher, _) = ana.connect().await;
    next_presence_of(&mut watcher, "online", &ana).await;
    let coming = tokio::spawn(async move {
        let mut present = VecDeque::new();
        for some in crowd.chunks(10) {
            present.push_back(join_all(some.iter().map(User::connect)).await);
            // Each stays for more than one tick: who is gone by the next one is no news.
            tokio::time::sleep(Duration::from_millis(100)).await;
            if present.len() > 7 {
                present.pop_front();
            }
        }
    });
    let (mut came, mut went) = (0, 0);
    let (mut frames, mut first) = (0_u32, None);
    let last = loop {
        let frame = watcher.next_of("presence").await;
        came += frame["online"].as_array().unwrap().len();
        went += frame["offline"].as_array().unwrap().len();
        let now = Instant::now();
        first.get_or_insert(now);
        frames += 1;
        if frame["online_count"] == 1 && coming.is_finished() {
            break now;
        }
    };
    assert!(came > CROWD / 2 && came == went, "{came} came, {went} went");
    let seconds = (last - first.unwrap()).as_secs_f64();
    assert!(
        f64::from(frames - 1) <= 2.0 * seconds + 0.5,
        "{frames} frames in {seconds} s"
    );
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_room_gets_counts_and_a_slice_of_names() {
    const CROWD: usize = 210;
    let server = TestServer::with(|config| config.timing.presence_tick_ms = 500).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let crowd = server.users("crowd", CROWD).await;
    join_all(
        crowd
            .iter()
            .map(async |user| user.join(&room.code).await.expect(200)),
    )
    .await;
    let (mut watcher, _) = ana.connect().await;
    let sockets = join_all(crowd.iter().map(User::connect)).await;
    loop {
        let frame = watcher.next_of("presence").await;
        let count = frame["online_count"].as_u64().unwrap();
        let named = frame["online"].as_array().unwrap().len();
        assert!(
            named <= 100 || count <= 200,
            "{count} online, {named} named"
        );
        if count == CROWD as u64 + 1 {
            break;
        }
    }
    let (_late, ready) = ana.connect().await;
    let shown = &ready["rooms"][0];
    assert_eq!(shown["member_count"], CROWD + 1);
    assert_eq!(shown["online_count"], CROWD + 1);
    assert_eq!(shown["online"].as_array().unwrap().len(), 100);
    for (socket, _) in sockets {
        socket.cut();
    }
    loop {
        let frame = watcher.next_of("presence").await;
        if frame["online_count"] == 1 {
            break;
        }
    }
    server.stopped().await;
}

/// Opens a socket, talks, and is cut wherever it is by then.
async fn cut_short(user: User, room: i64, path: String) {
    let patience = Duration::from_micros(random(40_000));
    let _ = timeout(patience, async {
        if random(4) == 0 {
            let stream = TcpStream::connect(user.address).await.unwrap();
            let request = wire::request(&path, &user.token);
            let some = usize::try_from(random(request.len() as u64)).unwrap();
            stream.writable().await.unwrap();
            let _ = stream.try_write(&request.as_bytes()[..some]);
            std::future::pending::<()>().await;
        }
        let mut socket = JsonSocket::open(user.address, &path, &user.token).await;
        for key in 0.. {
            let send =
                json!({ "type": "send", "key": format!("{key}"), "room_id": room, "body": "hi" });
            socket.send(send).await;
            socket.next().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_cut_connections_leave_no_state() {
    let server = TestServer::start().await;
    let (room, users) = server.room_of(["ana", "ben", "cid", "dan", "eve"]).await;
    let paths = ["/ws".to_owned(), format!("/ws/{}", room.id)];
    let mut left = 1000_usize;
    while left > 0 {
        let some = left.min(50);
        left -= some;
        join_all((0..some).map(|number| {
            let (user, path) = (&users[number % users.len()], &paths[number % 2]);
            cut_short(user.clone(), room.id, path.clone())
        }))
        .await;
    }
    server
        .stats_become("nothing is left", |stats| {
            (stats.rooms, stats.connections, stats.online) == (0, 0, 0)
        })
        .await;
    let [ana, ben, ..] = &users;
    assert_eq!(profile(ben, ana).await["status"], "offline");
    let (_socket, ready) = ana.connect().await;
    assert_eq!(ready["rooms"][0]["online"], json!([ana.id]), "{ready}");
    server.stopped().await;
}

#[tokio::test]
async fn no_user_is_online_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let long_grace = |config: &mut parlor::config::Config| config.timing.presence_grace_ms = 60_000;
    let server = TestServer::on(folder.path().to_owned(), long_grace).await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, _) = ben.connect().await;
    let before = profile(&ben, &ana).await;
    assert_eq!(before["status"], "online");
    let stopping = tokio::spawn(server.stopped());
    assert_eq!(socket.closed().await.code, 1012);
    within("the stop", stopping).await.unwrap();

    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let mut ana = ana;
    ana.address = server.address;
    let after = profile(&ben, &ana).await;
    assert_eq!(after["status"], "offline");
    assert!(
        after["last_seen"].as_str() > before["last_seen"].as_str(),
        "{before} {after}"
    );
    server.stopped().await;
}
