//! `/api/rooms/join`: coming in, by an access code or into a public room.

use serde_json::{Value, json};

use crate::support::TestServer;

#[tokio::test]
async fn public_rooms_are_listed_and_joined_without_a_code() {
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
    // A member of a private room may join it again by its id.
    ben.post("/api/rooms/join", json!({ "room_id": private.id }))
        .await
        .expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn code_admits_in_every_spelling() {
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
        assert_eq!(
            ana.history(&room).await.last().unwrap()["body"],
            format!("{name} joined")
        );
        let again = user.join(&typed).await.expect(200);
        assert_eq!(first, again, "to be in already is no error");
    }
    // One message each, however often they came.
    assert_eq!(ana.history(&room).await.len(), 5);
    server.stopped().await;
}

#[tokio::test]
async fn concurrent_joins_create_one_membership() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let ben = server.user("ben").await;
    let (one, two) = tokio::join!(ben.join(&room.code), ben.join(&room.code));
    assert_eq!(one.expect(200), two.expect(200));
    assert_eq!(ana.history(&room).await.len(), 2);
    server.stopped().await;
}

#[tokio::test]
async fn invalid_codes_get_the_same_answer() {
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
async fn joining_by_code_is_rate_limited() {
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
async fn new_code_replaces_the_old_one() {
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
async fn rooms_per_user_are_limited() {
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
