//! Removed members receive nothing more, however busy the room is.

use serde_json::Value;

use crate::support::{
    JsonSocket, Room, TestServer, User, Wire, keys,
    wire::{TEXT, request},
};

/// The number of the newest message that says how `user` went out.
async fn removal(witness: &User, room: &Room, user: &User) -> i64 {
    let history = witness.history(room).await;
    let said = history.iter().rev().find(|message| {
        let event = &message["event"];
        let sent = event["type"] == "kicked" || event["type"] == "banned";
        (sent && event["username"] == user.name.as_str())
            || (event["type"] == "left" && message["author"]["id"] == user.id)
    });
    said.expect("a word about the removal")["seq"]
        .as_i64()
        .unwrap()
}

/// How somebody goes out.
#[derive(Clone, Copy, Debug)]
enum Way {
    Kicked,
    Left,
    Banned,
}

async fn end_membership(way: Way, owner: &User, user: &User, room: &Room) {
    match way {
        Way::Kicked => owner.kick(room, user).await,
        Way::Left => user.leave(room).await,
        Way::Banned => owner.ban(room, user).await,
    }
}

async fn rejoin(way: Way, owner: &User, user: &User, room: &Room) {
    if let Way::Banned = way {
        user.join(&room.code).await.refused(404, "bad_code");
        owner.unban(room, user).await;
    }
    user.join(&room.code).await.expect(200);
}

async fn flood(mut socket: JsonSocket, room: Room, name: String) -> JsonSocket {
    socket.flood(&room, &keys(&name, 300), "hi").await;
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_member_receives_nothing_after_the_removal() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let (mut loud, _) = cid.connect().await;
    // Out and in again on the same socket, many times.
    let (mut socket, _) = ben.connect().await;
    for round in 0..12_usize {
        let way = [Way::Kicked, Way::Left, Way::Banned][round % 3];
        let flood = tokio::spawn(flood(loud, room.clone(), format!("round{round}")));
        for _ in 0..=round * 12 {
            socket.next_message().await;
        }
        let elsewhere = ben.clone();
        let out = tokio::spawn({
            let (ana, room) = (ana.clone(), room.clone());
            async move { end_membership(way, &ana, &elsewhere, &room).await }
        });
        let mut heard = Vec::new();
        loop {
            let frame = socket.next().await;
            if frame["type"] == "message" {
                heard.push(frame["message"]["seq"].as_i64().unwrap());
            } else if frame["type"] == "room_left" {
                break;
            }
        }
        out.await.unwrap();
        loud = flood.await.unwrap();
        let news = socket.still_answers().await;
        assert!(
            news.iter().all(|frame| frame["type"] != "message"),
            "{round} {way:?}: {news:?}"
        );
        let removal = removal(&ana, &room, &ben).await;
        let late: Vec<_> = heard.iter().filter(|seq| **seq >= removal).collect();
        assert!(
            late.is_empty(),
            "{round} {way:?}: {removal}, heard {late:?}"
        );
        assert!(
            heard.is_sorted_by(|one, next| one + 1 == *next),
            "{heard:?}"
        );

        rejoin(way, &ana, &ben, &room).await;
        let back = socket.next_of("room").await;
        assert_eq!(back["room"]["id"], room.id, "{back}");
        let said = ana.send_message(&room, "welcome back").await;
        let next = socket.next_of("message").await;
        assert_eq!(next["rev"], said["rev"], "{round} {way:?}");
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn member_removed_while_connecting_is_notified_and_disconnected() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    for _ in 0..40 {
        // Nothing is waited for in between: the removal meets a connection that is being opened.
        let terminal = ben.terminal(&room, "").await;
        ana.kick(&room, &ben).await;
        let (lines, closed) = terminal.closed().await;
        assert_eq!(closed.code, 4403, "{closed:?} after {lines:?}");
        let parting = lines.iter().any(|line| line.contains("you were removed"));
        assert!(parting, "{lines:?}");
        ben.join(&room.code).await.expect(200);
    }
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_terminal_shows_nothing_after_the_removal() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let (mut loud, _) = cid.connect().await;
    let mut checked = 0;
    for round in 0..10_usize {
        let way = [Way::Kicked, Way::Left, Way::Banned][round % 3];
        let mut terminal = ben.terminal(&room, "?numbers=1").await;
        terminal.next_with("/help").await;
        let flood = tokio::spawn(flood(loud, room.clone(), format!("round{round}")));
        terminal.next_with("<cid>").await;
        end_membership(way, &ana, &ben, &room).await;
        let (lines, closed) = terminal.closed().await;
        loud = flood.await.unwrap();
        assert_eq!(closed.code, 4403, "{closed:?}");
        let removal = removal(&ana, &room, &ben).await;
        for line in lines.iter().filter_map(|line| line.strip_prefix('#')) {
            let seq: i64 = line.split_once(' ').unwrap().0.parse().unwrap();
            assert!(seq < removal, "{round} {way:?}: out at {removal}: #{line}");
            checked += 1;
        }
        rejoin(way, &ana, &ben, &room).await;
    }
    assert!(
        checked > 0,
        "no line with a number came after the flood began"
    );
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn member_removed_during_history_replay_is_notified() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut loud, _) = ana.connect().await;
    // Far more than the system's buffers hold.
    loud.flood(&room, &keys("f", 4000), &"x".repeat(2000)).await;
    let mut terminal = Wire::connect_with_small_buffer(server.address).await;
    let ask = request(&format!("/ws/{}?since=0", room.id), &ben.token);
    let ask = ask.replace("parlor.v1.json", "parlor.v1.text");
    terminal.write(ask.as_bytes()).await;
    let head = terminal.http_head().await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    terminal.frame_of(TEXT).await;
    ana.kick(&room, &ben).await;
    assert_eq!(terminal.closed().await, 4403);
    server.stopped().await;
}

#[tokio::test]
async fn revoked_session_receives_nothing_and_others_continue() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let other = ben.sign_in_again().await;
    let (revoked, _) = ben.connect().await;
    let (mut kept, _) = other.connect().await;
    let sessions = other.get("/api/me/sessions").await.expect(200);
    let sessions = sessions
        .as_array()
        .or(sessions["items"].as_array())
        .unwrap();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    for session in sessions.iter().filter(|session| session["current"] != true) {
        let path = format!("/api/me/sessions/{}", session["id"]);
        other.delete(&path).await.expect(204);
    }
    ana.send_message(&room, "unheard").await;
    let mut revoked = revoked;
    let closed = loop {
        use futures_util::StreamExt;
        use tokio_tungstenite::tungstenite::Message;
        match revoked.raw.next().await.unwrap().unwrap() {
            Message::Text(text) => assert!(!text.contains("unheard"), "{text}"),
            Message::Close(close) => break close.unwrap(),
            _ => {}
        }
    };
    assert_eq!(u16::from(closed.code), 4401);
    assert_eq!(kept.next_message().await["body"], "unheard");
    ben.get("/api/me").await.refused(401, "unauthorized");
    server.stopped().await;
}

/// Even one that has much to catch up with when its login ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lagging_revoked_session_is_not_caught_up() {
    let server = TestServer::with(|config| config.limits.room_backlog = 2).await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut stalled = Wire::open(server.address, "/ws", &ben.token).await;
    stalled.frame_of(TEXT).await;
    let (mut loud, _) = ana.connect().await;
    let body = "x".repeat(2000);
    loud.flood(&room, &keys("f", 8000), &body).await;
    // It reads some, so that the server is in the middle of repeating what was missed.
    for _ in 0..3000 {
        stalled.frame_of(TEXT).await;
    }
    ben.sign_out().await;
    ana.send_message(&room, "not for ben").await;
    loop {
        let frame = stalled.frame().await.expect("a close before the end");
        if frame.head != TEXT {
            let code = u16::from_be_bytes(frame.payload[..2].try_into().unwrap());
            assert_eq!(code, 4401);
            break;
        }
        let frame: Value = serde_json::from_slice(&frame.payload).unwrap();
        assert_ne!(frame["message"]["body"], "not for ben");
    }
    server.stopped().await;
}
