//! The index of searches: it comes to know what was said, forgets what went, and can be built anew.

use std::{path::Path, process::Output, time::Duration};

use sqlx::Connection;

use crate::{
    command_line::parlor,
    search::{assert_search, found, post_all},
    support::{TestServer, database, execute, within},
};

#[tokio::test]
async fn changes_without_indexer_are_indexed_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    post_all(&ana, &room, &["apples and pears", "plums"]).await;
    // Said in the last moment, so that the end of the server comes before the index.
    ana.send_message(&room, "cherries").await;
    server.stopped().await;
    execute(
        folder.path(),
        "update messages set body = 'oranges', edited_at = 1, rev = rev + 100 where body = 'apples and pears';
         update messages set body = '', deleted_at = 1, rev = rev + 100 where body = 'plums';
         update rooms set last_rev = (select max(rev) from messages where room_id = rooms.id);",
    )
    .await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let ana = ana.at(server.address);
    assert_search(&ana, "oranges", &["oranges"]).await;
    assert_search(&ana, "cherries", &["cherries"]).await;
    for q in ["apples", "plums", "pl"] {
        assert!(found(&ana, q).await.is_empty(), "{q}");
    }
    server.stopped().await;
    assert_eq!(left_in_index(folder.path(), "\"app\"").await, 0);
    assert_eq!(left_in_index(folder.path(), "\"plu\"").await, 0);
    assert_eq!(left_in_index(folder.path(), "\"ora\"").await, 1);
}

/// How many messages the index itself names for an expression.
async fn left_in_index(folder: &Path, expression: &str) -> i64 {
    let mut connection = database(folder).await;
    let query = "select count(*) from search_trigrams where search_trigrams match ?1";
    let count = sqlx::query_scalar(query).bind(expression);
    let count = count.fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

#[tokio::test]
async fn deleted_room_is_removed_from_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    let other = ana.create_room("other").await;
    post_all(&ana, &room, &["swordfish"]).await;
    post_all(&ana, &other, &["swordfish too"]).await;
    ana.delete(&format!("/api/rooms/{}", room.id))
        .await
        .expect(204);
    assert_eq!(found(&ana, "swordfish").await, ["swordfish too"]);
    server.stopped().await;
    // The deletion of rooms continues from the start of the server.
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    within("the messages to go", async {
        while left_in_index(folder.path(), "\"swo\"").await > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let ana = ana.at(server.address);
    assert_eq!(found(&ana, "swordfish").await, ["swordfish too"]);
    server.stopped().await;
}

#[tokio::test]
async fn flood_is_indexed_completely() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let quiet = ben.create_room("quiet").await;
    let sends = (0..1000).map(|n| {
        let (user, room) = (&ana, &room);
        async move {
            user.send_message(room, &format!("drop {n:04} of many"))
                .await
        }
    });
    let whisper = async {
        ben.send_message(&quiet, "a whisper").await;
        assert_search(&ben, "whisper", &["a whisper"]).await;
    };
    let flood = async {
        let mut sends: Vec<_> = sends.collect();
        while !sends.is_empty() {
            let some = sends.split_off(sends.len().saturating_sub(50));
            futures_util::future::join_all(some).await;
        }
    };
    tokio::join!(flood, whisper);
    for n in [0, 1, 499, 998, 999] {
        let body = format!("drop {n:04} of many");
        assert_search(&ana, &format!("{n:04}"), &[&body]).await;
    }
    server.stopped().await;
}

/// The program's `reindex` on that folder.
pub(crate) async fn reindex(folder: &Path) -> Output {
    let arguments = ["reindex", "--data", folder.to_str().unwrap()];
    let mut command = parlor(folder.parent().unwrap(), &arguments);
    within("the index", command.output()).await.unwrap()
}

#[tokio::test]
async fn index_can_be_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = TestServer::on(data.clone(), |_| {}).await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    post_all(&ana, &room, &["swordfish", "and chips"]).await;
    let in_use = reindex(&data).await;
    assert_eq!(in_use.status.code(), Some(1), "{in_use:?}");
    server.stopped().await;
    // A damaged index: what it says of one message is true of another.
    execute(
        &data,
        "delete from search_trigrams; delete from search_short;
         insert into search_trigrams(rowid, body) values (1099511627775, 'swordfish');",
    )
    .await;
    let done = reindex(&data).await;
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let words = String::from_utf8(done.stdout).unwrap();
    assert_eq!(words, "4 messages indexed\n");
    let server = TestServer::on(data.clone(), |_| {}).await;
    let ana = ana.at(server.address);
    for q in ["swordfish", "sw", "from:ana sword"] {
        assert_eq!(found(&ana, q).await, ["swordfish"], "{q}");
    }
    server.stopped().await;
    let missing = reindex(&folder.path().join("date")).await;
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(!folder.path().join("date").exists());
}

#[tokio::test]
async fn index_of_another_version_is_rebuilt_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, [ana, _]) = server.room_of(["ana", "ben"]).await;
    post_all(&ana, &room, &["swordfish"]).await;
    server.stopped().await;
    execute(
        folder.path(),
        "drop trigger search_forgets; drop table search_trigrams; update search_shape set version = 0;",
    )
    .await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    assert_search(&ana.at(server.address), "swordfish", &["swordfish"]).await;
    server.stopped().await;
}
