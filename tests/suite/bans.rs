//! `/api/rooms/{id}/bans`: out, and not back in.

use serde_json::{Value, json};

use crate::support::{Room, TestServer, User};

fn bans(room: &Room) -> String {
    format!("/api/rooms/{}/bans", room.id)
}

fn ban(room: &Room, user: &User) -> String {
    format!("{}/{}", bans(room), user.id)
}

async fn put(user: &User, path: &str) -> crate::support::Reply {
    user.put(path, Value::Null).await
}

#[tokio::test]
async fn banned_user_cannot_rejoin_with_any_code() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.ban(&room, &ben).await;
    let path = format!("/api/rooms/{}/access_code", room.id);
    let code = ana.post(&path, Value::Null).await.expect(200)["access_code"].clone();
    let mut answers = Vec::new();
    for code in [
        room.code.as_str(),
        code.as_str().unwrap(),
        "K7QM-2XWD-9F4H-PT3C",
    ] {
        let mut problem = ben.join(code).await.refused(404, "bad_code");
        problem["request_id"].take();
        answers.push(problem);
    }
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:#?}");
    let by_number = json!({ "room_id": room.id });
    ben.post("/api/rooms/join", by_number)
        .await
        .refused(404, "not_found");
    ben.get(&format!("/api/rooms/{}", room.id))
        .await
        .refused(404, "not_found");
    // Lifted, the ban does not bring them back; a code does.
    ana.unban(&room, &ben).await;
    ben.get(&format!("/api/rooms/{}", room.id))
        .await
        .refused(404, "not_found");
    ben.join(code.as_str().unwrap()).await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn banned_user_cannot_read_a_public_room() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let made = ana
        .post("/api/rooms", json!({ "name": "agora", "kind": "public" }))
        .await
        .expect(201);
    let room = Room {
        id: made["id"].as_i64().unwrap(),
        code: made["access_code"].as_str().unwrap().to_owned(),
    };
    let enter = json!({ "room_id": room.id });
    ben.post("/api/rooms/join", enter.clone()).await.expect(200);
    ana.ban(&room, &ben).await;
    ben.post("/api/rooms/join", enter.clone())
        .await
        .refused(404, "not_found");
    ben.join(&room.code).await.refused(404, "bad_code");
    assert_eq!(
        ben.get("/api/rooms?discover=1").await.expect(200),
        json!([])
    );
    ana.unban(&room, &ben).await;
    ben.post("/api/rooms/join", enter).await.expect(200);
    server.stopped().await;
}

#[tokio::test]
async fn only_higher_roles_can_ban() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben, bob, cleo, dan]) =
        server.room_of(["ana", "ben", "bob", "cleo", "dan"]).await;
    let stranger = server.user("eve").await;
    for moderator in [&ben, &bob] {
        ana.give_role(&room, moderator, "moderator").await;
    }
    // Non-members, including server admins, do not learn that the room exists.
    for outsider in [&stranger, &admin] {
        put(outsider, &ban(&room, &dan))
            .await
            .refused(404, "not_found");
        outsider
            .delete(&ban(&room, &dan))
            .await
            .refused(404, "not_found");
        outsider.get(&bans(&room)).await.refused(404, "not_found");
    }
    put(&cleo, &ban(&room, &dan))
        .await
        .refused(403, "forbidden");
    cleo.delete(&ban(&room, &dan))
        .await
        .refused(403, "forbidden");
    cleo.get(&bans(&room)).await.refused(403, "forbidden");
    for whom in [&ana, &bob, &ben] {
        put(&ben, &ban(&room, whom)).await.refused(403, "forbidden");
    }
    put(&ana, &ban(&room, &ana)).await.refused(403, "forbidden");
    ben.ban(&room, &dan).await;
    ana.ban(&room, &bob).await;
    assert_eq!(
        ana.get(&bans(&room)).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    server.stopped().await;
}

#[tokio::test]
async fn ban_removes_and_notifies_immediately() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let (mut all, _) = cleo.connect().await;
    let (mut witness, _) = ben.connect().await;
    let terminal = cleo.terminal(&room, "").await;
    for _ in 0..2 {
        ana.ban(&room, &cleo).await;
    }
    let left = all.next_of("room_left").await;
    assert_eq!(
        (&left["room_id"], &left["reason"]),
        (&json!(room.id), &json!("banned")),
        "{left}"
    );
    let (lines, closed) = terminal.closed().await;
    assert_eq!(closed.code, 4403, "{closed:?}");
    assert_eq!(lines.last().unwrap(), "* you were banned from #lobby");
    let said = witness.next_message().await;
    assert_eq!(
        (&said["body"], &said["event"]),
        (
            &json!("ana banned cleo"),
            &json!({ "type": "banned", "username": "cleo" })
        ),
        "{said}"
    );
    // The second time nothing happened.
    let history = ana.history(&room).await;
    assert_eq!(history.last().unwrap()["seq"], said["seq"], "{history:?}");
    let shown = ana
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert_eq!(shown["member_count"], 2, "{shown}");
    server.stopped().await;
}

/// Otherwise the numbers of accounts could be tried for the names behind them.
#[tokio::test]
async fn former_member_can_be_banned_and_stranger_cannot() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let stranger = server.user("eve").await;
    ben.leave(&room).await;
    ana.kick(&room, &cleo).await;
    let seq = ana.history(&room).await.len();
    for gone in [&ben, &cleo] {
        ana.ban(&room, gone).await;
        gone.join(&room.code).await.refused(404, "bad_code");
    }
    assert_eq!(ana.history(&room).await.len(), seq, "nobody went out");
    let mut hidden = put(&ana, &ban(&room, &stranger))
        .await
        .refused(404, "not_found");
    let nobody = format!("{}/999999", bans(&room));
    let mut nobody = put(&ana, &nobody).await.refused(404, "not_found");
    for problem in [&mut hidden, &mut nobody] {
        problem["request_id"].take();
    }
    assert_eq!(hidden, nobody);
    // Met elsewhere is met.
    let other = stranger.create_room("elsewhere").await;
    ana.join(&other.code).await.expect(200);
    ana.ban(&room, &stranger).await;
    stranger.join(&room.code).await.refused(404, "bad_code");
    // Lifting a ban that does not exist succeeds.
    for _ in 0..2 {
        ana.unban(&room, &stranger).await;
    }
    server.stopped().await;
}

#[tokio::test]
async fn moderators_list_bans_in_pages() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo, dan]) = server.room_of(["ana", "ben", "cleo", "dan"]).await;
    ana.give_role(&room, &ben, "moderator").await;
    ben.ban(&room, &dan).await;
    ana.ban(&room, &cleo).await;
    let page = ben
        .get(&format!("{}?limit=1", bans(&room)))
        .await
        .expect(200);
    let first = &page["items"][0];
    assert_eq!(
        (&page["has_after"], &first["user"], &first["by"]["username"]),
        (
            &json!(true),
            &json!({ "id": cleo.id, "username": "cleo", "display_name": "cleo", "avatar": null }),
            &json!("ana")
        ),
        "{page}"
    );
    assert!(
        first["created_at"].as_str().unwrap().ends_with('Z'),
        "{page}"
    );
    let rest = format!("{}?after={}", bans(&room), cleo.id);
    let page = ben.get(&rest).await.expect(200);
    assert_eq!(
        (&page["has_after"], &page["items"][0]["user"]["id"]),
        (&json!(false), &json!(dan.id)),
        "{page}"
    );
    for limit in ["0", "201", "x"] {
        let path = format!("{}?limit={limit}", bans(&room));
        let problem = ben.get(&path).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/limit", "{problem}");
    }
    server.stopped().await;
}
