//! Background deletion: complete, in slices, and independent of failures elsewhere.

use std::{path::Path, time::Duration};

use parlor::{
    domain::Timestamp,
    store::{Store, StoreOptions},
};
use sqlx::SqliteConnection;

use crate::support::{TestServer, database, within};

const DEAD_LOGINS: &str = "select count(*) from sessions where ended_at = 1";
const EXPIRED_LOGINS: &str =
    "select count(*) from sessions where expires_at = 1 and ended_at is null";
const MESSAGES: &str = "select count(*) from messages where room_id = 999";
const ROOMS: &str = "select count(*) from rooms where id = 999";

/// 250 of each: logins that ended long ago, logins that ran out, messages of a deleted room.
async fn insert_expired_rows(folder: &Path) -> SqliteConnection {
    let server = TestServer::on(folder.to_owned(), |_| {}).await;
    server.user("ana").await;
    server.stopped().await;
    let mut database = database(folder).await;
    for statement in [
        "insert into rooms (id, name, kind, created_at, deleted_at) values (999, 'gone', 'private', 0, 1)",
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 250)
         insert into messages (room_id, seq, rev, kind, author_id, body, text_count, created_at)
         select 999, i, i, 'text', 1, 'x', i, 0 from n",
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 250)
         insert into sessions (user_id, generation, created_at, last_used_at, expires_at, ended_at, user_agent, address)
         select 1, 0, 0, 0, 2, 1, '', '' from n
         union all select 1, 0, 0, 0, 1, null, '', '' from n",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    database
}

async fn count(database: &mut SqliteConnection, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(database).await.unwrap()
}

#[tokio::test]
async fn janitor_transactions_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut database = insert_expired_rows(folder.path()).await;
    let options = StoreOptions {
        path: folder.path().join("parlor.db"),
        write_queue: 8,
        rooms_per_user: 8,
        max_mb: 0,
    };
    let (store, commits) = Store::open(options).await.unwrap();
    let now = Timestamp::now();
    for (left, more) in [(150, true), (50, true), (0, false)] {
        assert_eq!(store.expire_sessions(now, 100).await.unwrap(), more);
        assert_eq!(count(&mut database, EXPIRED_LOGINS).await, left);
        assert_eq!(
            store.forget_sessions(Timestamp(2), 100).await.unwrap(),
            more
        );
        assert_eq!(count(&mut database, DEAD_LOGINS).await, left);
    }
    // The room itself goes last.
    for left in [150, 50, 0, 0] {
        assert_eq!(count(&mut database, ROOMS).await, 1);
        assert!(store.purge_deleted_rooms(100).await.unwrap());
        assert_eq!(count(&mut database, MESSAGES).await, left);
    }
    assert_eq!(count(&mut database, ROOMS).await, 0);
    assert!(!store.purge_deleted_rooms(100).await.unwrap());
    drop(commits);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_sweep_does_not_stop_the_others() {
    for (failing, query) in [
        ("delete on sessions", DEAD_LOGINS),
        ("update on sessions", EXPIRED_LOGINS),
        ("delete on messages", MESSAGES),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut database = insert_expired_rows(folder.path()).await;
        let fault =
            format!("create trigger fault before {failing} begin select raise(abort, 'no'); end");
        sqlx::query(sqlx::AssertSqlSafe(fault))
            .execute(&mut database)
            .await
            .unwrap();
        let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
        for other in [DEAD_LOGINS, EXPIRED_LOGINS, MESSAGES] {
            if other == query {
                continue;
            }
            within(other, async {
                while count(&mut database, other).await > 0 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
            .await;
        }
        assert_eq!(count(&mut database, query).await, 250, "{failing}");
        server.stopped().await;
    }
}
