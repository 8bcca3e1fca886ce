//! `/api/rooms`: making, finding, entering, changing and deleting rooms.

use serde_json::{Value, json};

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
async fn who_makes_a_room_owns_it_and_is_inside() {
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
async fn a_room_is_public_or_private() {
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
async fn a_rooms_name_and_topic_keep_their_rules() {
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
async fn the_list_counts_what_is_unread() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.create_room("ana alone").await;
    ana.say(&room, "one").await;
    ana.say(&room, "two").await;
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
async fn public_rooms_are_discovered_and_entered_without_a_code() {
    let server = TestServer::start().await;
    let (private, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let made = ana
        .post("/api/rooms", json!({ "name": "agora", "kind": "public" }))
        .await
        .expect(201);
    let cleo = server.user("cleo").await;
    let found = cleo.get("/api/rooms?discover=1").await.expect(200);
    let [agora] = found.as_array().unwrap().as_slice() else {
        panic!("one public room: {found}")
    };
    assert_eq!(
        (&agora["name"], &agora["joined"]),
        (&json!("agora"), &json!(false)),
        "{found}"
    );
    assert!(agora.get("access_code").is_none(), "{found}");
    for _ in 0..2 {
        let joined = cleo
            .post("/api/rooms/join", json!({ "room_id": made["id"] }))
            .await
            .expect(200);
        assert_eq!(
            (&joined["id"], &joined["role"], &joined["member_count"]),
            (&made["id"], &json!("member"), &json!(2)),
            "{joined}"
        );
    }
    let found = cleo.get("/api/rooms?discover=1").await.expect(200);
    assert_eq!(found[0]["joined"], true, "{found}");
    for room in [json!(private.id), json!(999), json!(-1)] {
        cleo.post("/api/rooms/join", json!({ "room_id": room }))
            .await
            .refused(404, "not_found");
    }
    // Whoever is in a private room already may say so too.
    ben.post("/api/rooms/join", json!({ "room_id": private.id }))
        .await
        .expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn a_code_lets_in_however_it_is_typed() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let code = &room.code;
    for (name, typed) in [
        ("ben", code.clone()),
        ("cleo", code.to_lowercase()),
        ("dan", code.replace('-', "")),
        (
            "eve",
            format!("  {} ", code.replace('-', " ").to_lowercase()),
        ),
    ] {
        let user = server.user(name).await;
        let first = user.join(&typed).await.expect(200);
        assert_eq!(
            (&first["id"], &first["role"]),
            (&json!(room.id), &json!("member"))
        );
        assert_eq!(newest_system(&ana, &room).await, format!("{name} joined"));
        let again = user.join(&typed).await.expect(200);
        assert_eq!(first, again, "to be in already is no error");
    }
    // One message each, however often they came.
    assert_eq!(ana.history(&room).await.len(), 5);
    server.stopped().await;
}

#[tokio::test]
async fn whoever_comes_twice_at_once_is_in_once() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let ben = server.user("ben").await;
    let (one, two) = tokio::join!(ben.join(&room.code), ben.join(&room.code));
    assert_eq!(one.expect(200), two.expect(200));
    assert_eq!(ana.history(&room).await.len(), 2);
    server.stopped().await;
}

#[tokio::test]
async fn every_code_that_does_not_admit_looks_the_same() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let doomed = ana.create_room("doomed").await;
    ana.delete(&format!("/api/rooms/{}", doomed.id))
        .await
        .expect(204);
    ana.post(&format!("/api/rooms/{}/access_code", room.id), Value::Null)
        .await
        .expect(200);
    let ben = server.user("ben").await;
    let mut answers = Vec::new();
    for code in [
        room.code.as_str(),
        doomed.code.as_str(),
        "K7QM-2XWD-9F4H-PT3C",
        "K7QM",
        "",
        "🙂",
    ] {
        let mut problem = ben.join(code).await.refused(404, "bad_code");
        problem["request_id"].take();
        answers.push(problem);
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    let long = "K".repeat(60_000);
    ben.join(&long).await.refused(404, "bad_code");
    for body in [
        json!({}),
        json!({ "code": room.code, "room_id": room.id }),
        json!({ "code": 7 }),
    ] {
        ben.post("/api/rooms/join", body)
            .await
            .refused(422, "invalid");
    }
    server.stopped().await;
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.attempts_burst = 3;
        config.limits.attempts_per_min = 1;
    })
    .await;
    let ana = server.user("ana").await;
    for _ in 0..3 {
        ana.join("K7QM-2XWD-9F4H-PT3C")
            .await
            .refused(404, "bad_code");
    }
    let reply = ana.join("K7QM-2XWD-9F4H-PT3C").await;
    reply.refused(429, "rate_limited");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    server.stopped().await;
}

#[tokio::test]
async fn a_new_code_replaces_the_old_one() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path = format!("/api/rooms/{}/access_code", room.id);
    ben.post(&path, Value::Null).await.refused(403, "forbidden");
    let answer = ana.post(&path, Value::Null).await.expect(200);
    let code = answer["access_code"].as_str().unwrap();
    assert_ne!(code, room.code);
    let cleo = server.user("cleo").await;
    cleo.join(&room.code).await.refused(404, "bad_code");
    cleo.join(code).await.expect(200);
    let shown = ana
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert_eq!(shown["access_code"], code, "{shown}");
    server.stopped().await;
}

#[tokio::test]
async fn each_role_changes_what_it_may() {
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

    // What is as it was is no change.
    ana.patch(&path, name).await.expect(200);
    ana.patch(&path, json!({})).await.expect(200);
    assert_eq!(ana.history(&room).await.len(), before + 3);
    server.stopped().await;
}

#[tokio::test]
async fn a_deleted_room_is_gone_for_all() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.say(&room, "hi").await;
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

#[tokio::test]
async fn a_user_is_in_no_more_rooms_than_allowed() {
    let server = TestServer::with(|config| config.limits.rooms_per_user = 2).await;
    let (room, [_ana]) = server.room_of(["ana"]).await;
    let ben = server.user("ben").await;
    let first = ben.create_room("one").await;
    ben.create_room("two").await;
    ben.post("/api/rooms", json!({ "name": "three" }))
        .await
        .refused(409, "too_many_rooms");
    ben.join(&room.code).await.refused(409, "too_many_rooms");
    ben.delete(&format!("/api/rooms/{}", first.id))
        .await
        .expect(204);
    ben.join(&room.code).await.expect(200);
    server.stopped().await;
}
