//! Whom a message calls: names and their counts, what one wants to be told of, and who is typing.

use serde_json::{Value, json};

use crate::{
    conversation::{edit, standing},
    support::{Room, TestServer, User},
};

#[tokio::test]
async fn mentions_replies_and_room_mentions_count_until_read() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let stranger = server.user("eve").await;
    let named = ana
        .send_message(&room, "@Ben and @eve and @nobody, `@cid`")
        .await;
    assert_eq!(named["mentions"], json!([ben.id]));
    let counts = async |user: &User| {
        let room = standing(user, &room).await;
        (
            room["unread"].as_i64().unwrap(),
            room["mentions"].as_i64().unwrap(),
        )
    };
    assert_eq!((counts(&ben).await, counts(&cid).await), ((1, 1), (1, 0)));
    // Naming somebody a second time in an edit does not tell them again; a new name does.
    let edited = edit(&ana, &room, &named, "@ben @cid").await;
    assert_eq!(edited["mentions"], json!([ben.id, cid.id]));
    assert_eq!((counts(&ben).await, counts(&cid).await), ((1, 1), (1, 1)));
    edit(&ana, &room, &named, "nobody").await;
    assert_eq!((counts(&ben).await, counts(&cid).await), ((1, 0), (1, 0)));

    let question = ben.send_message(&room, "lunch?").await;
    let answer = ana
        .post(
            &format!("/api/rooms/{}/messages", room.id),
            json!({ "body": "yes", "reply_to": question["seq"] }),
        )
        .await
        .expect(201);
    assert_eq!(answer["quote"]["author"]["id"], ben.id);
    assert_eq!(answer["quote"]["body"], "lunch?");
    assert_eq!(counts(&ben).await, (1, 1), "an answer is for who asked");
    let all = cid.send_message(&room, "@room now").await;
    assert_eq!(all["mentions_room"], true);
    assert_eq!((counts(&ben).await, counts(&cid).await), ((2, 2), (0, 0)));

    // Read on one device, clear on the other; and back, from here on.
    let (mut phone, ready) = ben.connect().await;
    assert_eq!(ready["rooms"][0]["mentions"], 2);
    let read = format!("/api/rooms/{}/read", room.id);
    let receipt = ben
        .put(&read, json!({ "seq": answer["seq"] }))
        .await
        .expect(200);
    assert_eq!(
        receipt,
        json!({ "read_seq": answer["seq"], "unread": 1, "mentions": 1, "read_generation": 0 })
    );
    let frame = phone.next_of("read").await;
    assert_eq!(
        (&frame["unread"], &frame["mentions"]),
        (&json!(1), &json!(1))
    );
    phone
        .send(json!({ "type": "read", "room_id": room.id, "seq": question["seq"], "force": true }))
        .await;
    let frame = phone.next_of("read").await;
    assert_eq!(
        (&frame["unread"], &frame["mentions"]),
        (&json!(2), &json!(2))
    );
    drop(stranger);
    server.stopped().await;
}

#[tokio::test]
async fn username_that_ends_in_a_full_stop_can_be_mentioned() {
    let server = TestServer::start().await;
    let (room, [ana, dot]) = server.room_of(["ana", "j.r."]).await;
    let said = ana.send_message(&room, "ask @J.R. or @ana.").await;
    assert_eq!(said["mentions"], json!([dot.id, ana.id]));
    let said = ana.send_message(&room, "``@j.r.``\n```\n@j.r.\n```").await;
    assert_eq!(said["mentions"], json!([]));
    server.stopped().await;
}

#[tokio::test]
async fn only_moderators_mention_a_large_room() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let many = server.users("user", 20).await;
    for user in &many {
        user.join(&room.code).await.expect(200);
    }
    let small = many[0].send_message(&room, "@room hi").await;
    assert!(small.get("mentions_room").is_none(), "{small}");
    let large = ana.send_message(&room, "@room hi").await;
    assert_eq!(large["mentions_room"], true);
    assert_eq!(standing(&many[1], &room).await["mentions"], 1);
    server.stopped().await;
}

#[tokio::test]
async fn notification_level_is_shared_by_all_devices() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    assert_eq!(standing(&ana, &room).await["notify"], "all");
    let (mut phone, _) = ana.connect().await;
    let path = format!("/api/rooms/{}/members/me", room.id);
    ana.patch(&path, json!({ "notify": "mentions" }))
        .await
        .expect(204);
    assert_eq!(phone.next_of("room").await["room"]["notify"], "mentions");
    assert_eq!(standing(&ana, &room).await["notify"], "mentions");
    let refused = ana.patch(&path, json!({ "notify": "loud" })).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    server.stopped().await;
}

#[tokio::test]
async fn restricted_member_is_not_shown_as_typing() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid, dan, eve]) =
        server.room_of(["ana", "ben", "cid", "dan", "eve"]).await;
    let (mut socket, _) = ana.connect().await;
    for user in [&ben, &cid, &dan] {
        let mute = format!("/api/rooms/{}/mutes/{}", room.id, user.id);
        ana.put(&mute, json!({ "seconds": 60 })).await.expect(204);
        types(user, &room).await;
    }
    // They do not take the place of who can either: three at most are said to type.
    types(&eve, &room).await;
    assert_eq!(socket.next_of("typing").await["user_id"], eve.id);

    let ids = json!({ "user_ids": [ana.id] });
    let direct = ben.post("/api/dms", ids).await.expect(201);
    let direct = Room {
        id: direct["id"].as_i64().unwrap(),
        code: String::new(),
    };
    let block = format!("/api/me/blocks/{}", ben.id);
    ana.put(&block, json!({})).await.expect(204);
    types(&ben, &direct).await;
    // Events of the room before this message come before it.
    let said = ana.send_message(&direct, "silence").await;
    loop {
        let heard = socket.next().await;
        assert_ne!(heard["type"], "typing", "{heard}");
        if heard["message"]["room_id"] == said["room_id"] {
            break;
        }
    }
    server.stopped().await;
}

/// Says that one types, and waits until that is heard.
async fn types(user: &User, room: &Room) {
    let (mut socket, _) = user.connect_to(room).await;
    socket
        .send(json!({ "type": "typing", "room_id": room.id }))
        .await;
    socket.still_answers().await;
}

#[tokio::test]
async fn typing_reaches_other_members_at_a_limited_rate() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut ana_socket, _) = ana.connect().await;
    let (mut ben_socket, _) = ben.connect().await;
    let typing = json!({ "type": "typing", "room_id": room.id });
    ana_socket.send(typing.clone()).await;
    ana_socket.send(typing.clone()).await;
    let heard = ben_socket.next_of("typing").await;
    assert_eq!(
        heard,
        json!({ "type": "typing", "room_id": room.id, "user_id": ana.id })
    );
    // The second one was too soon, and one's own is no news.
    let before = ana_socket.still_answers().await;
    assert!(
        before.iter().all(|frame| frame["type"] != "typing"),
        "{before:?}"
    );
    let before = ben_socket.still_answers().await;
    assert!(
        before.iter().all(|frame| frame["type"] != "typing"),
        "{before:?}"
    );
    // A message ends the typing state, so that the next one is announced again.
    ana.send_message(&room, "there").await;
    ben_socket.next_of("message").await;
    ana_socket.send(typing).await;
    ben_socket.next_of("typing").await;
    let stranger = server.user("eve").await;
    let (mut socket, _) = stranger.connect().await;
    socket
        .send(json!({ "type": "typing", "room_id": room.id }))
        .await;
    assert_eq!(socket.next_of("error").await["code"], "not_found");
    server.stopped().await;
}

#[tokio::test]
async fn typing_stopped_reaches_other_members() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut ana_socket, _) = ana.connect().await;
    let (mut ben_socket, _) = ben.connect().await;
    let typing = |on: bool| json!({ "type": "typing", "room_id": room.id, "on": on });
    // A stop without a start is no news.
    ana_socket.send(typing(false)).await;
    ana_socket.still_answers().await;
    ana_socket.send(typing(true)).await;
    let started = ben_socket.next_of("typing").await;
    assert_eq!(
        started,
        json!({ "type": "typing", "room_id": room.id, "user_id": ana.id })
    );
    ana_socket.send(typing(false)).await;
    let stopped = ben_socket.next_of("typing_stopped").await;
    assert_eq!(
        stopped,
        json!({ "type": "typing_stopped", "room_id": room.id, "user_id": ana.id })
    );
    // A stop is published once, and not to the user who stopped.
    ana_socket.send(typing(false)).await;
    for socket in [&mut ana_socket, &mut ben_socket] {
        let before = socket.still_answers().await;
        let told = |frame: &Value| frame["type"] == "typing" || frame["type"] == "typing_stopped";
        assert!(!before.iter().any(told), "{before:?}");
    }
    let stranger = server.user("eve").await;
    let (mut socket, _) = stranger.connect().await;
    socket.send(typing(false)).await;
    assert_eq!(socket.next_of("error").await["code"], "not_found");
    server.stopped().await;
}

#[tokio::test]
async fn terminal_shows_no_typing() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut terminal = ben.terminal(&room, "").await;
    let (mut socket, _) = ana.connect().await;
    for on in [true, false] {
        socket
            .send(json!({ "type": "typing", "room_id": room.id, "on": on }))
            .await;
    }
    socket.still_answers().await;
    ana.send_message(&room, "there").await;
    loop {
        let line = terminal.next().await;
        assert!(!line.contains("typ"), "{line}");
        if line.contains("<ana> there") {
            break;
        }
    }
    server.stopped().await;
}
