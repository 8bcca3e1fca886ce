//! `/api/users/{id}`: others, as far as one may see them.

use parlor::hub::HubStats;
use serde_json::json;

use crate::support::{JsonSocket, TestServer, User};

fn profile(user: &User) -> String {
    format!("/api/users/{}", user.id)
}

#[tokio::test]
async fn profile_lists_only_shared_rooms() {
    let server = TestServer::start().await;
    let (shared, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let own = ben.create_room("ben alone").await;
    let seen = ana.get(&profile(&ben)).await.expect(200);
    assert_eq!(
        seen["chat_rooms"],
        json!([{ "id": shared.id, "name": "lobby" }]),
        "{seen}"
    );
    let user = &seen["user"];
    assert_eq!(
        (&user["id"], &user["username"], &user["display_name"]),
        (&json!(ben.id), &json!("ben"), &json!("ben")),
        "{seen}"
    );
    assert!(user["last_seen"].as_str().unwrap().ends_with('Z'), "{seen}");
    assert!(!seen.to_string().contains("password"), "{seen}");
    let seen = ben.get(&profile(&ben)).await.expect(200);
    assert_eq!(
        seen["chat_rooms"],
        json!([{ "id": shared.id, "name": "lobby" }, { "id": own.id, "name": "ben alone" }]),
        "all of one's own: {seen}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn profile_shows_presence_and_last_seen() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut watch, _) = ana.connect().await;
    let before = ana.get(&profile(&ben)).await.expect(200);
    assert_eq!(before["user"]["status"], "offline", "{before}");
    let (socket, _) = ben.connect().await;
    let during = ana.get(&profile(&ben)).await.expect(200);
    assert_eq!(during["user"]["status"], "online", "{during}");
    socket.cut();
    loop {
        let frame = watch.next_of("presence").await;
        let offline = frame["offline"].as_array().cloned().unwrap_or_default();
        if offline.iter().any(|who| who["id"] == ben.id) {
            break;
        }
    }
    let after = ana.get(&profile(&ben)).await.expect(200);
    assert_eq!(after["user"]["status"], "offline", "{after}");
    let last_seen =
        |seen: &serde_json::Value| seen["user"]["last_seen"].as_str().map(str::to_owned);
    assert!(
        last_seen(&after) > last_seen(&before),
        "{before} then {after}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn user_without_shared_or_public_room_is_not_found() {
    let server = TestServer::start().await;
    let (_, [ana, _ben]) = server.room_of(["ana", "ben"]).await;
    let eve = server.user("eve").await;
    let mut hidden = eve.get(&profile(&ana)).await.refused(404, "not_found");
    let mut nobody = eve.get("/api/users/999999").await.refused(404, "not_found");
    for problem in [&mut hidden, &mut nobody] {
        problem["request_id"].take();
    }
    assert_eq!(hidden, nobody);
    for path in ["/api/users/x", "/api/users/-1", "/api/users/0"] {
        eve.get(path).await.refused(404, "not_found");
    }
    server
        .get(&profile(&ana))
        .await
        .refused(401, "unauthenticated");
    eve.get(&profile(&eve)).await.expect(200);

    let wanted = json!({ "name": "agora", "kind": "public" });
    let agora = ana.post("/api/rooms", wanted).await.expect(201);
    let seen = eve.get(&profile(&ana)).await.expect(200);
    assert_eq!(seen["chat_rooms"], json!([]), "{seen}");
    ana.delete(&format!("/api/rooms/{}", agora["id"]))
        .await
        .expect(204);
    eve.get(&profile(&ana)).await.refused(404, "not_found");
    server.stopped().await;
}

#[tokio::test]
async fn disconnected_user_leaves_no_state_in_memory() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut sockets = Vec::new();
    for user in [&ana, &ana, &ben] {
        sockets.push(user.connect().await.0);
    }
    let terminal = ben.terminal(&room, "").await;
    let wanted = |rooms, connections, online| {
        move |stats: HubStats| {
            (stats.rooms, stats.connections, stats.online) == (rooms, connections, online)
        }
    };
    server.stats_become("all are here", wanted(1, 4, 2)).await;
    sockets.into_iter().for_each(JsonSocket::cut);
    server.stats_become("one is left", wanted(1, 1, 1)).await;
    drop(terminal);
    server.stats_become("nobody is left", wanted(0, 0, 0)).await;
    server.stopped().await;
}
