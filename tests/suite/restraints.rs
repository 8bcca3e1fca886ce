//! Mutes, slow mode and locks: who may write, and when again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Reply, Room, TestServer, User};

fn mute(room: &Room, user: &User) -> String {
    format!("/api/rooms/{}/mutes/{}", room.id, user.id)
}

async fn mute_for(moderator: &User, room: &Room, user: &User, seconds: i64) -> Reply {
    let body = json!({ "seconds": seconds });
    moderator.put(&mute(room, user), body).await
}

async fn set(moderator: &User, room: &Room, change: Value) -> Reply {
    let path = format!("/api/rooms/{}", room.id);
    moderator.patch(&path, change).await
}

async fn post(user: &User, room: &Room, draft: Value) -> Reply {
    let path = format!("/api/rooms/{}/messages", room.id);
    user.post(&path, draft).await
}

/// Waits as long as the refusal says, which is what a client would do.
async fn wait_for(problem: &Value) {
    let wait = problem["retry_after_ms"]
        .as_u64()
        .expect("when to try again");
    assert!(wait <= 1000, "{problem}");
    tokio::time::sleep(Duration::from_millis(wait)).await;
}

#[tokio::test]
async fn muted_member_reads_and_gets_the_end_of_the_mute() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, ready) = ben.connect().await;
    assert_eq!(ready["rooms"][0]["muted_until"], Value::Null, "{ready}");
    let mut terminal = ben.terminal(&room, "").await;
    terminal.next_with("/help").await;
    mute_for(&ana, &room, &ben, 60).await.expect(204);
    let told = socket.next_of("room").await;
    assert!(
        told["room"]["muted_until"].as_str().unwrap().ends_with('Z'),
        "{told}"
    );

    let reply = post(&ben, &room, json!({ "body": "let me speak" })).await;
    let problem = reply.refused(403, "muted");
    let wait = problem["retry_after_ms"].as_u64().unwrap();
    assert!((1..=60_000).contains(&wait), "{problem}");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    socket.send_message(&room, "c1", "let me speak").await;
    let error = socket.next_of("error").await;
    assert_eq!(
        (&error["code"], &error["key"]),
        (&json!("muted"), &json!("c1")),
        "{error}"
    );
    assert!(error["retry_after_ms"].is_u64(), "{error}");
    terminal.enter("let me speak").await;
    let line = terminal.next_with("not sent").await;
    assert!(
        line.contains("you are muted in this room, retry in"),
        "{line}"
    );

    ana.send_message(&room, "quiet now").await;
    terminal.next_with("quiet now").await;
    // Out and in again is still mute.
    ben.leave(&room).await;
    ben.join(&room.code).await.expect(200);
    post(&ben, &room, json!({ "body": "and now?" }))
        .await
        .refused(403, "muted");

    let (mut socket, _) = ben.connect().await;
    for _ in 0..2 {
        ana.delete(&mute(&room, &ben)).await.expect(204);
    }
    let told = socket.next_of("room").await;
    assert_eq!(told["room"]["muted_until"], Value::Null, "{told}");
    ben.send_message(&room, "thank you").await;
    let texts = ana.history(&room).await;
    let texts: Vec<_> = texts
        .iter()
        .filter(|message| message["kind"] == "text")
        .map(|message| message["body"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["quiet now", "thank you"]);
    server.stopped().await;
}

#[tokio::test]
async fn mute_expires() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let key = json!({ "body": "said before", "key": "k" });
    let first = post(&ben, &room, key.clone()).await.expect(201);
    mute_for(&ana, &room, &ben, 1).await.expect(204);
    // Messages that are on disk are acknowledged anyway.
    assert_eq!(post(&ben, &room, key).await.expect(200), first);
    let problem = post(&ben, &room, json!({ "body": "too soon" }))
        .await
        .refused(403, "muted");
    wait_for(&problem).await;
    ben.send_message(&room, "in time").await;
    let list = ana.get(&format!("/api/rooms/{}/mutes", room.id)).await;
    assert_eq!(list.expect(200), json!({ "items": [], "has_after": false }));
    server.stopped().await;
}

#[tokio::test]
async fn only_higher_roles_can_mute() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben, bob, cleo, dan]) =
        server.room_of(["ana", "ben", "bob", "cleo", "dan"]).await;
    let stranger = server.user("eve").await;
    for moderator in [&ben, &bob] {
        ana.give_role(&room, moderator, "moderator").await;
    }
    let list = format!("/api/rooms/{}/mutes", room.id);
    for outsider in [&stranger, &admin] {
        mute_for(outsider, &room, &dan, 60)
            .await
            .refused(404, "not_found");
        outsider
            .delete(&mute(&room, &dan))
            .await
            .refused(404, "not_found");
        outsider.get(&list).await.refused(404, "not_found");
    }
    cleo.get(&list).await.refused(403, "forbidden");
    for (who, whom) in [
        (&cleo, &dan),
        (&cleo, &cleo),
        (&ben, &bob),
        (&ben, &ana),
        (&ana, &ana),
    ] {
        mute_for(who, &room, whom, 60)
            .await
            .refused(403, "forbidden");
    }
    ana.put(&mute(&room, &stranger), json!({ "seconds": 60 }))
        .await
        .refused(404, "not_found");
    mute_for(&ben, &room, &dan, 60).await.expect(204);
    mute_for(&ana, &room, &bob, 60).await.expect(204);
    // A moderator is muted like anybody else, and does not free themselves or a peer.
    post(&bob, &room, json!({ "body": "me?" }))
        .await
        .refused(403, "muted");
    bob.patch(
        &format!("/api/rooms/{}", room.id),
        json!({ "topic": "me!" }),
    )
    .await
    .refused(403, "forbidden");
    for who in [&bob, &ben, &cleo] {
        who.delete(&mute(&room, &bob))
            .await
            .refused(403, "forbidden");
    }
    let listed = ben.get(&list).await.expect(200);
    let names: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["user"]["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["bob", "dan"], "{listed}");
    for (body, pointer) in [
        (json!({ "seconds": 0 }), "/seconds"),
        (json!({ "seconds": 31_536_001 }), "/seconds"),
        (json!({ "seconds": "x" }), "/seconds"),
        (json!({}), "/seconds"),
    ] {
        let problem = ana
            .put(&mute(&room, &dan), body)
            .await
            .refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    // The new owner has no one above who could lift the mute.
    ana.give_role(&room, &bob, "owner").await;
    bob.send_message(&room, "mine").await;
    server.stopped().await;
}

#[tokio::test]
async fn slow_mode_delays_plain_members() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    ana.give_role(&room, &ben, "moderator").await;
    let (mut socket, _) = cleo.connect().await;
    let shown = set(&ben, &room, json!({ "slow_mode_s": 1 }))
        .await
        .expect(200);
    assert_eq!(shown["slow_mode_s"], 1, "{shown}");
    let told = socket.next_of("message").await;
    assert_eq!(
        told["message"]["event"],
        json!({ "type": "slow_mode", "seconds": 1 }),
        "{told}"
    );
    assert_eq!(socket.next_of("room").await["room"]["slow_mode_s"], 1);
    for user in [&ana, &ben] {
        for _ in 0..3 {
            user.send_message(&room, "in a hurry").await;
        }
    }
    let first = post(&cleo, &room, json!({ "body": "one", "key": "k1" }))
        .await
        .expect(201);
    let reply = post(&cleo, &room, json!({ "body": "two", "key": "k2" })).await;
    let problem = reply.refused(429, "slow_mode");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    let again = post(&cleo, &room, json!({ "body": "one", "key": "k1" }))
        .await
        .expect(200);
    assert_eq!(again, first, "a repeat is no second message");
    // To go out and come in again does not help.
    cleo.leave(&room).await;
    cleo.join(&room.code).await.expect(200);
    post(&cleo, &room, json!({ "body": "two" }))
        .await
        .refused(429, "slow_mode");
    wait_for(&problem).await;
    // The key of what was refused is free.
    post(&cleo, &room, json!({ "body": "two", "key": "k2" }))
        .await
        .expect(201);
    set(&ana, &room, json!({ "slow_mode_s": 0 }))
        .await
        .expect(200);
    cleo.send_message(&room, "three").await;
    server.stopped().await;
}

#[tokio::test]
async fn slow_mode_accepts_one_of_many_concurrent_messages() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    set(&ana, &room, json!({ "slow_mode_s": 21_600 }))
        .await
        .expect(200);
    let (mut socket, _) = ben.connect().await;
    let keys = ["a", "b", "c", "a", "d"].map(str::to_owned);
    let answers = socket.flood(&room, &keys, "hi").await;
    let codes: Vec<_> = answers
        .iter()
        .map(|answer| answer["code"].as_str().unwrap_or("ack"))
        .collect();
    assert_eq!(
        codes,
        ["ack", "slow_mode", "slow_mode", "ack", "slow_mode"],
        "{answers:?}"
    );
    assert_eq!(answers[0], answers[3], "a repeated key is the same message");
    let wait = answers[1]["retry_after_ms"].as_u64().unwrap();
    assert!((21_000_000..=21_600_000).contains(&wait), "{answers:?}");
    let history = ana.history(&room).await;
    let seqs = history
        .iter()
        .map(|message| message["seq"].as_u64().unwrap());
    assert!(seqs.eq(1..=history.len() as u64), "no gap: {history:?}");
    server.stopped().await;
}

#[tokio::test]
async fn only_moderators_post_in_a_locked_room() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    ana.give_role(&room, &ben, "moderator").await;
    let (mut socket, ready) = cleo.connect().await;
    assert_eq!(ready["rooms"][0]["locked"], false, "{ready}");
    let shown = set(&ben, &room, json!({ "locked": true }))
        .await
        .expect(200);
    assert_eq!(shown["locked"], true, "{shown}");
    let told = socket.next_message().await;
    assert_eq!(
        (&told["body"], &told["event"]),
        (&json!("ben locked the room"), &json!({ "type": "locked" })),
        "{told}"
    );
    assert_eq!(socket.next_of("room").await["room"]["locked"], true);
    let problem = post(&cleo, &room, json!({ "body": "hi" }))
        .await
        .refused(403, "locked");
    assert!(problem.get("retry_after_ms").is_none(), "{problem}");
    socket.send_message(&room, "c1", "hi").await;
    assert_eq!(socket.next_of("error").await["code"], "locked");
    for user in [&ana, &ben] {
        user.send_message(&room, "an announcement").await;
    }
    // Settings without a change are not announced.
    let count = ana.history(&room).await.len();
    set(&ana, &room, json!({ "locked": true, "slow_mode_s": 0 }))
        .await
        .expect(200);
    assert_eq!(ana.history(&room).await.len(), count);
    set(&ana, &room, json!({ "locked": false }))
        .await
        .expect(200);
    cleo.send_message(&room, "hi").await;
    server.stopped().await;
}

#[tokio::test]
async fn only_moderators_lock_and_set_slow_mode() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    for change in [json!({ "locked": true }), json!({ "slow_mode_s": 5 })] {
        set(&ben, &room, change.clone())
            .await
            .refused(403, "forbidden");
        set(&admin, &room, change).await.refused(404, "not_found");
    }
    // One that may not be done takes the others with it.
    ana.give_role(&room, &ben, "moderator").await;
    set(&ben, &room, json!({ "locked": true, "name": "mine" }))
        .await
        .refused(403, "forbidden");
    for (change, pointer) in [
        (json!({ "slow_mode_s": -1 }), "/slow_mode_s"),
        (json!({ "slow_mode_s": 21_601 }), "/slow_mode_s"),
        (json!({ "slow_mode_s": "x" }), "/slow_mode_s"),
        (json!({ "locked": 1 }), "/locked"),
    ] {
        let problem = set(&ana, &room, change).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let shown = ben
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert_eq!(
        (&shown["locked"], &shown["slow_mode_s"]),
        (&json!(false), &json!(0)),
        "{shown}"
    );
    server.stopped().await;
}
