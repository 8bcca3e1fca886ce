//! Dates, times and addresses as a terminal shows them.

use std::path::Path;

use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    files::sent,
    support::{PASSWORD, Room, Terminal, TestServer, User, database, within},
};

/// Messages around the night of 29 March 2026, when summer time begins in Berlin.
const NIGHT: [(&str, &str, &str); 4] = [
    (
        "2026-03-28T22:59:00Z",
        "2026-03-28 22:59",
        "2026-03-28 23:59",
    ),
    (
        "2026-03-28T23:01:00Z",
        "2026-03-28 23:01",
        "2026-03-29 00:01",
    ),
    (
        "2026-03-29T00:30:00Z",
        "2026-03-29 00:30",
        "2026-03-29 01:30",
    ),
    (
        "2026-03-29T01:30:00Z",
        "2026-03-29 01:30",
        "2026-03-29 03:30",
    ),
];

/// A server with a room whose last messages, `m0` to `m3`, were sent in that night.
async fn after_the_night(folder: &Path) -> (TestServer, Room, User) {
    let server = TestServer::on(folder.to_owned(), |_| {}).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for number in 0..NIGHT.len() {
        ana.send_message(&room, &format!("m{number}")).await;
    }
    server.stopped().await;
    let mut database = database(folder).await;
    for (number, (at, ..)) in NIGHT.iter().enumerate() {
        let sql = "update messages set created_at = unixepoch(?1) * 1000 where body = ?2";
        let done = sqlx::query(sql).bind(at).bind(format!("m{number}"));
        assert_eq!(
            done.execute(&mut database).await.unwrap().rows_affected(),
            1
        );
    }
    sqlx::Connection::close(database).await.unwrap();
    let server = TestServer::on(folder.to_owned(), |_| {}).await;
    let ana = User::sign_in(server.address, "ana", PASSWORD).await;
    (server, room, ana)
}

async fn lines<const N: usize>(terminal: &mut Terminal) -> [String; N] {
    let mut lines = Vec::new();
    for _ in 0..N {
        lines.push(terminal.next().await);
    }
    lines.try_into().unwrap()
}

#[tokio::test]
async fn history_shows_dates_and_a_line_between_days() {
    let folder = tempfile::tempdir().unwrap();
    let (server, room, ana) = after_the_night(folder.path()).await;
    let mut terminal = ana.terminal(&room, "?history=4").await;
    terminal.next_with("/help").await;
    let [m0, m1, m2, m3] = NIGHT.map(|(_, utc, _)| format!("{utc} <ana> m"));
    let between = "* day changed to 2026-03-29".to_owned();
    let shown: [String; 5] = lines(&mut terminal).await;
    assert_eq!(shown, [m0 + "0", m1 + "1", between, m2 + "2", m3 + "3"]);
    // A live message is of another day too, and has no date of its own.
    ana.send_message(&room, "good morning").await;
    let [day, line]: [String; 2] = lines(&mut terminal).await;
    let today = day
        .strip_prefix("* day changed to 20")
        .unwrap_or_else(|| panic!("{day}"));
    assert_eq!(today.len(), "26-03-30".len(), "{day}");
    assert_eq!(&line[5..], " <ana> good morning");
    ana.send_message(&room, "coffee?").await;
    let line = terminal.next().await;
    assert_eq!(&line[5..], " <ana> coffee?");
    // A stretch of history begins without such a line: it has its dates.
    terminal.enter("/history 2").await;
    let [first, second]: [String; 2] = lines(&mut terminal).await;
    for (line, body) in [(first, "good morning"), (second, "coffee?")] {
        assert!(
            line.contains(&format!(" 20{today} ")) && line.ends_with(body),
            "{line}"
        );
    }
    server.stopped().await;
}

#[tokio::test]
async fn dates_and_times_use_the_requested_zone() {
    let folder = tempfile::tempdir().unwrap();
    let (server, room, ana) = after_the_night(folder.path()).await;
    let mut terminal = ana.terminal(&room, "?history=4&tz=Europe/Berlin").await;
    terminal.next_with("/help").await;
    let [m0, m1, m2, m3] = NIGHT.map(|(.., berlin)| format!("{berlin} <ana> m"));
    let between = "* day changed to 2026-03-29".to_owned();
    let shown: [String; 5] = lines(&mut terminal).await;
    assert_eq!(shown, [m0 + "0", between, m1 + "1", m2 + "2", m3 + "3"]);
    terminal.enter("/tz").await;
    let line = terminal.next().await;
    assert!(
        line.starts_with("* times are those of Europe/Berlin: it is 20"),
        "{line}"
    );
    terminal.enter("/tz asia/kathmandu").await;
    let line = terminal.next().await;
    assert!(
        line.starts_with("* times are those of Asia/Kathmandu: it is 20"),
        "{line}"
    );
    terminal.enter("/history 1").await;
    let line = terminal.next().await;
    assert!(line.ends_with(" 2026-03-29 07:15 <ana> m3"), "{line}");
    terminal.enter("/tz Europe/Berln").await;
    assert_eq!(
        terminal.next().await,
        "! tz must name a time zone of the IANA database, such as Europe/Berlin or UTC (“/tz Europe/Berln”)"
    );
    // Live lines, hits and pins have it too.
    terminal.enter("/tz Pacific/Kiritimati").await;
    terminal
        .next_with("* times are those of Pacific/Kiritimati")
        .await;
    let said = ana.send_message(&room, "a kettle").await;
    let at = OffsetDateTime::parse(said["created_at"].as_str().unwrap(), &Rfc3339).unwrap();
    let at = at + Duration::hours(14);
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    let line = terminal.next_with("a kettle").await;
    assert_eq!(line, format!("{clock} <ana> a kettle"));
    let path = format!("/api/rooms/{}/messages/{}/pin", room.id, said["seq"]);
    ana.put(&path, json!({})).await.expect(204);
    terminal.next_with("was pinned").await;
    let single = format!("on {}: #{} {clock} <ana> a kettle", at.date(), said["seq"]);
    terminal.enter("/pins").await;
    assert_eq!(terminal.next().await, format!("* {single}"));
    within("the index", async {
        loop {
            terminal.enter("/search kettle").await;
            let line = terminal.next().await;
            if line == format!("* in #lobby {single}") {
                break;
            }
            assert_eq!(line, "* nothing was found");
        }
    })
    .await;
    server.stopped().await;
}

#[tokio::test]
async fn files_are_shown_with_absolute_urls() {
    let server = TestServer::with(|config| {
        "https://chat.example.org/".clone_into(&mut config.public_url);
    })
    .await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut terminal = ben.terminal(&room, "").await;
    terminal.next_with("/help").await;
    let (file, _) = sent(&ana, &room, "notes.txt", "tea").await;
    let file = file["id"].as_str().unwrap();
    let address = format!("[notes.txt, 3 bytes: https://chat.example.org/api/files/{file}]");
    let line = terminal.next_with("notes.txt").await;
    assert!(line.ends_with(&address), "{line}");
    terminal.enter("/history 1").await;
    let line = terminal.next_with("notes.txt").await;
    assert!(line.ends_with(&address), "{line}");
    server.stopped().await;
}
