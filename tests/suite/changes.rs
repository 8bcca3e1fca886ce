//! What has changed in a room since a rev, whatever has been changed how often: also in a database that an
//! older version wrote.

use std::path::Path;

use parlor::{
    domain::{Rev, RoomId, UserId},
    store::{Most, Store, StoreOptions},
};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

use crate::support::{Room, TestServer, User};

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
            let said = ana.say(room, &format!("message {n}")).await;
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
async fn compare(folder: &Path, room: &Room, ana: &User, all: &[Value]) {
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
            let most = Most {
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
            let distance = store.distance(room, ana, Rev(after), messages).await;
            let beyond = i64::try_from(behind.len()).unwrap() > messages;
            assert_eq!(
                distance.unwrap().unwrap().beyond,
                beyond,
                "{messages} behind {after}"
            );
        }
    }
    drop(commits);
    store.close().await;
}

/// Makes the database what it was before a message knew the rev it came with.
async fn make_old(folder: &Path) {
    let mut database = SqliteConnectOptions::new()
        .filename(folder.join("parlor.db"))
        .connect()
        .await
        .unwrap();
    for statement in [
        "drop index messages_changed",
        "alter table messages drop column first_rev",
        "create unique index messages_by_rev on messages (room_id, rev)",
        "drop table message_keys",
        "drop table keys_kept",
        "create unique index messages_by_key on messages (room_id, author_id, key) where key is not null",
        "delete from _sqlx_migrations where version >= 9",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
}

#[tokio::test]
async fn changes_are_found_behind_every_rev() {
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

        make_old(folder.path()).await;
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
