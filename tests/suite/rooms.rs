//! `/api/rooms`: making, finding, entering, changing and deleting rooms.

use serde_json::json;

use crate::support::{Room, TestServer, User};

/// The body of the room's newest message, which must be the room's own.
async fn newest_system(user: &User, room: &Room) -> String {
    let history = user.history(room).await;
    let newest = history.last().unwrap();
    assert_eq!(newest["kind"], "system", "{newest}");
    newest["body"].as_str().unwrap().to_owned()
}

async fn set_role(owner: &User, room: &Room, user: &User, role: &str) {
    let path = format!("/api/rooms/{}/members/{}", room.id, user.id);
    owner
        .patch(&path, json!({ "role": role }))
        .await
        .expect(204);
}

#[tokio::test]
async fn creator_owns_and_joins_the_room() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let wanted = json!({ "name": " Kitchen ", "topic": "soup" });
    let reply = ana.post("/api/rooms", wanted).await;
    let made = reply.expect(201);
    let location = format!("/api/rooms/{}", made["id"]);
    assert_eq!(reply.header("location"), Some(location.as_str()));
    for (field, value) in [
        ("name", json!("Kitchen")),
        ("topic", json!("soup")),
        ("kind", json!("private")),
        ("role", json!("owner")),
        ("member_count", json!(1)),
        ("head", json!({ "seq": 1, "rev": 1 })),
        ("unread", json!(0)),
    ] {
        assert_eq!(made[field], value, "{field}: {made}");
    }
    let code = made["access_code"].as_str().unwrap();
    assert_eq!(code.len(), 19, "{code}");
    let shown = ana.get(&location).await.expect(200);
    assert_eq!(shown["access_code"], code, "{shown}");
    let room = Room {
        id: made["id"].as_i64().unwrap(),
        code: code.into(),
    };
    assert_eq!(newest_system(&ana, &room).await, "ana created the room");
    server.stopped().await;
}

#[tokio::test]
async fn room_is_public_or_private() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    for kind in ["public", "private"] {
        let made = ana
            .post("/api/rooms", json!({ "name": "lobby", "kind": kind }))
            .await
            .expect(201);
        assert_eq!(made["kind"], kind, "{made}");
    }
    for kind in ["direct", "secret", ""] {
        let problem = ana
            .post("/api/rooms", json!({ "name": "lobby", "kind": kind }))
            .await
            .refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/kind", "{problem}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn invalid_room_name_and_topic_are_refused() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("  ")),
        ("name", json!("two\nlines")),
        ("name", json!("x".repeat(81))),
        ("name", json!(5)),
        ("topic", json!("x".repeat(251))),
        ("topic", json!("bell\u{7}")),
    ] {
        let mut wanted = json!({ "name": "good" });
        wanted[field] = value.clone();
        for reply in [
            ana.post("/api/rooms", wanted).await,
            ana.patch(
                &format!("/api/rooms/{}", room.id),
                json!({ field: value.clone() }),
            )
            .await,
        ] {
            let problem = reply.refused(422, "invalid");
            assert_eq!(
                problem["errors"][0]["pointer"],
                format!("/{field}"),
                "{value}: {problem}"
            );
        }
    }
    let problem = ana
        .post("/api/rooms", json!({}))
        .await
        .refused(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/name", "{problem}");
    assert_eq!(ana.history(&room).await.len(), 1, "no refused edit is told");
    server.stopped().await;
}

#[tokio::test]
async fn list_counts_unread_messages() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.create_room("ana alone").await;
    ana.send_message(&room, "one").await;
    ana.send_message(&room, "two").await;
    let rooms = ben.get("/api/rooms").await.expect(200);
    let [seen] = rooms.as_array().unwrap().as_slice() else {
        panic!("one room: {rooms}")
    };
    for (field, value) in [
        ("id", json!(room.id)),
        ("name", json!("lobby")),
        ("role", json!("member")),
        ("unread", json!(2)),
        ("mentions", json!(0)),
        ("read_seq", json!(2)),
        ("head", json!({ "seq": 4, "rev": 4 })),
        ("member_count", json!(2)),
    ] {
        assert_eq!(seen[field], value, "{field}: {seen}");
    }
    assert!(
        seen.get("access_code").is_none(),
        "not for a member: {seen}"
    );
    let rooms = ana.get("/api/rooms").await.expect(200);
    assert_eq!(rooms.as_array().unwrap().len(), 2, "{rooms}");
    assert_eq!(rooms[0]["unread"], 0, "sending is reading: {rooms}");
    server.stopped().await;
}

#[tokio::test]
async fn each_role_edits_what_it_may() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    set_role(&ana, &room, &ben, "moderator").await;
    let path = format!("/api/rooms/{}", room.id);
    let (name, topic) = (json!({ "name": "agora" }), json!({ "topic": "soup" }));
    let both = json!({ "name": "agora", "topic": "soup" });

    for edit in [&name, &topic, &both] {
        cleo.patch(&path, edit.clone())
            .await
            .refused(403, "forbidden");
    }
    for edit in [&name, &both] {
        ben.patch(&path, edit.clone())
            .await
            .refused(403, "forbidden");
    }
    let before = ana.history(&room).await.len();
    let (mut socket, _) = cleo.connect().await;
    let edited = ben.patch(&path, topic.clone()).await.expect(200);
    assert_eq!(
        (&edited["topic"], &edited["name"]),
        (&json!("soup"), &json!("lobby")),
        "{edited}"
    );
    assert!(
        edited["access_code"].is_string(),
        "a moderator hands it out: {edited}"
    );
    assert_eq!(newest_system(&ana, &room).await, "ben set the topic: soup");
    let message = socket.next_message().await;
    assert_eq!(
        message["event"],
        json!({ "type": "topic", "topic": "soup" }),
        "{message}"
    );

    let edited = ana.patch(&path, name.clone()).await.expect(200);
    assert_eq!(edited["name"], "agora", "{edited}");
    assert_eq!(
        newest_system(&ana, &room).await,
        "ana renamed the room to agora"
    );
    ana.patch(&path, json!({ "topic": "" })).await.expect(200);
    assert_eq!(newest_system(&ana, &room).await, "ana cleared the topic");
    assert_eq!(ana.history(&room).await.len(), before + 3);

    // An edit without a difference is no change.
    ana.patch(&path, name).await.expect(200);
    ana.patch(&path, json!({})).await.expect(200);
    assert_eq!(ana.history(&room).await.len(), before + 3);
    server.stopped().await;
}

#[tokio::test]
async fn deleted_room_is_not_found_for_members() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.send_message(&room, "hi").await;
    let path = format!("/api/rooms/{}", room.id);
    ben.delete(&path).await.refused(403, "forbidden");
    let (mut all, _) = ben.connect().await;
    let mut terminal = ben.terminal(&room, "").await;
    terminal.next().await;
    ana.delete(&path).await.expect(204);
    let left = all.next_of("room_left").await;
    assert_eq!(
        (&left["room_id"], &left["reason"]),
        (&json!(room.id), &json!("deleted")),
        "{left}"
    );
    let (_, closed) = terminal.closed().await;
    assert!([4403, 4404].contains(&closed.code), "{closed:?}");
    for user in [&ana, &ben] {
        user.get(&path).await.refused(404, "not_found");
        user.delete(&path).await.refused(404, "not_found");
        user.get(&format!("{path}/messages"))
            .await
            .refused(404, "not_found");
        user.post(&format!("{path}/messages"), json!({ "body": "hi" }))
            .await
            .refused(404, "not_found");
        let rooms = user.get("/api/rooms").await.expect(200);
        assert_eq!(rooms, json!([]));
        user.join(&room.code).await.refused(404, "bad_code");
    }
    // Its number is not given again.
    assert!(ana.create_room("next").await.id > room.id);
    server.stopped().await;
}
