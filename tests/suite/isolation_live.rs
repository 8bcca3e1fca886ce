//! Losing a room or a login is felt on the live socket at once.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::support::{JsonSocket, Room, TestServer, User};

/// Posts without a pause until dropped.
struct Flood(Vec<tokio::task::JoinHandle<()>>);

impl Flood {
    fn start(sender: &User, room: &Room) -> Self {
        let tasks = (0..4).map(|lane| {
            let (sender, room) = (sender.clone(), room.clone());
            tokio::spawn(async move {
                let path = format!("/ws/{}", room.id);
                let Some(mut socket) =
                    JsonSocket::try_open(sender.address, &path, &sender.token).await
                else {
                    return;
                };
                for number in 0.. {
                    let key = format!("{lane}-{number}");
                    if socket.try_say(&room, &key, &key).await.is_err() {
                        return;
                    }
                    while let Some(frame) = socket.try_next().await {
                        if frame["type"] == "ack" {
                            break;
                        }
                    }
                }
            })
        });
        Self(tasks.collect())
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.0.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// The number of the message that reports the removal of `name`.
async fn removal(owner: &User, room: &Room, name: &str, kind: &str) -> i64 {
    let history = owner.history(room).await;
    let found = history.iter().rev().find(|message| {
        let event = &message["event"];
        event["type"] == kind
            && (event["username"] == name || message["author"]["username"] == name)
    });
    found.unwrap_or_else(|| panic!("no {kind} of {name}"))["seq"]
        .as_i64()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_a_message_numbered_after_their_removal() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let flood = Flood::start(&ana, &room);
    for round in 0..15 {
        let name = format!("guest{round}");
        let guest = server.user(&name).await;
        guest.join(&room.code).await.expect(200);
        let (mut all, _) = guest.connect().await;
        let mut one =
            JsonSocket::open(server.address, &format!("/ws/{}", room.id), &guest.token).await;
        let mut text = guest.terminal(&room, "?numbers=1").await;
        all.next_message().await;
        one.next_message().await;
        text.next_with("<ana>").await;

        let kind = if round % 2 == 0 {
            ana.delete(&format!("/api/rooms/{}/members/{}", room.id, guest.id))
                .await
                .expect(204);
            "kicked"
        } else {
            guest
                .delete(&format!("/api/rooms/{}/members/me", room.id))
                .await
                .expect(204);
            "left"
        };
        let (mut heard, mut out) = (0, false);
        while !out {
            let frame = all.next().await;
            match frame["type"].as_str().unwrap() {
                "message" => heard = frame["message"]["seq"].as_i64().unwrap(),
                "room_left" => out = frame["room_id"] == room.id,
                _ => {}
            }
        }
        let mut heard_by_one = 0;
        while let Some(frame) = one.try_next().await {
            if frame["type"] == "message" {
                heard_by_one = frame["message"]["seq"].as_i64().unwrap();
            }
        }
        let (lines, closed) = text.closed().await;
        assert_eq!(closed.code, 4403);
        let numbers = lines
            .iter()
            .filter_map(|line| line.strip_prefix('#')?.split(' ').next()?.parse().ok());
        let heard_as_text: i64 = numbers.max().unwrap_or(0);

        let removed_at = removal(&ana, &room, &name, kind).await;
        for heard in [heard, heard_by_one, heard_as_text] {
            assert!(
                heard < removed_at,
                "round {round}: heard #{heard}, was out with #{removed_at}"
            );
        }
        // What is asked for is not given either.
        all.send(json!({ "type": "sync", "rooms": { room.id.to_string(): 0 } }))
            .await;
        assert_eq!(all.next_of("error").await["code"], "not_found");
    }
    drop(flood);
    ben.get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn the_end_of_a_login_closes_its_sockets_within_a_second_and_no_others() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let again = ben.sign_in_again().await;
    let (doomed, _) = ben.connect().await;
    let doomed_text = ben.terminal(&room, "").await;
    let (mut spared, _) = again.connect().await;
    let began = Instant::now();
    ben.post("/api/auth/signout", json!({})).await.expect(204);
    assert_eq!(doomed.closed().await.code, 4401);
    let (lines, closed) = doomed_text.closed().await;
    assert_eq!(closed.code, 4401);
    assert_eq!(
        lines.last().map(String::as_str),
        Some("! your session has ended; sign in again")
    );
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    ana.say(&room, "still there?").await;
    assert_eq!(spared.next_message().await["body"], "still there?");
    ben.get("/api/me").await.refused(401, "unauthorized");
    server.stopped().await;
}
