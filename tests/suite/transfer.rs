//! `/api/rooms/{id}/owner`: handing a room over.

use serde_json::{Value, json};

use crate::support::{Room, TestServer, User};

async fn roles(reader: &User, room: &Room) -> Vec<Value> {
    let path = format!("/api/rooms/{}/members", room.id);
    let list = reader.get(&path).await.expect(200);
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["role"].clone()).collect()
}

#[tokio::test]
async fn owner_transfers_the_room() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let path = format!("/api/rooms/{}/owner", room.id);
    let (mut before, _) = ana.connect().await;
    let (mut after, _) = ben.connect().await;
    ana.post(&path, json!({ "user_id": ben.id }))
        .await
        .expect(204);
    assert_eq!(before.next_of("room").await["room"]["role"], "moderator");
    let owned = after.next_of("room").await;
    assert_eq!(owned["room"]["role"], "owner", "{owned}");
    assert_eq!(roles(&cleo, &room).await, ["moderator", "owner", "member"]);
    ana.post(&path, json!({ "user_id": ana.id }))
        .await
        .refused(403, "forbidden");
    // From one owner to another there is one less.
    ben.give_role(&room, &cleo, "owner").await;
    cleo.post(&path, json!({ "user_id": ben.id }))
        .await
        .expect(204);
    assert_eq!(
        roles(&cleo, &room).await,
        ["moderator", "owner", "moderator"]
    );
    server.stopped().await;
}

#[tokio::test]
async fn only_owner_transfers_and_only_to_a_member() {
    let server = TestServer::start().await;
    let admin = server.user("root").await;
    let (room, [ana, ben, cleo]) = server.room_of(["ana", "ben", "cleo"]).await;
    let stranger = server.user("eve").await;
    ana.give_role(&room, &ben, "moderator").await;
    let path = format!("/api/rooms/{}/owner", room.id);
    for user in [&ben, &cleo] {
        user.post(&path, json!({ "user_id": user.id }))
            .await
            .refused(403, "forbidden");
    }
    for outsider in [&stranger, &admin] {
        outsider
            .post(&path, json!({ "user_id": outsider.id }))
            .await
            .refused(404, "not_found");
    }
    for nobody in [stranger.id, 999_999] {
        ana.post(&path, json!({ "user_id": nobody }))
            .await
            .refused(404, "not_found");
    }
    for body in [
        json!({}),
        json!({ "user_id": ana.id }),
        json!({ "user_id": "x" }),
    ] {
        let problem = ana.post(&path, body).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/user_id", "{problem}");
    }
    assert_eq!(roles(&cleo, &room).await, ["owner", "moderator", "member"]);
    server.stopped().await;
}
