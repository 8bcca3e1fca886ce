//! Users and rooms by their names, and joining by `access_code`.

use serde_json::json;

use crate::support::{Room, TestServer};

#[tokio::test]
async fn user_lookup_ignores_case() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "Ben_1"]).await;
    let by_id = ana.get(&format!("/api/users/{}", ben.id)).await.expect(200);
    for name in ["Ben_1", "ben_1", "BEN_1", "%42en_1"] {
        let by_name = ana.get(&format!("/api/users/by-name/{name}")).await;
        assert_eq!(by_name.expect(200), by_id, "{name}");
    }
    let own = ana.get("/api/users/by-name/ana").await.expect(200);
    assert_eq!(own["user"]["hide_last_seen"], false, "{own}");
    server.stopped().await;
}

#[tokio::test]
async fn user_lookup_does_not_reveal_strangers() {
    let server = TestServer::start().await;
    let (_, [ana]) = server.room_of(["ana"]).await;
    server.user("hidden").await;
    let mut unseen = ana
        .get("/api/users/by-name/hidden")
        .await
        .refused(404, "not_found");
    let mut nobody = ana
        .get("/api/users/by-name/nobody")
        .await
        .refused(404, "not_found");
    for problem in [&mut unseen, &mut nobody] {
        problem["request_id"].take();
    }
    assert_eq!(unseen, nobody);
    server
        .get("/api/users/by-name/ana")
        .await
        .refused(401, "unauthenticated");
    server.stopped().await;
}

#[tokio::test]
async fn former_username_finds_no_user() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ben.patch("/api/me", json!({ "username": "benjamin" }))
        .await
        .expect(200);
    ana.get("/api/users/by-name/ben")
        .await
        .refused(404, "not_found");
    let found = ana.get("/api/users/by-name/benjamin").await.expect(200);
    assert_eq!(found["user"]["id"], ben.id, "{found}");
    server.stopped().await;
}

#[tokio::test]
async fn own_room_is_found_by_name() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let room = ana.create_room("Straße nach Süden").await;
    let by_id = ana
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert!(by_id["access_code"].is_string(), "{by_id}");
    for name in [
        "Stra%C3%9Fe%20nach%20S%C3%BCden",
        "STRASSE%20NACH%20S%C3%9CDEN",
        "%20stra%C3%9Fe%20%20nach%20s%C3%BCden%20",
    ] {
        for base in ["/api/rooms", "/api/chat_rooms"] {
            let found = ana.get(&format!("{base}/by-name/{name}")).await;
            assert_eq!(found.expect(200), by_id, "{name}");
        }
    }
    let path = "/api/rooms/by-name/strasse%20nach%20s%C3%BCden";
    ben.get(path).await.refused(404, "not_found");
    ben.join(&room.code).await.expect(200);
    let seen = ben.get(path).await.expect(200);
    assert_eq!(
        (&seen["id"], &seen["access_code"]),
        (&json!(room.id), &json!(null))
    );
    ben.leave(&room).await;
    ben.get(path).await.refused(404, "not_found");
    // A slash, and a name that is a path of its own.
    for (name, address) in [("a/b", "a%2Fb"), ("members", "members"), ("7", "7")] {
        let room = ana.create_room(name).await;
        let found = ana
            .get(&format!("/api/rooms/by-name/{address}"))
            .await
            .expect(200);
        assert_eq!(found["id"], room.id, "{found}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn direct_room_is_found_by_member_names() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let direct = ana
        .post("/api/dms", json!({ "user_ids": [ben.id] }))
        .await
        .expect(201);
    let found = ana.get("/api/rooms/by-name/BEN").await.expect(200);
    assert_eq!(found["id"], direct["id"], "{found}");
    server.stopped().await;
}

#[tokio::test]
async fn room_name_used_twice_is_ambiguous() {
    let server = TestServer::start().await;
    let (first, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let second: Room = ana.create_room("LOBBY").await;
    let problem = ana
        .get("/api/rooms/by-name/lobby")
        .await
        .refused(409, "ambiguous");
    assert_eq!(
        problem["room_ids"],
        json!([first.id, second.id]),
        "{problem}"
    );
    assert_eq!(
        problem["detail"],
        "2 of your rooms have this name; ask for one of them by its id"
    );
    // Rooms of others do not count.
    let found = ben.get("/api/rooms/by-name/lobby").await.expect(200);
    assert_eq!(found["id"], first.id, "{found}");
    server.stopped().await;
}

#[tokio::test]
async fn join_accepts_access_code_and_code() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let ben = server.user("ben").await;
    let other = ana.create_room("other").await;
    let join = async |body| ben.post("/api/rooms/join", body).await;
    let (code, loose) = (&room.code, room.code.to_lowercase().replace('-', ""));
    let refused = join(json!({ "code": code, "access_code": other.code })).await;
    let problem = refused.refused(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/access_code", "{problem}");
    let refused = join(json!({ "access_code": code, "room_id": room.id })).await;
    let problem = refused.refused(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/room_id", "{problem}");
    let problem = join(json!({})).await.refused(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/code", "{problem}");
    ben.get(&format!("/api/rooms/{}", room.id))
        .await
        .refused(404, "not_found");

    let joined = join(json!({ "access_code": code })).await.expect(200);
    assert_eq!(joined["id"], room.id, "{joined}");
    let again = join(json!({ "code": code, "access_code": loose }))
        .await
        .expect(200);
    assert_eq!(again["id"], room.id, "{again}");
    join(json!({ "access_code": "K7QM-2XWD-9F4H-PT3C" }))
        .await
        .refused(404, "bad_code");
    server.stopped().await;
}
