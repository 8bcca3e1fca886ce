//! Changes of rights and restrictions apply to the very next message, also for recent senders, which the writer
//! caches.

use serde_json::{Value, json};

use crate::support::{Reply, Room, TestServer, User};

fn place(room: &Room) -> String {
    format!("/api/rooms/{}", room.id)
}

async fn post(user: &User, room: &Room, body: &str) -> Reply {
    let path = format!("{}/messages", place(room));
    user.post(&path, json!({ "body": body })).await
}

async fn edit(owner: &User, room: &Room, change: Value) {
    owner.patch(&place(room), change).await.expect(200);
}

#[tokio::test]
async fn messages_show_the_current_display_name() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    assert_eq!(
        ben.send_message(&room, "one").await["author"]["username"],
        "ben"
    );
    let change = json!({ "username": "benno", "display_name": "Benno" });
    ben.patch("/api/me", change).await.expect(200);
    let author = &ben.send_message(&room, "two").await["author"];
    assert_eq!(
        (&author["username"], &author["display_name"]),
        (&json!("benno"), &json!("Benno"))
    );
    // Mentioned users are looked up at that moment, too.
    let named = ana.send_message(&room, "@benno and @ben and @cid").await;
    assert_eq!(named["mentions"], json!([ben.id]));
    let cid = server.user("cid").await;
    cid.join(&room.code).await.expect(200);
    let named = ana.send_message(&room, "@cid").await;
    assert_eq!(named["mentions"], json!([cid.id]));
    server.stopped().await;
}

#[tokio::test]
async fn restrictions_begin_and_end_immediately() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ben.send_message(&room, "one").await;
    let mute = format!("{}/mutes/{}", place(&room), ben.id);
    ana.put(&mute, json!({ "seconds": 60 })).await.expect(204);
    post(&ben, &room, "two").await.refused(403, "muted");
    ana.delete(&mute).await.expect(204);
    ben.send_message(&room, "two").await;

    edit(&ana, &room, json!({ "locked": true })).await;
    post(&ben, &room, "three").await.refused(403, "locked");
    ana.give_role(&room, &ben, "moderator").await;
    ben.send_message(&room, "three").await;
    ana.give_role(&room, &ben, "member").await;
    post(&ben, &room, "four").await.refused(403, "locked");
    edit(&ana, &room, json!({ "locked": false })).await;
    ben.send_message(&room, "four").await;

    edit(&ana, &room, json!({ "slow_mode_s": 3600 })).await;
    ben.send_message(&room, "five").await;
    post(&ben, &room, "six").await.refused(429, "slow_mode");
    edit(&ana, &room, json!({ "slow_mode_s": 0 })).await;
    ben.send_message(&room, "six").await;
    server.stopped().await;
}

#[tokio::test]
async fn former_member_cannot_send_until_rejoining() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    for way in ["kick", "ban", "leave"] {
        ben.send_message(&room, way).await;
        match way {
            "kick" => ana.kick(&room, &ben).await,
            "ban" => ana.ban(&room, &ben).await,
            _ => ben.leave(&room).await,
        }
        post(&ben, &room, "out").await.refused(404, "not_found");
        if way == "ban" {
            ana.unban(&room, &ben).await;
        }
        ben.join(&room.code).await.expect(200);
        ben.send_message(&room, "in").await;
    }
    ana.delete(&place(&room)).await.expect(204);
    post(&ben, &room, "out").await.refused(404, "not_found");
    server.stopped().await;
}

#[tokio::test]
async fn block_applies_and_ends_immediately() {
    let server = TestServer::start().await;
    let (lobby, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let ids = json!({ "user_ids": [ben.id] });
    let direct = ana.post("/api/dms", ids).await.expect(201);
    let direct = Room {
        id: direct["id"].as_i64().unwrap(),
        code: String::new(),
    };
    ben.send_message(&direct, "one").await;
    let block = format!("/api/me/blocks/{}", ben.id);
    ana.put(&block, json!({})).await.expect(204);
    post(&ben, &direct, "two").await.refused(403, "blocked");
    ana.send_message(&direct, "who blocks still speaks").await;
    ben.send_message(&lobby, "elsewhere one speaks").await;
    ana.delete(&block).await.expect(204);
    ben.send_message(&direct, "two").await;
    server.stopped().await;
}

#[tokio::test]
async fn room_mention_works_in_small_rooms() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    assert_eq!(
        ben.send_message(&room, "@room").await["mentions_room"],
        true
    );
    let many = server.users("user", 19).await;
    for user in &many {
        user.join(&room.code).await.expect(200);
    }
    let large = ben.send_message(&room, "@room").await;
    assert_eq!(large.get("mentions_room"), None, "{large}");
    many[0].leave(&room).await;
    assert_eq!(
        ben.send_message(&room, "@room").await["mentions_room"],
        true
    );
    ana.send_message(&room, "@room").await;
    server.stopped().await;
}
