//! Clients that know the numbers of a history from before a backup was restored.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sqlx::Connection;

use crate::{
    command_line::{parlor, refusal},
    support::{JsonSocket, Terminal, TestServer, User, database},
};

async fn epoch_of(server: &TestServer) -> String {
    let about = server.get("/api/server").await.expect(200);
    about["epoch"].as_str().unwrap().to_owned()
}

/// The status and the code with which a JSON socket is refused, if it is.
async fn refused(user: &User, path: &str) -> Option<(u16, String)> {
    let response = JsonSocket::attempt(user.address, path, &user.token)
        .await
        .err()?;
    let body = response.body().as_deref().unwrap_or_default();
    let problem: Value = serde_json::from_slice(body).unwrap();
    let code = problem["code"].as_str().unwrap().to_owned();
    Some((response.status().as_u16(), code))
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) async fn new_epoch(folder: &Path) -> String {
    let output = parlor(folder, &["new-epoch"]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let words = String::from_utf8(output.stdout).unwrap();
    words.trim().rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn epoch_is_announced_in_ready_synced_and_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let epoch = epoch_of(&server).await;
    assert_eq!(epoch.len(), 32, "{epoch}");
    assert!(
        epoch.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{epoch}"
    );
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (mut socket, ready) = ana.connect().await;
    assert_eq!(ready["epoch"], epoch);
    socket
        .send(json!({ "type": "sync", "epoch": epoch, "rooms": { room.id.to_string(): 0 } }))
        .await;
    assert_eq!(socket.next_of("synced").await["epoch"], epoch);
    drop(socket);
    server.stopped().await;

    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    assert_eq!(epoch_of(&server).await, epoch, "it stays");
    let other = TestServer::start().await;
    assert_ne!(epoch_of(&other).await, epoch, "each has its own");
    other.stopped().await;
    server.stopped().await;
}

#[tokio::test]
async fn other_epoch_is_answered_with_epoch_changed() {
    let server = TestServer::start().await;
    let epoch = epoch_of(&server).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let stranger = server.user("stranger").await;
    let other = "00000000000000000000000000000000";
    let messages = format!("/api/rooms/{}/messages", room.id);
    for query in [
        "limit=10",
        "changed_since=0",
        "after=0",
        "before=5",
        "limit=50",
    ] {
        ana.get(&format!("{messages}?{query}&epoch={epoch}"))
            .await
            .expect(200);
        let path = format!("{messages}?{query}&epoch={other}");
        ana.get(&path).await.refused(409, "epoch_changed");
        stranger.get(&path).await.refused(404, "not_found");
    }

    let one = format!("/ws/{}", room.id);
    let same = format!("{one}/{}", ana.id);
    let told = Some((409, "epoch_changed".to_owned()));
    for path in ["/ws", &one, &same] {
        assert_eq!(
            refused(&ana, &format!("{path}?epoch={other}")).await,
            told,
            "{path}"
        );
        assert_eq!(
            refused(&ana, &format!("{path}?epoch={epoch}")).await,
            None,
            "{path}"
        );
    }
    let hidden = Some((404, "not_found".to_owned()));
    assert_eq!(
        refused(&stranger, &format!("{one}?epoch={other}")).await,
        hidden
    );

    let (mut socket, _) = ana.connect().await;
    socket
        .send(json!({ "type": "sync", "epoch": other, "rooms": { room.id.to_string(): 0 } }))
        .await;
    let frame = socket.next().await;
    assert_eq!(
        (&frame["type"], &frame["code"]),
        (&json!("error"), &json!("epoch_changed")),
        "{frame}"
    );
    assert!(socket.still_answers().await.is_empty(), "nothing is synced");
    server.stopped().await;
}

#[tokio::test]
async fn number_ahead_of_the_head_is_answered_with_epoch_changed() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let last = ana.send_message(&room, "tea").await;
    let (seq, rev) = (last["seq"].as_i64().unwrap(), last["rev"].as_i64().unwrap());
    let messages = format!("/api/rooms/{}/messages", room.id);
    for (name, head) in [("after", seq), ("changed_since", rev)] {
        let page = ana
            .get(&format!("{messages}?{name}={head}"))
            .await
            .expect(200);
        assert_eq!(page["items"], json!([]), "{name}");
        let ahead = format!("{messages}?{name}={}", head + 1);
        ana.get(&ahead).await.refused(409, "epoch_changed");
    }
    // These do not say that the client has anything; and a receipt ends at the head.
    for name in ["before", "around"] {
        ana.get(&format!("{messages}?{name}=99")).await.expect(200);
    }
    let receipt = ana
        .put(
            &format!("/api/rooms/{}/read", room.id),
            json!({ "seq": 99 }),
        )
        .await;
    assert_eq!(receipt.expect(200)["read_seq"], seq);

    // A room that is behind does not keep others from being synced.
    let other = ana.create_room("other").await;
    let (mut socket, _) = ana.connect().await;
    let rooms = json!({ room.id.to_string(): rev + 1, other.id.to_string(): 0 });
    socket.send(json!({ "type": "sync", "rooms": rooms })).await;
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let frame = socket.next().await;
        if frame["type"] == "error" || frame["type"] == "synced" {
            answers.push((
                frame["room_id"].clone(),
                frame["type"].clone(),
                frame["code"].clone(),
            ));
        }
    }
    assert!(
        answers.contains(&(json!(room.id), json!("error"), json!("epoch_changed"))),
        "{answers:?}"
    );
    assert!(
        answers.contains(&(json!(other.id), json!("synced"), Value::Null)),
        "{answers:?}"
    );
    // The room is live as before.
    let next = ana.send_message(&room, "more tea").await;
    assert_eq!(socket.next_of("message").await["rev"], next["rev"]);
    server.stopped().await;
}

#[tokio::test]
async fn terminal_shows_the_epoch_change_and_continues() {
    let server = TestServer::start().await;
    let epoch = epoch_of(&server).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for body in ["first", "second", "third"] {
        ana.send_message(&room, body).await;
    }
    let told = async |mut terminal: Terminal, live: &str| {
        terminal.next_with("! epoch_changed").await;
        ana.send_message(&room, live).await;
        terminal.next().await
    };
    let ahead = ana.terminal(&room, "?since=99").await;
    assert!(told(ahead, "live one").await.ends_with("live one"));
    let other = ana.terminal(&room, "?since=2&epoch=another").await;
    assert!(told(other, "live two").await.ends_with("live two"));
    // History by count belongs to the present history.
    let counted = ana.terminal(&room, "?since=99&history=1").await;
    assert!(told(counted, "live three").await.ends_with("live two"));
    let mut same = ana
        .terminal(&room, &format!("?since=2&epoch={epoch}"))
        .await;
    let banner = same.next_with("#lobby").await;
    assert!(!banner.contains("epoch"), "{banner}");
    assert!(same.next().await.ends_with("second"));
    // The head itself is not ahead of it.
    let mut head = ana.terminal(&room, "?since=7").await;
    head.next_with("#lobby").await;
    ana.send_message(&room, "live four").await;
    assert!(head.next().await.ends_with("live four"));
    server.stopped().await;
}

#[tokio::test]
async fn new_epoch_command_renews_the_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let words = refusal(parlor(folder.path(), &["new-epoch"]), 1).await;
    assert!(
        words.contains("there is no data/parlor.db")
            || words.contains("there is no ./data/parlor.db"),
        "{words}"
    );
    assert!(!data.exists(), "nothing is made by asking");

    let server = TestServer::on(data.clone(), |_| {}).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    ana.send_message(&room, "kept").await;
    server.stopped().await;
    copy(&data, &backup);
    let server = TestServer::on(data.clone(), |_| {}).await;
    let ana = ana.at(server.address);
    let lost = ana.send_message(&room, "lost").await;
    let before = epoch_of(&server).await;
    // It would go on announcing the old one.
    let words = refusal(parlor(folder.path(), &["new-epoch"]), 1).await;
    assert!(
        words.contains("another Parlor uses the data folder"),
        "{words}"
    );
    server.stopped().await;

    fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);
    let renewed = new_epoch(folder.path()).await;
    assert_ne!(renewed, before);
    let server = TestServer::on(data.clone(), |_| {}).await;
    assert_eq!(epoch_of(&server).await, renewed);
    let ana = ana.at(server.address);
    // The numbers are used again, so that they alone would not tell.
    let new = ana.send_message(&room, "said instead").await;
    assert_eq!((&new["seq"], &new["rev"]), (&lost["seq"], &lost["rev"]));
    let since = format!(
        "/api/rooms/{}/messages?changed_since={}",
        room.id, lost["rev"]
    );
    ana.get(&since).await.expect(200);
    ana.get(&format!("{since}&epoch={before}"))
        .await
        .refused(409, "epoch_changed");
    server.stopped().await;
}

#[tokio::test]
async fn new_epoch_command_refuses_another_schema_version() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    TestServer::on(data.clone(), |_| {}).await.stopped().await;
    for (change, words) in [
        (
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             values (9999, 'the future', true, x'00', 0)",
            "use the newer program",
        ),
        (
            "delete from _sqlx_migrations where version >= 15",
            "start the server of this version once",
        ),
    ] {
        let mut database = database(&data).await;
        sqlx::query(change).execute(&mut database).await.unwrap();
        let epoch: String = sqlx::query_scalar("select id from epoch")
            .fetch_one(&mut database)
            .await
            .unwrap();
        let said = refusal(parlor(folder.path(), &["new-epoch"]), 1).await;
        assert!(said.contains(words), "{said}");
        let kept: String = sqlx::query_scalar("select id from epoch")
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(kept, epoch);
        database.close().await.unwrap();
    }
}
