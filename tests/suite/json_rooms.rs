//! Rooms that come, change and go while a JSON socket is open.

use serde_json::json;

use crate::support::{Closed, TestServer};

#[tokio::test]
async fn room_joined_elsewhere_is_delivered_immediately() {
    let server = TestServer::start().await;
    let (room, [ana]) = server.room_of(["ana"]).await;
    let ben = server.user("ben").await;
    let (mut socket, ready) = ben.connect().await;
    assert_eq!(ready["rooms"], json!([]));
    let (mut one_room, _) = {
        let own = ben.create_room("own").await;
        ben.connect_to(&own).await
    };
    assert_eq!(socket.next_of("room").await["room"]["name"], "own");
    let joined = ben.join(&room.code).await.expect(200);
    let frame = socket.next_of("room").await;
    assert_eq!(frame["room"]["id"], room.id, "{frame}");
    assert_eq!(frame["room"]["role"], "member", "{frame}");
    assert_eq!(frame["room"]["head"], joined["head"], "{frame}");
    assert!(
        frame["room"]["online"]
            .as_array()
            .unwrap()
            .contains(&json!(ben.id)),
        "{frame}"
    );
    let said = ana.send_message(&room, "welcome").await;
    let heard = socket.next_of("message").await;
    assert_eq!(heard["message"]["body"], "welcome");
    assert_eq!(heard["rev"], said["rev"]);
    // A socket of one room keeps to it.
    let news = one_room.still_answers().await;
    let strays = news
        .iter()
        .filter(|frame| frame["room_id"] == room.id || frame["room"]["id"] == room.id);
    assert_eq!(strays.count(), 0, "{news:?}");
    server.stopped().await;
}

#[tokio::test]
async fn new_name_and_new_role_are_announced() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ben.connect().await;
    let path = format!("/api/rooms/{}", room.id);
    ana.patch(&path, json!({ "name": "salon", "topic": "tea" }))
        .await
        .expect(200);
    loop {
        let frame = socket.next_of("room").await;
        assert_eq!(frame["room"]["id"], room.id, "{frame}");
        if frame["room"]["topic"] == "tea" {
            assert_eq!(frame["room"]["name"], "salon", "{frame}");
            break;
        }
    }
    let path = format!("/api/rooms/{}/members/{}", room.id, ben.id);
    ana.patch(&path, json!({ "role": "moderator" }))
        .await
        .expect(204);
    let frame = socket.next_of("room").await;
    assert_eq!(frame["room"]["role"], "moderator", "{frame}");
    server.stopped().await;
}

#[tokio::test]
async fn leave_kick_and_deletion_are_announced_with_reason() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ben.connect().await;
    ben.leave(&room).await;
    let left = socket.next_of("room_left").await;
    let wanted =
        |reason: &str| json!({ "type": "room_left", "room_id": room.id, "reason": reason });
    assert_eq!(left, wanted("left"));
    ana.send_message(&room, "unheard").await;
    let news = socket.still_answers().await;
    assert!(
        news.iter().all(|frame| frame["type"] != "message"),
        "{news:?}"
    );

    ben.join(&room.code).await.expect(200);
    socket.next_of("room").await;
    ana.kick(&room, &ben).await;
    assert_eq!(socket.next_of("room_left").await, wanted("kicked"));
    socket.send_message(&room, "c1", "may I?").await;
    assert_eq!(socket.next_of("error").await["code"], "not_found");

    ben.join(&room.code).await.expect(200);
    socket.next_of("room").await;
    let path = format!("/api/rooms/{}", room.id);
    ana.delete(&path).await.expect(204);
    assert_eq!(socket.next_of("room_left").await, wanted("deleted"));
    socket.still_answers().await;
    server.stopped().await;
}

#[tokio::test]
async fn room_socket_serves_only_its_room() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let other = ana.create_room("other").await;
    ben.join(&other.code).await.expect(200);
    let (mut socket, ready) = ben.connect_to(&room).await;
    assert_eq!(ready["rooms"].as_array().unwrap().len(), 1, "{ready}");
    assert_eq!(ready["rooms"][0]["id"], room.id, "{ready}");
    ana.send_message(&other, "elsewhere").await;
    ana.send_message(&room, "here").await;
    assert_eq!(socket.next_message().await["body"], "here");
    for command in [
        json!({ "type": "send", "key": "k", "room_id": other.id, "body": "hi" }),
        json!({ "type": "read", "room_id": other.id, "seq": 1 }),
        json!({ "type": "sync", "rooms": { other.id.to_string(): 0 } }),
    ] {
        socket.send(command.clone()).await;
        let error = socket.next_of("error").await;
        assert_eq!(error["code"], "not_found", "{command}: {error}");
    }
    socket.send_message(&room, "c1", "still here").await;
    socket.next_of("ack").await;
    server.stopped().await;
}

#[tokio::test]
async fn room_socket_closes_when_its_user_is_removed() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let removed = Closed {
        code: 4403,
        words: "you are no longer in this room".into(),
    };
    let (socket, _) = ben.connect_to(&room).await;
    ana.kick(&room, &ben).await;
    assert_eq!(socket.closed().await, removed);
    ben.join(&room.code).await.expect(200);
    let (mut socket, _) = ben.connect_to(&room).await;
    ben.leave(&room).await;
    assert_eq!(socket.next_of("room_left").await["reason"], "left");
    assert_eq!(socket.closed().await, removed);
    server.stopped().await;
}

#[tokio::test]
async fn room_socket_closes_when_the_room_is_deleted() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, _) = ben.connect_to(&room).await;
    let terminal = ben.terminal(&room, "").await;
    let path = format!("/api/rooms/{}", room.id);
    ana.delete(&path).await.expect(204);
    assert_eq!(socket.closed().await.code, 4404);
    let (lines, closed) = terminal.closed().await;
    assert_eq!(closed.code, 4404);
    assert_eq!(lines.last().unwrap(), "* #lobby was deleted", "{lines:?}");
    server.stopped().await;
}
