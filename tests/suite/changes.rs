//! Messages changed since a `rev`, however often each was changed.

use std::path::Path;

use parlor::{
    domain::{Rev, RoomId, UserId},
    store::{PageLimit, Store, StoreOptions},
};
use serde_json::{Value, json};

use crate::{
    search::found,
    search_index::reindex,
    support::{Room, TestServer, User, keys, within},
};

/// Numbers that look like chance and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// Says something or changes what was said, so many times. What changes is mostly of late, or any.
async fn live(ana: &User, room: &Room, seqs: &mut Vec<i64>, times: usize, chance: &mut Chance) {
    for n in 0..times {
        if seqs.is_empty() || chance.below(10) < 5 {
            let said = ana.send_message(room, &format!("message {n}")).await;
            seqs.push(said["seq"].as_i64().unwrap());
            continue;
        }
        let reach = if chance.below(2) == 0 { 3 } else { seqs.len() };
        let seq = seqs[seqs.len() - 1 - chance.below(reach.min(seqs.len()))];
        let path = format!("/api/rooms/{}/messages/{seq}", room.id);
        let reply = match chance.below(2) {
            0 => {
                ana.patch(&path, json!({ "body": format!("edit {n}") }))
                    .await
            }
            _ => {
                ana.put(
                    &format!("{path}/reactions/{}", ["👍", "🎉"][n % 2]),
                    json!({}),
                )
                .await
            }
        };
        assert!(reply.status < 300, "{}", reply.text);
    }
}

/// Asks for the changes behind every rev, in pages of all sizes, and how many they are.
pub(crate) async fn compare(folder: &Path, room: &Room, ana: &User, all: &[Value]) {
    let options = StoreOptions {
        path: folder.join("parlor.db"),
        write_queue: 8,
        rooms_per_user: 8,
        max_mb: 0,
    };
    let (store, commits) = Store::open(options).await.unwrap();
    let (room, ana) = (RoomId(room.id), UserId(ana.id));
    let mut revs: Vec<_> = all
        .iter()
        .map(|item| item["rev"].as_i64().unwrap())
        .collect();
    revs.sort_unstable();
    let head = *revs.last().unwrap();
    for after in 0..=head + 2 {
        let behind: Vec<_> = revs.iter().copied().filter(|rev| *rev > after).collect();
        // In one row, row by row, and as it is kept for others.
        for messages in [1, 2, 7, 31, 63, 70, 256, 1000] {
            let most = PageLimit {
                messages,
                bytes: 1 << 20,
            };
            let changes = store.changed_since(room, ana, Rev(after), most).await;
            let changes = changes.unwrap().unwrap();
            let found: Vec<_> = changes.items.iter().map(|message| message.rev.0).collect();
            let wanted = usize::try_from(messages).unwrap().min(behind.len());
            assert_eq!(found, behind[..wanted], "{messages} behind {after}");
            assert_eq!(
                changes.has_after,
                wanted < behind.len(),
                "{messages} behind {after}"
            );
            assert_eq!(changes.head.rev.0, head);
            let distance = store.lag(room, ana, Rev(after), messages).await;
            let beyond = i64::try_from(behind.len()).unwrap() > messages;
            assert_eq!(
                distance.unwrap().unwrap().exceeds_limit,
                beyond,
                "{messages} behind {after}"
            );
        }
    }
    drop(commits);
    store.close().await;
}

#[tokio::test]
async fn changes_after_every_rev_are_found() {
    for seed in 1..=3 {
        let folder = tempfile::tempdir().unwrap();
        let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
        let ana = server.user("ana").await;
        let room = ana.create_room("hall").await;
        let (mut seqs, mut chance) = (Vec::new(), Chance(seed));
        live(&ana, &room, &mut seqs, 120, &mut chance).await;
        let all = ana.history(&room).await;
        server.stopped().await;
        compare(folder.path(), &room, &ana, &all).await;

        // And it goes on from there.
        let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
        let ana = ana.at(server.address);
        live(&ana, &room, &mut seqs, 60, &mut chance).await;
        let all = ana.history(&room).await;
        server.stopped().await;
        compare(folder.path(), &room, &ana, &all).await;
    }
}

/// Reads all changes behind a rev as a client does, page by page, and answers their revs.
async fn paged(user: &User, room: &Room, after: i64, limit: usize) -> Vec<i64> {
    let mut revs = vec![after];
    loop {
        let path = format!(
            "/api/rooms/{}/messages?changed_since={}&limit={limit}",
            room.id,
            revs.last().unwrap()
        );
        let page = user.get(&path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{path}");
        revs.extend(items.iter().map(|item| item["rev"].as_i64().unwrap()));
        if page["has_after"] == false {
            revs.remove(0);
            return revs;
        }
        assert!(!items.is_empty(), "{path}: no way on");
    }
}

#[tokio::test]
async fn page_contains_unchanged_messages_between_changed_ones() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TestServer::on(data.clone(), |_| {}).await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    // Long stretches of ben's that are deleted afterwards, and somebody else's words few and far between.
    let (mut socket, _) = ben.connect().await;
    let mut gone = Vec::new();
    for (part, count) in [(0, 2500), (1, 40)] {
        let acks = socket
            .flood(&room, &keys(&format!("p{part}"), count), "mine")
            .await;
        gone.extend(acks.iter().map(|ack| ack["seq"].as_i64().unwrap()));
        ana.send_message(&room, &format!("needle {part}")).await;
    }
    for some in gone.chunks(100) {
        for seq in some {
            let delete =
                json!({ "type": "delete", "key": seq.to_string(), "room_id": room.id, "seq": seq });
            socket.send(delete).await;
        }
        for _ in some {
            let ack = socket.answer().await;
            assert_eq!(ack["type"], "ack", "{ack}");
        }
    }
    drop(socket);
    let all = ana.history(&room).await;
    let mut revs: Vec<_> = all.iter().map(|one| one["rev"].as_i64().unwrap()).collect();
    revs.sort_unstable();
    pages_hold(&ana, &room, &revs).await;
    server.stopped().await;

    // The index of searches comes past it, too.
    let done = reindex(&data).await;
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let server = TestServer::on(data, |_| {}).await;
    let ana = ana.at(server.address);
    pages_hold(&ana, &room, &revs).await;
    assert_eq!(found(&ana, "needle").await, ["needle 1", "needle 0"]);
    server.stopped().await;
}

/// Compares pages of changes with the revs that there are.
async fn pages_hold(ana: &User, room: &Room, revs: &[i64]) {
    let head = *revs.last().unwrap();
    for (after, limit) in [
        (0, 200),
        (1, 200),
        (3, 50),
        (1100, 200),
        (2300, 200),
        (2502, 31),
        (head - 900, 7),
        (head - 50, 1),
        (head, 1),
    ] {
        let behind: Vec<_> = revs.iter().copied().filter(|rev| *rev > after).collect();
        assert_eq!(
            within("the pages", paged(ana, room, after, limit)).await,
            behind,
            "{limit} behind {after}"
        );
    }
    // A small page each from where nothing is left for hundreds of messages.
    for after in (0..2700).step_by(100) {
        let path = format!(
            "/api/rooms/{}/messages?changed_since={after}&limit=1",
            room.id
        );
        let page = within("the page", ana.get(&path)).await.expect(200);
        let next = revs.iter().find(|rev| **rev > after);
        assert_eq!(page["items"][0]["rev"].as_i64(), next.copied(), "{path}");
    }
}
