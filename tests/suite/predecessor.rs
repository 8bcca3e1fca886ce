//! The predecessor's walkthrough, call by call, with a token in place of a bare user id.

use serde_json::{Value, json};

use crate::support::{Room, Terminal, TestServer, User};

async fn profile(reader: &User, id: i64) -> Value {
    reader.get(&format!("/api/users/{id}")).await.expect(200)
}

#[tokio::test]
async fn predecessor_walkthrough_works_with_tokens() {
    let server = TestServer::start().await;
    let account = |name: &str| json!({ "username": name, "password": "password123" });

    // Sign up.
    for (name, id) in [("user1", 1), ("user2", 2)] {
        let body = server
            .post("/api/auth/signup", account(name))
            .await
            .expect(201);
        let user = &body["user"];
        assert_eq!(
            (&user["id"], &user["username"], &user["status"]),
            (&json!(id), &json!(name), &json!("offline")),
            "{body}"
        );
        assert!(user["last_seen"].is_string(), "{body}");
    }
    server
        .post("/api/auth/signup", account("user1"))
        .await
        .refused(409, "username_taken");

    // Sign in.
    let mut users = Vec::new();
    for (name, id) in [("user1", 1), ("user2", 2)] {
        let user = User::sign_in(server.address, name, "password123").await;
        assert_eq!(user.id, id);
        users.push(user);
    }
    let [one, two] = users.try_into().unwrap_or_else(|_| unreachable!());
    let wrong = json!({ "username": "user1", "password": "password124" });
    server
        .post("/api/auth/signin", wrong)
        .await
        .refused(401, "bad_credentials");

    // Create a room: its maker is inside.
    let made = one
        .post("/api/chat_rooms", json!({ "name": "TestRoom1" }))
        .await
        .expect(201);
    assert_eq!(
        (&made["id"], &made["name"]),
        (&json!(1), &json!("TestRoom1")),
        "{made}"
    );
    let room = Room {
        id: 1,
        code: made["access_code"].as_str().unwrap().to_owned(),
    };

    // Join, and once more: success again.
    for _ in 0..2 {
        let joined = two
            .post("/api/chat_rooms/join", json!({ "code": room.code }))
            .await
            .expect(200);
        assert_eq!(joined["id"], 1, "{joined}");
    }
    two.post("/api/chat_rooms/join", json!({ "code": "wrong" }))
        .await
        .refused(404, "bad_code");

    // Enter, by the address that names room and user, and see the other come.
    let mut first = Terminal::open(server.address, "/ws/1/1", &one.token).await;
    first.next_with("#TestRoom1").await;
    let mut second = Terminal::open(server.address, "/ws/1/2", &two.token).await;
    second.next_with("#TestRoom1").await;
    first.next_with("user2 is online").await;
    first.enter("hello from one").await;
    second.next_with("<user1> hello from one").await;
    second.enter("hello from two").await;
    first.next_with("<user2> hello from two").await;

    // Status.
    for reader in [&one, &two] {
        for id in [1, 2] {
            let seen = profile(reader, id).await;
            assert_eq!(seen["user"]["status"], "online", "{seen}");
            assert_eq!(
                seen["chat_rooms"],
                json!([{ "id": 1, "name": "TestRoom1" }]),
                "{seen}"
            );
        }
    }

    // Leave.
    let before = profile(&one, 2).await;
    drop(second);
    first.next_with("user2 is offline").await;
    let after = profile(&one, 2).await;
    assert_eq!(after["user"]["status"], "offline", "{after}");
    assert!(
        after["user"]["last_seen"].as_str() > before["user"]["last_seen"].as_str(),
        "{before} then {after}"
    );

    // Delete the room.
    two.delete("/api/chat_rooms/1")
        .await
        .refused(403, "forbidden");
    one.delete("/api/chat_rooms/1").await.expect(204);
    assert_eq!(profile(&one, 1).await["chat_rooms"], json!([]));
    two.get("/api/chat_rooms/1").await.refused(404, "not_found");
    server.stopped().await;
}
