//! The end of an account, and taking along what is one's own.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    files::{send, uploaded},
    support::{PASSWORD, Reply, Room, TestServer, User, within},
};

const ME: &str = "/api/me";

async fn delete(user: &User, password: &str, messages: &str) -> Reply {
    let body = json!({ "password": password, "messages": messages });
    Reply::of(user.request(Method::DELETE, ME).json(&body)).await
}

/// A room of `owner`'s, who is an admin, with these in it.
async fn room_with(owner: &User, members: &[&User]) -> Room {
    let room = owner.create_room("lobby").await;
    for member in members {
        member.join(&room.code).await.expect(200);
    }
    room
}

async fn sign_in(server: &TestServer, name: &str) -> Reply {
    let body = json!({ "username": name, "password": PASSWORD });
    server.post("/api/auth/signin", body).await
}

#[tokio::test]
async fn messages_of_deleted_account_stay_anonymous() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let room = room_with(&ana, &[&ben]).await;
    let said = ben.send_message(&room, "hello").await;
    let (mut watch, _) = ana.connect().await;
    let (socket, _) = ben.connect().await;
    let phone = ben.sign_in_again().await;
    let token = json!({ "name": "x", "scope": "write" });
    let token = ben.post("/api/me/tokens", token).await.expect(201);
    let mut program = ben.clone();
    token["token"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.token);
    program.get(ME).await.expect(200);

    delete(&ben, PASSWORD, "keep").await.expect(204);
    assert_eq!(socket.closed().await.code, 4401);
    for login in [&ben, &phone, &program] {
        login.get(ME).await.refused(401, "unauthorized");
    }
    sign_in(&server, "ben")
        .await
        .refused(401, "bad_credentials");
    let nobody = json!({
        "id": ben.id, "username": format!("deleted-{}", ben.id), "display_name": "Deleted user",
        "avatar": null
    });
    let left = watch.next_message().await;
    assert_eq!(
        (&left["author"], &left["event"]["type"]),
        (&nobody, &json!("left"))
    );
    let history = ana.history(&room).await;
    let kept = history
        .iter()
        .find(|one| one["seq"] == said["seq"])
        .unwrap();
    assert_eq!((&kept["author"], &kept["body"]), (&nobody, &json!("hello")));
    // Not in what the room says about itself either.
    let named = history
        .iter()
        .find(|one| one["body"].as_str().unwrap().contains("ben"));
    assert_eq!(named, None);
    // However few messages are asked for.
    for query in [
        "",
        "?limit=5",
        "?after=0&limit=20",
        "?around=2&limit=10",
        "?changed_since=0&limit=20",
    ] {
        let path = format!("/api/rooms/{}/messages{query}", room.id);
        let page = ana.get(&path).await.expect(200);
        let named = page["items"].as_array().unwrap().iter();
        let named: Vec<_> = named
            .filter(|one| one["body"].as_str().unwrap().contains("ben"))
            .collect();
        assert!(named.is_empty(), "{query}: {named:?}");
    }
    let members = format!("/api/rooms/{}/members", room.id);
    let members = ana.get(&members).await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 1, "{members}");
    ana.get(&format!("/api/users/{}", ben.id))
        .await
        .refused(404, "not_found");

    // The name is nobody else's, and neither is the key under which the account lies.
    let again = json!({ "username": "Ben", "password": PASSWORD });
    server
        .post("/api/auth/signup", again)
        .await
        .refused(409, "username_taken");
    for name in [format!("deleted {}", ben.id), format!("deleted-{}", ben.id)] {
        sign_in(&server, &name)
            .await
            .refused(401, "bad_credentials");
    }
    server.stopped().await;
}

#[tokio::test]
async fn messages_are_erased_on_request() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let room = room_with(&ana, &[&ben]).await;
    for number in 0..60 {
        ben.send_message(&room, &format!("ben {number}")).await;
        ana.send_message(&room, &format!("ana {number}")).await;
    }
    let (mut watch, ready) = ana.connect().await;
    let mut rev = ready["rooms"][0]["head"]["rev"].as_i64().unwrap();
    delete(&ben, PASSWORD, "delete").await.expect(204);
    // Everybody hears of each by the next rev, as of any deletion.
    let mut gone = 0;
    while gone < 60 {
        let frame = watch.next_of("message").await;
        rev += 1;
        assert_eq!(frame["rev"], rev, "{frame}");
        gone += u8::from(frame["message"]["deleted_at"].is_string());
    }
    for message in ana.history(&room).await {
        let of_ben = message["author"]["id"] == ben.id && message["kind"] == "text";
        assert_eq!(message["deleted_at"].is_string(), of_ben, "{message}");
        assert_eq!(message["body"] == "", of_ben, "{message}");
    }
    server.stopped().await;
}

#[tokio::test]
async fn last_owner_cannot_delete_their_account() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let alone = ben.create_room("ben alone").await;
    let room = room_with(&ben, &[&ana]).await;
    let problem = delete(&ben, PASSWORD, "keep").await;
    let problem = problem.refused(409, "last_owner");
    assert!(
        problem["detail"].as_str().unwrap().contains("“lobby”"),
        "{problem}"
    );
    assert!(
        !problem["detail"].as_str().unwrap().contains("alone"),
        "{problem}"
    );
    ben.get(ME).await.expect(200);

    ben.give_role(&room, &ana, "owner").await;
    delete(&ben, PASSWORD, "keep").await.expect(204);
    ana.join(&alone.code).await.refused(404, "bad_code");
    ana.send_message(&room, "mine now").await;
    server.stopped().await;
}

#[tokio::test]
async fn direct_room_keeps_its_deleted_member() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    room_with(&ana, &[&ben]).await;
    let people = json!({ "user_ids": [ben.id] });
    let direct = ana.post("/api/dms", people.clone()).await.expect(201);
    let direct_room = Room {
        id: direct["id"].as_i64().unwrap(),
        code: String::new(),
    };
    ben.send_message(&direct_room, "between us").await;
    delete(&ben, PASSWORD, "keep").await.expect(204);
    let again = ana.post("/api/dms", people).await.expect(200);
    assert_eq!(
        (&again["id"], &again["name"]),
        (&direct["id"], &json!("Deleted user"))
    );
    let said = ana.history(&direct_room).await.pop().unwrap();
    assert_eq!(said["body"], "between us");
    let seen = ana.get(&format!("/api/users/{}", ben.id)).await.expect(200);
    assert_eq!(seen["user"]["last_seen"], Value::Null, "{seen}");
    // Deleted users cannot be added to direct rooms.
    let eve = server.user("eve").await;
    let public = json!({ "name": "public", "kind": "public" });
    eve.post("/api/rooms", public).await.expect(201);
    let three = json!({ "user_ids": [ben.id, eve.id] });
    ana.post("/api/dms", three).await.refused(422, "invalid");
    server.stopped().await;
}

#[tokio::test]
async fn deletion_needs_the_password_and_another_admin() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    for (body, pointer) in [
        (json!({ "messages": "keep" }), "/password"),
        (json!({ "password": PASSWORD }), "/messages"),
        (
            json!({ "password": PASSWORD, "messages": "burn" }),
            "/messages",
        ),
        (
            json!({ "password": "wrong horse", "messages": "keep" }),
            "/password",
        ),
    ] {
        let reply = Reply::of(ben.request(Method::DELETE, ME).json(&body)).await;
        let problem = reply.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    delete(&ana, PASSWORD, "keep")
        .await
        .refused(409, "last_admin");
    delete(&ben, PASSWORD, "keep").await.expect(204);
    // The last one puts out the light, and whoever comes next is the first again.
    delete(&ana, PASSWORD, "keep").await.expect(204);
    let eve = server.user("eve").await;
    assert_eq!(eve.get(ME).await.expect(200)["admin"], true);
    server.stopped().await;
}

#[tokio::test]
async fn export_contains_all_own_data() {
    let server = TestServer::start().await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let room = room_with(&ana, &[&ben]).await;
    let about = json!({ "about": "lights \"on\"" });
    ben.patch(ME, about).await.expect(200);
    let mut bodies: Vec<_> = (0..250)
        .map(|number| format!("line {number}\n\"quoted\""))
        .collect();
    for body in &bodies {
        ben.send_message(&room, body).await;
    }
    let file = uploaded(&ben, &room, "notes.txt", b"x".to_vec()).await;
    send(&ben, &room, "see file", &[&file]).await.expect(201);
    bodies.push("see file".to_owned());
    ana.send_message(&room, "not his").await;
    let gone = ben.send_message(&room, "gone").await;
    let path = format!("/api/rooms/{}/messages/{}", room.id, gone["seq"]);
    ben.delete(&path).await.expect(204);

    let reply = ben.get("/api/me/export").await;
    let disposition = reply.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment"), "{disposition}");
    assert!(!reply.text.contains("argon2"));
    let export = reply.expect(200);
    assert_eq!(export["profile"]["username"], "ben");
    assert_eq!(export["profile"]["about"], "lights \"on\"");
    assert_eq!(export["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(export["rooms"][0]["name"], "lobby");
    let messages = export["messages"].as_array().unwrap();
    let said: Vec<_> = messages
        .iter()
        .map(|one| one["body"].as_str().unwrap())
        .collect();
    assert_eq!(said, bodies);
    assert_eq!(messages[0]["room_id"], room.id);
    assert_eq!(messages[0]["files"], json!([]));
    let of_file = ["id", "name", "mime", "size"].map(|name| (name.to_owned(), file[name].clone()));
    let of_file = Value::Object(of_file.into_iter().collect());
    assert_eq!(messages[250]["files"], json!([of_file]));

    let nothing = server.user("eve").await;
    let export = nothing.get("/api/me/export").await.expect(200);
    assert_eq!(export["messages"], json!([]));
    server.stopped().await;
}

#[tokio::test]
async fn erasure_continues_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let (ana, ben) = (server.user("ana").await, server.user("ben").await);
    let room = room_with(&ana, &[&ben]).await;
    for _ in 0..30 {
        ben.send_message(&room, "mine").await;
    }
    delete(&ben, PASSWORD, "delete").await.expect(204);
    server.stopped().await;
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    let ana = ana.at(server.address);
    within("the messages to go", async {
        let left = |all: Vec<Value>| all.iter().any(|one| one["body"] == "mine");
        while left(ana.history(&room).await) {}
    })
    .await;
    server.stopped().await;
}
