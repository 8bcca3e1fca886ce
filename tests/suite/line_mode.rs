//! A person at a terminal.

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Room, Terminal, TestServer, User, within};

async fn open_terminal(user: &User, room: &Room, query: &str) -> Terminal {
    let mut terminal = user.terminal(room, query).await;
    let banner = terminal.next().await;
    assert!(banner.starts_with("* #lobby · "), "{banner}");
    terminal
}

/// A line of history without the date and time it begins with.
fn undated(line: &str) -> &str {
    let (date, rest) = line.split_at(11);
    assert!(date.starts_with("20") && date.ends_with(' '), "{line}");
    untimed(rest)
}

/// A line without the time of day it begins with.
fn untimed(line: &str) -> &str {
    let (time, rest) = line.split_at(6);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    assert!(
        digits(&time[..2]) && &time[2..3] == ":" && digits(&time[3..5]),
        "{line}"
    );
    rest
}

#[tokio::test]
async fn banner_shows_room_and_online_members() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut first = ana.terminal(&room, "").await;
    assert_eq!(first.next().await, "* #lobby · 1 online: you · /help");
    let mut second = ben.terminal(&room, "").await;
    assert_eq!(second.next().await, "* #lobby · 2 online: ana, you · /help");
    assert_eq!(first.next().await, "* ben is online");
    first.enter("/who").await;
    assert_eq!(first.next().await, "* 2 online: ben, you");
    drop(second.raw);
    assert_eq!(first.next().await, "* ben is offline");
    server.stopped().await;
}

#[tokio::test]
async fn own_lines_are_echoed_on_other_devices_only() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut first = open_terminal(&ana, &room, "").await;
    let mut second = open_terminal(&ana, &room, "").await;
    let mut echoing = open_terminal(&ana, &room, "?echo=1").await;
    first.enter("from the first").await;
    for terminal in [&mut second, &mut echoing] {
        let line = terminal.next_with("<").await;
        assert_eq!(untimed(&line), "<ana> from the first");
    }
    echoing.enter("from the echoing").await;
    for terminal in [&mut echoing, &mut first] {
        // The first has not seen its own line.
        let line = terminal.next_with("<").await;
        assert_eq!(untimed(&line), "<ana> from the echoing");
    }
    server.stopped().await;
}

#[tokio::test]
async fn commands_match_the_help() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.create_room("attic").await;
    let mut terminal = open_terminal(&ana, &room, "").await;
    let mut other = open_terminal(&ben, &room, "").await;
    terminal.next_with("ben is online").await;
    terminal.enter("/help").await;
    let mut help = vec![terminal.next().await];
    while !help.last().unwrap().contains("in the address") {
        help.push(terminal.next().await);
    }
    for command in [
        "/me", "/who", "/history", "/rooms", "/tz", "/leave", "/quit", "//x", "?tz=",
    ] {
        assert!(
            help.iter().any(|line| line.contains(command)),
            "{command}: {help:?}"
        );
    }
    terminal.enter("/me waves").await;
    let line = other.next_with("waves").await;
    assert_eq!(untimed(&line), "* ana waves");
    terminal.enter("//shrug").await;
    let line = other.next_with("shrug").await;
    assert_eq!(untimed(&line), "<ana> /shrug");
    terminal.enter("/rooms").await;
    let rooms = [terminal.next().await, terminal.next().await];
    for (name, part) in [("#lobby", "owner"), ("#attic", "/ws/")] {
        let found = rooms
            .iter()
            .any(|line| line.contains(name) && line.contains(part));
        assert!(found, "{name}: {rooms:?}");
    }
    // With their numbers, which other commands want to know.
    terminal.enter("/history 2").await;
    for (seq, line) in [(3, "* ana waves"), (4, "<ana> /shrug")] {
        let shown = terminal.next().await;
        let rest = shown.strip_prefix(&format!("#{seq} "));
        assert_eq!(undated(rest.unwrap_or_else(|| panic!("{shown}"))), line);
    }
    terminal.enter("/quit").await;
    assert_eq!(terminal.closed().await.1.code, 1000);
    server.stopped().await;
}

#[tokio::test]
async fn invalid_commands_are_explained() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut terminal = open_terminal(&ana, &room, "").await;
    let long = "x".repeat(4001);
    for (line, words) in [
        ("/dance", "! no command /dance"),
        ("/", "! no command /"),
        ("/history 0", "! /history takes a number from 1 to 200"),
        ("/history all", "! /history takes a number from 1 to 200"),
        ("/me", "! say what you do"),
        (&long, "! not sent: "),
        ("/leave", "! the last owner"),
    ] {
        terminal.enter(line).await;
        let answer = terminal.next().await;
        assert!(answer.starts_with(words), "{line:.20}: {answer}");
    }
    // Blank lines are neither sent nor answered.
    for nothing in ["", " ", "\n", "\r\n"] {
        let frame = Message::text(nothing.to_owned());
        terminal.raw.send(frame).await.unwrap();
    }
    terminal.enter("/who").await;
    assert_eq!(terminal.next().await, "* 1 online: you");
    let texts = ana.history(&room).await;
    assert!(texts.iter().all(|message| message["kind"] == "system"));
    server.stopped().await;
}

#[tokio::test]
async fn history_is_shown_on_request() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut seqs = Vec::new();
    for body in ["one", "two", "three"] {
        seqs.push(ana.send_message(&room, body).await["seq"].as_i64().unwrap());
    }
    let mut terminal = open_terminal(&ben, &room, "?history=2").await;
    assert_eq!(undated(&terminal.next().await), "<ana> two");
    assert_eq!(undated(&terminal.next().await), "<ana> three");
    let query = format!("?since={}&numbers=1", seqs[0]);
    let mut numbered = open_terminal(&ben, &room, &query).await;
    for (seq, body) in [(seqs[1], "two"), (seqs[2], "three")] {
        let line = numbered.next().await;
        let (number, rest) = line.split_once(' ').unwrap();
        assert_eq!(number, format!("#{seq}"));
        assert_eq!(undated(rest), format!("<ana> {body}"));
    }
    let seq = ana.send_message(&room, "four").await["seq"]
        .as_i64()
        .unwrap();
    let line = numbered.next_with("four").await;
    assert!(line.starts_with(&format!("#{seq} ")), "{line}");
    assert_eq!(untimed(&terminal.next_with("four").await), "<ana> four");
    server.stopped().await;
}

#[tokio::test]
async fn long_absence_is_replayed_completely() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ana.connect().await;
    let keys = crate::support::keys("m", 450);
    socket.flood(&room, &keys, "hi").await;
    let mut terminal = open_terminal(&ben, &room, "?since=0&numbers=1").await;
    for seq in 1..=453 {
        if seq == 453 {
            ana.send_message(&room, "live").await;
        }
        let line = terminal.next_with("#").await;
        assert!(line.starts_with(&format!("#{seq} ")), "{seq}: {line}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn body_cannot_forge_a_line_or_control_the_terminal() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut terminal = open_terminal(&ben, &room, "").await;
    ana.send_message(&room, "one\n09:58 <ben> two\n* three")
        .await;
    let shown = terminal.next_with("<ana>").await;
    assert_eq!(untimed(&shown), "<ana> one");
    // A frame a line: `websocat` shows a newline within one as a space.
    for line in ["    | 09:58 <ben> two", "    | * three"] {
        assert_eq!(terminal.next().await, line);
    }
    ana.send_message(&room, "a\u{1b}[31mb\u{7}\u{8}\u{9b}cd\u{1}e\u{7f}f")
        .await;
    let shown = terminal.next_with("<ana>").await;
    assert_eq!(untimed(&shown), "<ana> a[31mbcdef");
    let path = format!("/api/rooms/{}/messages", room.id);
    let unseen = ana.post(&path, serde_json::json!({ "body": "\u{1b}\u{7}" }));
    unseen.await.refused(422, "invalid");
    server.stopped().await;
}

#[tokio::test]
async fn rate_limit_is_explained_as_text() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        (config.limits.send_burst, config.limits.send_per_s) = (2, 1);
    })
    .await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let mut terminal = open_terminal(&ana, &room, "").await;
    for line in ["one", "two", "three"] {
        terminal.enter(line).await;
    }
    let refusal = terminal.next().await;
    // To make the room took one of the two as well.
    assert_eq!(refusal, "! not sent: slow down, retry in 1 s (“two”)");
    terminal.enter("/topic tea").await;
    let refusal = terminal.next_with("! slow down").await;
    assert_eq!(refusal, "! slow down, retry in 1 s (“/topic tea”)");
    server.stopped().await;
}

#[tokio::test]
async fn reason_line_precedes_the_close() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let signed_out = open_terminal(&ana.sign_in_again().await, &room, "").await;
    let elsewhere = ana.sign_in_again().await;
    let kicked = open_terminal(&ben, &room, "").await;
    let mut leaving = open_terminal(&cid, &room, "").await;
    // The login of a terminal is not the one that goes on.
    let sessions = elsewhere.get("/api/me/sessions").await.expect(200);
    let sessions = sessions.as_array().or(sessions["items"].as_array());
    for session in sessions.unwrap() {
        if session["current"] != true {
            let path = format!("/api/me/sessions/{}", session["id"]);
            elsewhere.delete(&path).await.expect(204);
        }
    }
    let (lines, closed) = signed_out.closed().await;
    assert_eq!(closed.code, 4401);
    assert_eq!(
        lines.last().unwrap(),
        "! your session has ended; sign in again",
        "{lines:?}"
    );
    elsewhere.kick(&room, &ben).await;
    let (lines, closed) = kicked.closed().await;
    assert_eq!(closed.code, 4403);
    assert_eq!(
        lines.last().unwrap(),
        "* you were removed from #lobby",
        "{lines:?}"
    );
    leaving.enter("/leave").await;
    let (lines, closed) = leaving.closed().await;
    assert_eq!(closed.code, 4403);
    assert_eq!(lines.last().unwrap(), "* you left #lobby", "{lines:?}");
    server.stopped().await;
}

#[tokio::test]
async fn messages_are_replied_edited_and_deleted_by_number() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut terminal = ana.terminal(&room, "?numbers=1").await;
    terminal.next_with("/help").await;
    let said = ben.send_message(&room, "lunch?").await;
    let line = terminal.next_with("lunch?").await;
    assert!(line.starts_with(&format!("#{} ", said["seq"])), "{line}");
    terminal.enter(&format!("/reply {} yes", said["seq"])).await;
    let mut other = ben.terminal(&room, "?history=1").await;
    let line = other.next_with("yes").await;
    assert!(
        line.ends_with(&format!("<ana> @ben #{}: yes", said["seq"])),
        "{line}"
    );
    let own = said["seq"].as_i64().unwrap() + 1;
    terminal.enter(&format!("/edit #{own} no, thanks")).await;
    let wanted = format!("* ana edited #{own}: no, thanks");
    assert_eq!(other.next_with("edited").await, wanted);
    terminal.enter(&format!("/react {} 🍜", said["seq"])).await;
    terminal
        .next_with(&format!("reacted 🍜 on #{}", said["seq"]))
        .await;
    terminal
        .enter(&format!("/react {} :ramen:", said["seq"]))
        .await;
    terminal.next_with("took back").await;
    terminal.enter(&format!("/delete {own}")).await;
    assert_eq!(
        other.next_with("deleted").await,
        format!("* #{own} by ana was deleted")
    );
    // Commands on messages of others, or on missing ones, are refused in words.
    other.enter(&format!("/edit {own} x")).await;
    other.next_with("! no such message").await;
    terminal.enter(&format!("/edit {} x", said["seq"])).await;
    terminal
        .next_with("! you may not edit what somebody else said")
        .await;
    terminal.enter("/react 1 nonsense").await;
    terminal.next_with("! emoji must be one emoji").await;
    server.stopped().await;
}

#[tokio::test]
async fn direct_room_is_named_after_its_other_members() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let ids = serde_json::json!({ "user_ids": [ben.id] });
    let direct = ana.post("/api/dms", ids).await.expect(201);
    let room = Room {
        id: direct["id"].as_i64().unwrap(),
        code: String::new(),
    };
    let mut terminal = ana.terminal(&room, "").await;
    assert_eq!(terminal.next().await, "* @ben · 1 online: you · /help");
    terminal.enter("/rooms").await;
    terminal
        .next_with(&format!("* @ben · /ws/{}", room.id))
        .await;
    server.stopped().await;
}

#[tokio::test]
async fn terminal_sends_direct_messages_and_sets_the_topic() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut terminal = ana.terminal(&room, "").await;
    let (mut socket, _) = ben.connect().await;
    terminal.enter("/msg @Ben psst").await;
    terminal.next_with("said to Ben alone").await;
    let message = socket.next_message().await;
    assert_eq!(
        (&message["body"], message["room_id"] == room.id),
        (&"psst".into(), false)
    );
    terminal.enter("/msg @nobody psst").await;
    terminal.next_with("! no such user").await;
    terminal.enter("/msg @ana psst").await;
    terminal.next_with("! user is yourself").await;
    terminal.enter("/search from:").await;
    terminal
        .next_with("! what you look for has a from: without a name")
        .await;
    terminal.enter("/topic tea").await;
    terminal.next_with("set the topic: tea").await;
    // To look at it changes nothing.
    terminal.enter("/topic").await;
    terminal.next_with("* topic: tea").await;
    terminal.enter("/topic -").await;
    terminal.next_with("cleared the topic").await;
    terminal.enter("/topic").await;
    terminal.next_with("* no topic is set").await;
    terminal.enter("/invite").await;
    terminal.next_with(&room.code).await;
    ana.send_message(&room, "the kettle boils").await;
    within("the index", async {
        loop {
            terminal.enter("/search kettle").await;
            let line = terminal.next_with("* ").await;
            if line.starts_with("* in #lobby on 20") && line.ends_with("<ana> the kettle boils") {
                break;
            }
        }
    })
    .await;
    terminal.enter("/pins").await;
    terminal.next_with("nothing is pinned").await;
    terminal.enter("/mute @ben 1").await;
    terminal.next_with("ben is silent for 1 min").await;
    let mut other = ben.terminal(&room, "").await;
    other.enter("may I?").await;
    other.next_with("! not sent: ").await;
    terminal.enter("/unmute ben").await;
    terminal.next_with("ben may speak again").await;
    other.enter("/kick @ana").await;
    other.next_with("! you may not remove that member").await;
    other.enter("/invite").await;
    other.next_with("! you may not invite people").await;
    other.enter("/unban @ana").await;
    other.next_with("! you may not ban that user").await;
    terminal.enter("/kick @ben").await;
    assert_eq!(other.closed().await.1.code, 4403);
    assert_eq!(
        ben.get(&format!("/api/rooms/{}", room.id)).await.status,
        404
    );
    terminal.enter("/unban @ben").await;
    terminal.next_with("! no such ban").await;
    ben.join(&room.code).await.expect(200);
    terminal.enter("/ban @ben").await;
    terminal.next_with("ana banned ben").await;
    ben.join(&room.code).await.refused(404, "bad_code");
    terminal.enter("/unban @Ben").await;
    terminal.next_with("* Ben may come in again").await;
    ben.join(&room.code).await.expect(200);
    server.stopped().await;
}
