//! `/api/rooms/{id}/invites`: letting people in for a while, for so many, and taking it back.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Room, TestServer, User, within};

fn invites(room: &Room) -> String {
    format!("/api/rooms/{}/invites", room.id)
}

async fn invite(user: &User, room: &Room, terms: Value) -> Value {
    user.post(&invites(room), terms).await.expect(201)
}

fn code(invite: &Value) -> &str {
    invite["code"].as_str().unwrap()
}

async fn listed(user: &User, room: &Room) -> Vec<Value> {
    let body = user.get(&invites(room)).await.expect(200);
    body["items"].as_array().unwrap().clone()
}

async fn member_count(user: &User, room: &Room) -> Value {
    let path = format!("/api/rooms/{}", room.id);
    user.get(&path).await.expect(200)["member_count"].clone()
}

/// Asks until the code admits nobody any more.
async fn over(server: &TestServer, code: &str) {
    let path = format!("/api/invites/{code}");
    within("the invite to be over", async {
        while server.get(&path).await.status == 200 {}
    })
    .await;
    server.get(&path).await.refused(404, "bad_code");
}

#[tokio::test]
async fn invite_code_is_shown_once() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let made = invite(&ana, &room, json!({ "expires_in": 3600, "max_uses": 2 })).await;
    let shown = code(&made);
    assert_eq!(shown.replace('-', "").len(), 16, "80 bits: {made}");
    assert!(!shown.contains(['0', 'O', '1', 'I']), "{made}");
    assert_eq!(made["url"], server.url(&format!("/i/{shown}")), "{made}");
    assert_eq!(
        (&made["max_uses"], &made["uses"]),
        (&json!(2), &json!(0)),
        "{made}"
    );
    assert!(made["expires_at"].as_str().unwrap().ends_with('Z'));
    let endless = invite(&ana, &room, json!({})).await;
    assert_eq!(
        (&endless["expires_at"], &endless["max_uses"]),
        (&Value::Null, &Value::Null),
        "{endless}"
    );

    let [standing, first, second] = listed(&ana, &room).await.try_into().unwrap();
    assert_eq!(
        (&standing["standing"], &first["standing"]),
        (&json!(true), &json!(false)),
        "{standing} {first}"
    );
    assert_eq!(second["id"], endless["id"], "{second}");
    assert_eq!(first["created_by"], ana.id, "{first}");
    for field in ["id", "expires_at", "max_uses", "uses"] {
        assert_eq!(first[field], made[field], "{field}: {first}");
    }
    for item in [&standing, &first, &second] {
        assert!(item["created_at"].as_str().unwrap().ends_with('Z'));
        assert!(item.get("code").is_none(), "{item}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn invite_admits_its_number_of_users() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let made = invite(&ana, &room, json!({ "max_uses": 2 })).await;
    let typed = code(&made).to_lowercase().replace('-', "");
    let [ben, cleo, dan] = [
        server.user("ben").await,
        server.user("cleo").await,
        server.user("dan").await,
    ];
    // Members spend no use: neither the owner nor a user who joined by the invite.
    for user in [&ana, &ben, &ben] {
        user.join(&typed).await.expect(200);
    }
    assert_eq!(listed(&ana, &room).await[1]["uses"], 1);
    cleo.join(code(&made)).await.expect(200);
    dan.join(code(&made)).await.refused(404, "bad_code");
    // The answer to the last use may have been lost.
    let again = cleo.join(code(&made)).await.expect(200);
    assert_eq!(again["member_count"], 3, "{again}");
    assert_eq!(listed(&ana, &room).await.len(), 1, "only what admits");
    // Once out, a spent invite is like any other that does not admit.
    cleo.leave(&room).await;
    cleo.join(code(&made)).await.refused(404, "bad_code");
    server.stopped().await;
}

#[tokio::test]
async fn one_use_invite_admits_one_of_fifty_concurrent_users() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let made = invite(&ana, &room, json!({ "max_uses": 1 })).await;
    let crowd = server.users("guest", 50).await;
    let replies = join_all(crowd.iter().map(|user| user.join(code(&made)))).await;
    let (inside, outside): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!(inside.len(), 1, "{replies:#?}");
    for reply in outside {
        reply.refused(404, "bad_code");
    }
    assert_eq!(member_count(&ana, &room).await, 2);
    assert_eq!(ana.history(&room).await.len(), 2, "created and joined");
    server.stopped().await;
}

#[tokio::test]
async fn one_use_invite_creates_one_of_many_concurrent_accounts() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let made = invite(&ana, &room, json!({ "max_uses": 1 })).await;
    let wanted = |number| json!({ "username": format!("guest{number}"), "password": PASSWORD, "code": code(&made) });
    let replies = join_all((0..10).map(|n| server.post("/api/auth/signup", wanted(n)))).await;
    let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(made.len(), 1, "{replies:#?}");
    assert_eq!(made[0].json()["room_id"], room.id);
    for (number, reply) in replies.iter().enumerate() {
        if reply.status != 201 {
            reply.refused(404, "bad_code");
            // Nothing is left of it: the name is free.
            server.user(&format!("guest{number}")).await;
        }
    }
    assert_eq!(member_count(&ana, &room).await, 2);
    server.stopped().await;
}

#[tokio::test]
async fn invite_expires() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let made = invite(&ana, &room, json!({ "expires_in": 1 })).await;
    let ben = server.user("ben").await;
    over(&server, code(&made)).await;
    ben.join(code(&made)).await.refused(404, "bad_code");
    let wanted = json!({ "username": "cleo", "password": PASSWORD, "code": code(&made) });
    server
        .post("/api/auth/signup", wanted)
        .await
        .refused(404, "bad_code");
    assert_eq!(listed(&ana, &room).await.len(), 1);
    server.stopped().await;
}

#[tokio::test]
async fn revoked_invite_admits_no_user_and_removes_no_member() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let (other, [_zoe]) = server.room_of(["zoe"]).await;
    let made = invite(&ana, &room, json!({})).await;
    let [ben, cleo] = [server.user("ben").await, server.user("cleo").await];
    ben.join(code(&made)).await.expect(200);
    let path = format!("{}/{}", invites(&room), made["id"]);
    // It is the room in the path whose invite it must be.
    let elsewhere = format!("{}/{}", invites(&other), made["id"]);
    ana.delete(&elsewhere).await.refused(404, "not_found");
    ana.delete(&path).await.expect(204);
    ana.delete(&path).await.refused(404, "not_found");
    cleo.join(code(&made)).await.refused(404, "bad_code");
    let link = format!("/api/invites/{}", code(&made));
    server.get(&link).await.refused(404, "bad_code");
    assert_eq!(member_count(&ana, &room).await, 2);
    let standing = listed(&ana, &room).await[0]["id"].clone();
    ana.delete(&format!("{}/{standing}", invites(&room)))
        .await
        .refused(409, "standing_invite");
    cleo.join(&room.code).await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn all_invalid_codes_get_the_same_answer() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let ben = server.user("ben").await;
    let revoked = invite(&ana, &room, json!({})).await;
    ana.delete(&format!("{}/{}", invites(&room), revoked["id"]))
        .await
        .expect(204);
    let spent = invite(&ana, &room, json!({ "max_uses": 1 })).await;
    server
        .user("cleo")
        .await
        .join(code(&spent))
        .await
        .expect(200);
    let expired = invite(&ana, &room, json!({ "expires_in": 1 })).await;
    over(&server, code(&expired)).await;
    let mut answers = Vec::new();
    for code in [
        "K7QM-2XWD-9F4H-PT3C",
        code(&revoked),
        code(&spent),
        code(&expired),
        "%FF",
    ] {
        let known = ben.join(code).await;
        let unknown = server.get(&format!("/api/invites/{code}")).await;
        for reply in [known, unknown] {
            let mut problem = reply.refused(404, "bad_code");
            problem["request_id"].take();
            answers.push(problem);
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn owners_and_moderators_create_invites() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let stranger = server.user("eve").await;
    let role = format!("/api/rooms/{}/members/{}", room.id, ben.id);
    ana.patch(&role, json!({ "role": "moderator" }))
        .await
        .expect(204);
    let made = invite(&ben, &room, json!({})).await;
    let one = format!("{}/{}", invites(&room), made["id"]);
    for (user, status, code) in [(&cleo, 403, "forbidden"), (&stranger, 404, "not_found")] {
        user.get(&invites(&room)).await.refused(status, code);
        user.post(&invites(&room), json!({}))
            .await
            .refused(status, code);
        user.delete(&one).await.refused(status, code);
    }
    server
        .get(&invites(&room))
        .await
        .refused(401, "unauthenticated");
    ana.delete(&one).await.expect(204);
    server.stopped().await;
}

#[tokio::test]
async fn invalid_terms_are_refused_with_the_field() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    for (field, value) in [
        ("expires_in", json!(0)),
        ("expires_in", json!(-5)),
        ("expires_in", json!(31_536_001)),
        ("expires_in", json!("1h")),
        ("max_uses", json!(0)),
        ("max_uses", json!(100_001)),
        ("max_uses", json!(1.5)),
    ] {
        let problem = ana
            .post(&invites(&room), json!({ field: value }))
            .await
            .refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"],
            format!("/{field}"),
            "{problem}"
        );
    }
    for terms in [
        json!({ "expires_in": 31_536_000 }),
        json!({ "max_uses": 100_000 }),
    ] {
        invite(&ana, &room, terms).await;
    }
    server.stopped().await;
}

#[tokio::test]
async fn room_has_at_most_100_valid_invites() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let spent = invite(&ana, &room, json!({ "max_uses": 1 })).await;
    server
        .user("ben")
        .await
        .join(code(&spent))
        .await
        .expect(200);
    let mut last = Value::Null;
    for _ in 0..100 {
        last = invite(&ana, &room, json!({})).await;
    }
    ana.post(&invites(&room), json!({}))
        .await
        .refused(409, "too_many_invites");
    assert_eq!(listed(&ana, &room).await.len(), 101, "and the standing one");
    ana.delete(&format!("{}/{}", invites(&room), last["id"]))
        .await
        .expect(204);
    invite(&ana, &room, json!({})).await;
    server.stopped().await;
}

#[tokio::test]
async fn invite_preview_needs_no_sign_in() {
    let server = TestServer::start().await;
    let (room, [ana, _ben]) = server.room_of(["ana", "ben"]).await;
    let made = invite(&ana, &room, json!({ "max_uses": 1 })).await;
    let typed = code(&made).to_lowercase().replace('-', "");
    for code in [code(&made), &typed, &room.code] {
        let told = server
            .get(&format!("/api/invites/{code}"))
            .await
            .expect(200);
        let expected = json!({ "room": { "name": "lobby", "kind": "private", "member_count": 2 } });
        assert_eq!(told, expected, "no more than that");
    }
    assert_eq!(
        listed(&ana, &room).await[1]["uses"],
        0,
        "looking spends nothing"
    );
    let page = server.get(&format!("/i/{typed}")).await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(
        page.header("referrer-policy"),
        Some("no-referrer"),
        "a link that is followed from there must not give the code away"
    );
    ana.delete(&format!("/api/rooms/{}", room.id))
        .await
        .expect(204);
    server
        .get(&format!("/api/invites/{typed}"))
        .await
        .refused(404, "bad_code");
    server.stopped().await;
}

#[tokio::test]
async fn invite_preview_is_rate_limited() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.attempts_burst = 3;
        config.limits.attempts_per_min = 1;
    })
    .await;
    let guess = "/api/invites/K7QM-2XWD-9F4H-PT3C";
    for _ in 0..3 {
        server.get(guess).await.refused(404, "bad_code");
    }
    let reply = server.get(guess).await;
    reply.refused(429, "rate_limited");
    assert!(reply.header("retry-after").is_some(), "{reply:?}");
    server.stopped().await;
}

#[tokio::test]
async fn database_contains_no_invite_code() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let made = invite(&ana, &room, json!({})).await;
    let canonical = code(&made).replace('-', "");
    let standing = room.code.replace('-', "");
    let mut standing_seen = false;
    for file in std::fs::read_dir(server.folder()).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        for secret in [code(&made), &canonical, &canonical.to_lowercase()] {
            assert!(!holds(secret), "{secret} is in {}", path.display());
        }
        standing_seen |= holds(&standing);
    }
    assert!(
        standing_seen,
        "the code that is shown again is the proof that this looks in the right place"
    );
    server.user("ben").await.join(code(&made)).await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn invite_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let made = invite(&ana, &room, json!({ "max_uses": 2 })).await;
    server.user("ben").await.join(code(&made)).await.expect(200);
    server.stopped().await;

    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    server
        .user("cleo")
        .await
        .join(code(&made))
        .await
        .expect(200);
    let dan = server.user("dan").await;
    dan.join(code(&made)).await.refused(404, "bad_code");
    server.stopped().await;
}
