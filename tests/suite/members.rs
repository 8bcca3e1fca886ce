//! `/api/rooms/{id}/members`: who is in, roles, going and being sent away.

use serde_json::{Value, json};

use crate::support::{Room, TestServer, User};

fn members(room: &Room) -> String {
    format!("/api/rooms/{}/members", room.id)
}

fn member(room: &Room, user: &User) -> String {
    format!("{}/{}", members(room), user.id)
}

async fn roster(user: &User, room: &Room) -> Vec<Value> {
    let body = user.get(&members(room)).await.expect(200);
    assert_eq!(body["has_after"], false, "{body}");
    body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn list_shows_members_and_presence() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, _) = ben.connect().await;
    let items = roster(&ana, &room).await;
    let seen: Vec<_> = items
        .iter()
        .map(|item| {
            let user = &item["user"];
            (&user["username"], &user["status"], &item["role"])
        })
        .collect();
    assert_eq!(
        seen,
        [
            (&json!("ana"), &json!("offline"), &json!("owner")),
            (&json!("ben"), &json!("online"), &json!("member"))
        ]
    );
    for item in &items {
        for time in [&item["user"]["last_seen"], &item["joined_at"]] {
            assert!(time.as_str().unwrap().ends_with('Z'), "{item}");
        }
    }
    let before = items[1]["user"]["last_seen"].clone();
    let (mut watch, _) = ana.connect().await;
    socket.cut();
    loop {
        let frame = watch.next_of("presence").await;
        let offline = frame["offline"].as_array().cloned().unwrap_or_default();
        if offline.iter().any(|who| who["id"] == ben.id) {
            break;
        }
    }
    let items = roster(&ana, &room).await;
    assert_eq!(items[1]["user"]["status"], "offline", "{items:?}");
    assert!(
        items[1]["user"]["last_seen"].as_str() > before.as_str(),
        "{before} then {items:?}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn list_has_pages() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let path = members(&room);
    let (mut seen, mut after) = (Vec::new(), 0);
    for has_after in [true, true, false] {
        let page = ana
            .get(&format!("{path}?after={after}&limit=1"))
            .await
            .expect(200);
        assert_eq!(page["has_after"], has_after, "{page}");
        after = page["items"][0]["user"]["id"].as_i64().unwrap();
        seen.push(after);
    }
    assert_eq!(seen, [ana.id, ben.id, cleo.id]);
    for limit in ["0", "201", "-1", "x"] {
        let problem = ana
            .get(&format!("{path}?limit={limit}"))
            .await
            .refused(422, "invalid");
        assert_eq!(
            problem["errors"][0]["pointer"], "/limit",
            "{limit}: {problem}"
        );
    }
    server.stopped().await;
}

#[tokio::test]
async fn member_can_leave_and_rejoin() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ben.connect().await;
    ben.delete(&format!("{}/me", members(&room)))
        .await
        .expect(204);
    let left = socket.next_of("room_left").await;
    assert_eq!(
        (&left["room_id"], &left["reason"]),
        (&json!(room.id), &json!("left")),
        "{left}"
    );
    ben.get(&members(&room)).await.refused(404, "not_found");
    ben.delete(&format!("{}/me", members(&room)))
        .await
        .refused(404, "not_found");
    assert_eq!(roster(&ana, &room).await.len(), 1);
    let history = ana.history(&room).await;
    assert_eq!(history.last().unwrap()["body"], "ben left", "{history:?}");
    ana.send_message(&room, "while ben is away").await;
    let back = ben.join(&room.code).await.expect(200);
    assert_eq!(
        (&back["member_count"], &back["unread"]),
        (&json!(2), &json!(0)),
        "{back}"
    );
    // One's own number does as well as `me`.
    ben.delete(&member(&room, &ben)).await.expect(204);
    server.stopped().await;
}

#[tokio::test]
async fn last_owner_must_transfer_before_leaving() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let me = format!("{}/me", members(&room));
    ana.delete(&me).await.refused(409, "last_owner");
    ana.patch(&member(&room, &ana), json!({ "role": "member" }))
        .await
        .refused(409, "last_owner");
    ana.patch(&member(&room, &ben), json!({ "role": "owner" }))
        .await
        .expect(204);
    ana.delete(&me).await.expect(204);
    ben.delete(&me).await.refused(409, "last_owner");
    server.stopped().await;
}

#[tokio::test]
async fn concurrent_leaves_keep_one_owner() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.patch(&member(&room, &ben), json!({ "role": "owner" }))
        .await
        .expect(204);
    let me = format!("{}/me", members(&room));
    let (one, two) = tokio::join!(ana.delete(&me), ben.delete(&me));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{one:?} {two:?}");
    server.stopped().await;
}

#[tokio::test]
async fn member_of_lower_role_can_be_removed() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo, dan]) = server.room_of(["ana", "ben", "cleo", "dan"]).await;
    let stranger = server.user("eve").await;
    ana.patch(&member(&room, &ben), json!({ "role": "moderator" }))
        .await
        .expect(204);
    for (who, whom) in [(&cleo, &dan), (&ben, &ana), (&cleo, &ana)] {
        who.delete(&member(&room, whom))
            .await
            .refused(403, "forbidden");
    }
    ana.delete(&member(&room, &stranger))
        .await
        .refused(404, "not_found");
    let (mut all, _) = cleo.connect().await;
    let terminal = cleo.terminal(&room, "").await;
    ben.delete(&member(&room, &cleo)).await.expect(204);
    let left = all.next_of("room_left").await;
    assert_eq!(
        (&left["room_id"], &left["reason"]),
        (&json!(room.id), &json!("kicked")),
        "{left}"
    );
    let (_, closed) = terminal.closed().await;
    assert_eq!(closed.code, 4403, "{closed:?}");
    cleo.get(&members(&room)).await.refused(404, "not_found");
    let history = ana.history(&room).await;
    assert_eq!(
        history.last().unwrap()["body"],
        "ben removed cleo",
        "{history:?}"
    );
    ana.delete(&member(&room, &ben)).await.expect(204);
    assert_eq!(roster(&ana, &room).await.len(), 2);
    server.stopped().await;
}

#[tokio::test]
async fn only_owners_change_roles() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let stranger = server.user("eve").await;
    let role = |role: &str| json!({ "role": role });
    for user in [&ben, &cleo] {
        user.patch(&member(&room, &ben), role("owner"))
            .await
            .refused(403, "forbidden");
    }
    ana.patch(&member(&room, &ben), role("moderator"))
        .await
        .expect(204);
    ben.patch(&member(&room, &cleo), role("moderator"))
        .await
        .refused(403, "forbidden");
    ana.patch(&member(&room, &stranger), role("moderator"))
        .await
        .refused(404, "not_found");
    for body in [role("king"), json!({}), json!({ "role": 1 })] {
        let problem = ana
            .patch(&member(&room, &ben), body)
            .await
            .refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/role", "{problem}");
    }
    let roles: Vec<_> = roster(&ana, &room)
        .await
        .iter()
        .map(|item| item["role"].clone())
        .collect();
    assert_eq!(roles, ["owner", "moderator", "member"]);
    let seen = ben
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert_eq!(seen["role"], "moderator", "{seen}");
    server.stopped().await;
}
