//! Speaking to somebody alone, and not wanting to.

use serde_json::{Value, json};

use crate::support::{Reply, Room, TestServer, User};

async fn open(user: &User, others: &[&User]) -> Reply {
    let ids: Vec<i64> = others.iter().map(|other| other.id).collect();
    user.post("/api/dms", json!({ "user_ids": ids })).await
}

/// The direct room as tests know rooms; it has no code.
fn room(reply: &Value) -> Room {
    Room {
        id: reply["id"].as_i64().unwrap(),
        code: String::new(),
    }
}

#[tokio::test]
async fn set_of_users_has_one_direct_room() {
    let server = TestServer::start().await;
    let (_, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let (mut phone, _) = ben.connect().await;
    let made = open(&ana, &[&ben]).await.expect(201);
    assert_eq!(
        (&made["kind"], &made["name"], &made["role"]),
        (&json!("direct"), &json!("ben"), &json!("member"))
    );
    assert_eq!(made["members"].as_array().unwrap().len(), 2);
    let told = phone.next_of("room").await;
    assert_eq!(
        (&told["room"]["id"], &told["room"]["name"]),
        (&made["id"], &json!("ana"))
    );
    // For every caller and every repetition, with or without the caller's own id.
    assert_eq!(
        open(&ben, &[&ana, &ben]).await.expect(200)["id"],
        made["id"]
    );
    assert_eq!(
        open(&ana, &[&ben, &ben]).await.expect(200)["id"],
        made["id"]
    );
    let three = open(&ana, &[&ben, &cid]).await.expect(201);
    assert_ne!(three["id"], made["id"]);
    assert_eq!(three["name"], "ben, cid");

    ana.send_message(&room(&made), "psst").await;
    assert_eq!(phone.next_message().await["body"], "psst");
    let rooms = ben.get("/api/rooms").await.expect(200);
    let standing = rooms
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == made["id"])
        .unwrap()
        .clone();
    assert_eq!(
        (&standing["unread"], &standing["mentions"]),
        (&json!(1), &json!(1)),
        "who is spoken to alone is meant"
    );
    server.stopped().await;
}

#[tokio::test]
async fn direct_room_has_fixed_members_and_no_moderation() {
    let server = TestServer::start().await;
    let (_, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let made = open(&ana, &[&ben]).await.expect(201);
    let path = format!("/api/rooms/{}", made["id"]);
    ana.patch(&path, json!({ "name": "x" }))
        .await
        .refused(403, "forbidden");
    ana.patch(&path, json!({ "topic": "x" }))
        .await
        .refused(403, "forbidden");
    ana.delete(&path).await.refused(403, "forbidden");
    ana.post(&format!("{path}/access_code"), json!({}))
        .await
        .refused(403, "forbidden");
    ana.delete(&format!("{path}/members/me"))
        .await
        .refused(403, "forbidden");
    ana.delete(&format!("{path}/members/{}", ben.id))
        .await
        .refused(403, "forbidden");
    ana.patch(
        &format!("{path}/members/{}", ana.id),
        json!({ "role": "owner" }),
    )
    .await
    .refused(403, "forbidden");
    cid.get(&path).await.refused(404, "not_found");
    cid.post("/api/rooms/join", json!({ "room_id": made["id"] }))
        .await
        .refused(404, "not_found");
    assert!(
        ana.get(&path)
            .await
            .expect(200)
            .get("access_code")
            .is_none()
    );
    ana.post("/api/rooms", json!({ "name": "x", "kind": "direct" }))
        .await
        .refused(422, "invalid");
    let profile = ana.get(&format!("/api/users/{}", ben.id)).await.expect(200);
    assert_eq!(
        profile["chat_rooms"].as_array().unwrap().len(),
        1,
        "{profile}"
    );
    // Pins are for both.
    let said = ana.send_message(&room(&made), "hi").await;
    ben.put(&format!("{path}/messages/{}/pin", said["seq"]), json!({}))
        .await
        .expect(204);
    server.stopped().await;
}

#[tokio::test]
async fn invisible_user_cannot_be_messaged() {
    let server = TestServer::start().await;
    let (_, [ana]) = server.room_of(["ana"]).await;
    let stranger = server.user("eve").await;
    open(&ana, &[&stranger]).await.refused(422, "invalid");
    for ids in [
        json!([]),
        json!([ana.id]),
        json!([999]),
        json!((1..=11).collect::<Vec<_>>()),
    ] {
        let refused = ana.post("/api/dms", json!({ "user_ids": ids })).await;
        refused.refused(422, "invalid");
    }
    server.stopped().await;
}

#[tokio::test]
async fn concurrent_requests_open_the_same_direct_room() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (from_ana, from_ben) = ([&ben], [&ana]);
    let (one, other) = tokio::join!(open(&ana, &from_ana), open(&ben, &from_ben));
    let ids: Vec<Value> = [one, other]
        .iter()
        .map(|reply| reply.json()["id"].clone())
        .collect();
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].is_i64());
    server.stopped().await;
}

#[tokio::test]
async fn a_block_ends_direct_messages_and_mentions() {
    let server = TestServer::start().await;
    let (lobby, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let made = open(&ana, &[&ben]).await.expect(201);
    let block = format!("/api/me/blocks/{}", ana.id);
    ben.put(&block, json!({})).await.expect(204);
    ben.put(&block, json!({})).await.expect(204);
    let blocks = ben.get("/api/me/blocks").await.expect(200);
    assert_eq!(blocks["items"][0]["id"], ana.id);
    let path = format!("/api/rooms/{}/messages", made["id"]);
    ana.post(&path, json!({ "body": "hello?" }))
        .await
        .refused(403, "blocked");
    let (mut socket, _) = ana.connect().await;
    socket.send_message(&room(&made), "k", "hello?").await;
    assert_eq!(socket.answer().await["code"], "blocked");
    // Elsewhere they still speak, but ask for no attention.
    ana.send_message(&lobby, "@ben look").await;
    let rooms = ben.get("/api/rooms").await.expect(200);
    assert_eq!(rooms[0]["mentions"], 0, "{rooms}");
    ben.delete(&block).await.expect(204);
    ana.post(&path, json!({ "body": "hello" }))
        .await
        .expect(201);
    ben.put(&format!("/api/me/blocks/{}", ben.id), json!({}))
        .await
        .refused(422, "invalid");
    ben.put("/api/me/blocks/999", json!({}))
        .await
        .refused(404, "not_found");
    // A new room with somebody who does not want it cannot be made either.
    let (_, [cid, dan]) = server.room_of(["cid", "dan"]).await;
    dan.put(&format!("/api/me/blocks/{}", cid.id), json!({}))
        .await
        .expect(204);
    open(&cid, &[&dan]).await.refused(403, "blocked");
    server.stopped().await;
}

#[tokio::test]
async fn direct_rooms_of_others_do_not_use_up_the_room_limit() {
    let server = TestServer::with(|config| config.limits.rooms_per_user = 3).await;
    let (_, [ana, ben, cid, dan, eve]) = server.room_of(["ana", "ben", "cid", "dan", "eve"]).await;
    for others in [[&ana, &ben], [&ana, &cid], [&ana, &dan]] {
        open(&eve, &others).await.expect(201);
    }
    // She has made as many as one may. Those whom she drew in still do as they like.
    open(&eve, &[&ana, &ben, &cid])
        .await
        .refused(409, "too_many_rooms");
    open(&ana, &[&ben]).await.expect(201);
    ana.create_room("second").await;
    ana.create_room("third").await;
    let fourth = json!({ "name": "fourth" });
    let refused = ana.post("/api/rooms", fourth).await;
    refused.refused(409, "too_many_rooms");
    server.stopped().await;
}

#[tokio::test]
async fn blocked_user_cannot_write_by_editing() {
    let server = TestServer::start().await;
    let (lobby, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let alone = room(&open(&ana, &[&ben]).await.expect(201));
    let said = ana.send_message(&alone, "hello").await;
    let path = format!("/api/rooms/{}/messages/{}", alone.id, said["seq"]);
    ben.put(&format!("/api/me/blocks/{}", ana.id), json!({}))
        .await
        .expect(204);
    let edit = json!({ "body": "listen to me" });
    ana.patch(&path, edit).await.refused(403, "blocked");
    let react = format!("{path}/reactions/%F0%9F%91%8D");
    ana.put(&react, json!({})).await.refused(403, "blocked");
    let pin = format!("{path}/pin");
    ana.put(&pin, json!({})).await.refused(403, "blocked");
    ana.delete(&path).await.expect(204);
    // Nor by naming everybody elsewhere.
    ana.send_message(&lobby, "@room look").await;
    let rooms = ben.get("/api/rooms").await.expect(200);
    let lobby = &rooms.as_array().unwrap()[0];
    assert_eq!(
        (&lobby["unread"], &lobby["mentions"]),
        (&json!(1), &json!(0))
    );
    server.stopped().await;
}

#[tokio::test]
async fn block_hides_presence() {
    let server = TestServer::start().await;
    let (ana, hidden) = (server.user("ana").await, server.user("hidden").await);
    hidden.create_room("alone").await;
    ana.put(&format!("/api/me/blocks/{}", hidden.id), json!({}))
        .await
        .refused(404, "not_found");
    let blocks = ana.get("/api/me/blocks").await.expect(200);
    assert_eq!(blocks["items"], json!([]));
    server.stopped().await;
}
