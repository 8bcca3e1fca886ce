//! Changes of posted messages.

use serde_json::{Value, json};

use crate::support::{JsonSocket, Room, TestServer, User};

fn path(room: &Room, message: &Value) -> String {
    format!("/api/rooms/{}/messages/{}", room.id, message["seq"])
}

pub(crate) async fn edit(user: &User, room: &Room, message: &Value, body: &str) -> Value {
    let path = path(room, message);
    user.patch(&path, json!({ "body": body })).await.expect(200)
}

async fn react(user: &User, room: &Room, message: &Value, emoji: &str, on: bool) {
    let path = format!("{}/reactions/{emoji}", path(room, message));
    let reply = if on {
        user.put(&path, json!({})).await
    } else {
        user.delete(&path).await
    };
    reply.expect(204);
}

pub(crate) async fn standing(user: &User, room: &Room) -> Value {
    let rooms = user.get("/api/rooms").await.expect(200);
    let mut rooms = rooms.as_array().unwrap().iter();
    rooms.find(|one| one["id"] == room.id).unwrap().clone()
}

/// The next change of a message, which must have that `rev`.
async fn next_change(socket: &mut JsonSocket, rev: &Value) -> Value {
    let frame = socket.next_of("message").await;
    assert_eq!(&frame["rev"], rev, "{frame}");
    frame["message"].clone()
}

#[tokio::test]
async fn edit_is_the_next_change_and_keeps_versions() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let first = ana.send_message(&room, "helo").await;
    let (mut socket, _) = ben.connect().await;
    let edited = edit(&ana, &room, &first, "hello").await;
    assert_eq!(edited["seq"], first["seq"]);
    assert_eq!(
        edited["rev"].as_i64(),
        first["rev"].as_i64().map(|rev| rev + 1)
    );
    assert_eq!(
        (&edited["body"], edited["edited_at"].is_string()),
        (&json!("hello"), true)
    );
    assert_eq!(next_change(&mut socket, &edited["rev"]).await, edited);
    // An edit with an equal text is no change.
    assert_eq!(edit(&ana, &room, &first, "hello").await, edited);
    edit(&ana, &room, &first, "hello!").await;

    let versions = ben
        .get(&format!("{}/history", path(&room, &first)))
        .await
        .expect(200);
    let bodies: Vec<&Value> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["body"])
        .collect();
    assert_eq!(bodies, ["helo", "hello", "hello!"]);
    assert_eq!(versions["items"][0]["version"], 1);
    assert_eq!(versions["items"][0]["written_at"], first["created_at"]);

    let theirs = path(&room, &first);
    ben.patch(&theirs, json!({ "body": "no" }))
        .await
        .refused(403, "forbidden");
    ana.patch(&theirs, json!({ "body": " " }))
        .await
        .refused(422, "invalid");
    ana.patch(
        &format!("/api/rooms/{}/messages/99", room.id),
        json!({ "body": "x" }),
    )
    .await
    .refused(404, "not_found");
    // System messages cannot be edited.
    ana.patch(
        &format!("/api/rooms/{}/messages/1", room.id),
        json!({ "body": "x" }),
    )
    .await
    .refused(403, "forbidden");
    server.stopped().await;
}

#[tokio::test]
async fn edit_window_and_version_readers_are_settings() {
    let server = TestServer::with(|config| {
        config.messages.edit_window_s = 1;
        config.messages.versions = parlor::config::VersionsFor::Moderators;
    })
    .await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let old = ana.send_message(&room, "one").await;
    edit(&ana, &room, &old, "two").await;
    let versions = format!("{}/history", path(&room, &old));
    ben.get(&versions).await.refused(403, "forbidden");
    assert_eq!(
        ana.get(&versions).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // Until the window has closed, by whatever clock the server goes.
    let path = path(&room, &old);
    let refused = crate::support::within("the window to close", async {
        for turn in 0.. {
            let reply = ana
                .patch(&path, json!({ "body": format!("three {turn}") }))
                .await;
            if reply.status != 200 {
                return reply;
            }
        }
        unreachable!()
    })
    .await;
    refused.refused(403, "too_late");
    server.stopped().await;
}

#[tokio::test]
async fn deleted_message_keeps_its_seq() {
    let server = TestServer::start().await;
    let (room, [ana, ben, cid]) = server.room_of(["ana", "ben", "cid"]).await;
    let message = ben.send_message(&room, "@cid a secret").await;
    edit(&ben, &room, &message, "@cid another secret").await;
    react(&ana, &room, &message, "👍", true).await;
    let reply = cid
        .post(
            &format!("/api/rooms/{}/messages", room.id),
            json!({ "body": "why", "reply_to": message["seq"] }),
        )
        .await
        .expect(201);
    assert_eq!(reply["quote"]["body"], "@cid another secret");
    let (mut socket, ready) = cid.connect().await;
    let before = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();

    cid.delete(&path(&room, &message))
        .await
        .refused(403, "forbidden");
    ben.delete(&path(&room, &message)).await.expect(204);
    let gone = next_change(&mut socket, &json!(before + 1)).await;
    assert_eq!(gone["seq"], message["seq"]);
    assert_eq!(
        (&gone["body"], &gone["reactions"], &gone["mentions"]),
        (&json!(""), &json!({}), &json!([]))
    );
    assert!(gone["deleted_at"].is_string(), "{gone}");
    // Everywhere: the page, the one message, what came since, its versions, the quote.
    let texts = [
        format!("/api/rooms/{}/messages", room.id),
        path(&room, &message),
        format!("/api/rooms/{}/messages?changed_since=0", room.id),
    ];
    for text in texts {
        let text = ana.get(&text).await.expect(200).to_string();
        assert!(!text.contains("secret"), "{text}");
    }
    ana.get(&format!("{}/history", path(&room, &message)))
        .await
        .refused(404, "not_found");
    let again = cid.get(&path(&room, &reply)).await.expect(200);
    assert_eq!(
        (&again["quote"]["body"], &again["quote"]["deleted"]),
        (&json!(""), &json!(true))
    );
    // It can be neither edited nor deleted nor reacted to any more.
    ben.patch(&path(&room, &message), json!({ "body": "x" }))
        .await
        .refused(404, "not_found");
    ben.delete(&path(&room, &message))
        .await
        .refused(404, "not_found");
    // A moderator may delete what others said.
    let rude = cid.send_message(&room, "rude").await;
    ana.delete(&path(&room, &rude)).await.expect(204);
    server.stopped().await;
}

#[tokio::test]
async fn sync_returns_every_missed_change() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (one, two) = (
        ana.send_message(&room, "one").await,
        ana.send_message(&room, "two").await,
    );
    let seen = two["rev"].as_i64().unwrap();
    let edited = edit(&ana, &room, &one, "uno").await;
    ana.delete(&path(&room, &two)).await.expect(204);
    react(&ben, &room, &one, "🎉", true).await;
    let (mut socket, _) = ben.connect().await;
    let rooms = json!({ room.id.to_string(): seen });
    socket.send(json!({ "type": "sync", "rooms": rooms })).await;
    let gone = next_change(&mut socket, &json!(seen + 2)).await;
    assert_eq!((&gone["seq"], &gone["body"]), (&two["seq"], &json!("")));
    let last = next_change(&mut socket, &json!(seen + 3)).await;
    assert_eq!(
        (&last["seq"], &last["body"]),
        (&edited["seq"], &json!("uno"))
    );
    assert_eq!(last["reactions"], json!({ "🎉": [ben.id] }));
    assert_eq!(socket.next_of("synced").await["head"]["rev"], seen + 3);
    server.stopped().await;
}

#[tokio::test]
async fn reaction_is_added_once_and_removed_once() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let message = ana.send_message(&room, "cake?").await;
    let (mut socket, _) = ana.connect().await;
    let rev = message["rev"].as_i64().unwrap();
    react(&ben, &room, &message, "🎂", true).await;
    react(&ben, &room, &message, "🎂", true).await;
    react(&ana, &room, &message, "🎂", true).await;
    react(&ana, &room, &message, "👍🏽", true).await;
    next_change(&mut socket, &json!(rev + 1)).await;
    next_change(&mut socket, &json!(rev + 2)).await;
    let heard = next_change(&mut socket, &json!(rev + 3)).await;
    assert_eq!(
        heard["reactions"],
        json!({ "🎂": [ana.id, ben.id], "👍🏽": [ana.id] })
    );
    assert_eq!(heard, ben.get(&path(&room, &message)).await.expect(200));
    react(&ben, &room, &message, "🎂", false).await;
    react(&ben, &room, &message, "🎂", false).await;
    react(&ana, &room, &message, "🎂", false).await;
    react(&ana, &room, &message, "👍🏽", false).await;
    next_change(&mut socket, &json!(rev + 4)).await;
    next_change(&mut socket, &json!(rev + 5)).await;
    assert_eq!(
        next_change(&mut socket, &json!(rev + 6)).await["reactions"],
        json!({})
    );
    // The emoji itself or its name; nothing else.
    for word in ["x", "👍👍", "%20"] {
        let path = format!("{}/reactions/{word}", path(&room, &message));
        ben.put(&path, json!({})).await.refused(422, "invalid");
    }
    let kinds = emojis::iter().take(21).map(emojis::Emoji::as_str);
    for (count, emoji) in kinds.enumerate() {
        let path = format!("{}/reactions/{emoji}", path(&room, &message));
        let reply = ben.put(&path, json!({})).await;
        if count < 20 {
            reply.expect(204);
        } else {
            reply.refused(409, "too_many");
        }
    }
    server.stopped().await;
}

#[tokio::test]
async fn socket_changes_are_acked_by_key() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let message = ana.send_message(&room, "one").await;
    let (seq, rev) = (&message["seq"], message["rev"].as_i64().unwrap());
    let (mut socket, _) = ana.connect().await;
    for (number, frame) in [
        json!({ "type": "edit", "key": "a", "room_id": room.id, "seq": seq, "body": "two" }),
        json!({ "type": "react", "key": "b", "room_id": room.id, "seq": seq, "emoji": ":tada:", "on": true }),
        json!({ "type": "delete", "key": "c", "room_id": room.id, "seq": seq }),
    ]
    .into_iter()
    .enumerate()
    {
        let key = frame["key"].clone();
        socket.send(frame).await;
        let ack = socket.answer().await;
        let rev = rev + 1 + i64::try_from(number).unwrap();
        let wanted = json!({ "type": "ack", "key": key, "room_id": room.id, "seq": seq, "rev": rev });
        assert_eq!(ack, wanted);
    }
    let (mut socket, _) = ben.connect().await;
    let theirs = json!({ "type": "delete", "key": "d", "room_id": room.id, "seq": 1 });
    socket.send(theirs).await;
    let refused = socket.answer().await;
    assert_eq!(
        (&refused["key"], &refused["code"]),
        (&json!("d"), &json!("forbidden")),
        "{refused}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn moderators_pin_and_unpin() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let mut said = Vec::new();
    for number in 0..51 {
        said.push(ana.send_message(&room, &format!("rule {number}")).await);
    }
    let pin = |message: &Value| format!("{}/pin", path(&room, message));
    ben.put(&pin(&said[0]), json!({}))
        .await
        .refused(403, "forbidden");
    for message in &said[..50] {
        ana.put(&pin(message), json!({})).await.expect(204);
    }
    ana.put(&pin(&said[0]), json!({})).await.expect(204);
    ana.put(&pin(&said[50]), json!({}))
        .await
        .refused(409, "too_many");
    ana.delete(&pin(&said[3])).await.expect(204);
    ana.put(&pin(&said[50]), json!({})).await.expect(204);
    let pins = ben
        .get(&format!("/api/rooms/{}/pins", room.id))
        .await
        .expect(200);
    let pins = pins["items"].as_array().unwrap();
    assert_eq!((pins.len(), &pins[0]["body"]), (50, &json!("rule 50")));
    assert!(pins[0]["pinned_at"].is_string());
    ana.delete(&path(&room, &said[50])).await.expect(204);
    let pins = ben
        .get(&format!("/api/rooms/{}/pins", room.id))
        .await
        .expect(200);
    assert_eq!(pins["items"].as_array().unwrap().len(), 49);
    server.stopped().await;
}
