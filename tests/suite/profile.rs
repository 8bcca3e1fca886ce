//! Profiles: names, "about", avatars, and hiding `last_seen`.

use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    files::picture,
    search::assert_search,
    support::{PASSWORD, Reply, TestServer, User},
};

const ME: &str = "/api/me";
const AVATAR: &str = "/api/me/avatar";

async fn rename(user: &User, name: &str) -> Reply {
    user.patch(ME, json!({ "username": name })).await
}

async fn upload(user: &User, picture: impl Into<reqwest::Body>) -> Reply {
    Reply::of(user.request(Method::PUT, AVATAR).body(picture)).await
}

async fn sign_up(server: &TestServer, name: &str) -> Reply {
    let body = json!({ "username": name, "password": PASSWORD });
    server.post("/api/auth/signup", body).await
}

fn profile(user: &User) -> String {
    format!("/api/users/{}", user.id)
}

#[tokio::test]
async fn user_edits_own_profile() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let change = json!({ "display_name": "Ana B.", "about": " Keeps the\r\nlights on " });
    let me = ana.patch(ME, change).await.expect(200);
    assert_eq!(me["user"]["display_name"], "Ana B.");
    assert_eq!(me["user"]["about"], "Keeps the\nlights on");
    let seen = ben.get(&profile(&ana)).await.expect(200);
    assert_eq!(seen["user"]["about"], "Keeps the\nlights on", "{seen}");
    assert_eq!(seen["user"].get("hide_last_seen"), None, "{seen}");
    let me = ana.patch(ME, json!({ "about": "" })).await.expect(200);
    assert_eq!(
        (&me["user"]["about"], &me["user"]["display_name"]),
        (&json!(""), &json!("Ana B."))
    );
    server.stopped().await;
}

#[tokio::test]
async fn invalid_profile_names_the_field_and_changes_nothing() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    for (change, pointer) in [
        (json!({ "about": "x".repeat(501) }), "/about"),
        (json!({ "about": "a\u{1b}[31m" }), "/about"),
        (json!({ "about": "x", "username": "a b" }), "/username"),
        (
            json!({ "about": "x", "display_name": " " }),
            "/display_name",
        ),
        (
            json!({ "about": "x", "hide_last_seen": "yes" }),
            "/hide_last_seen",
        ),
    ] {
        let problem = ana.patch(ME, change).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    server.user("ben").await;
    let change = json!({ "about": "x", "username": "BEN" });
    ana.patch(ME, change).await.refused(409, "username_taken");
    assert_eq!(ana.get(ME).await.expect(200)["user"]["about"], "");
    server.stopped().await;
}

#[tokio::test]
async fn former_username_stays_reserved_for_its_owner() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.send_message(&room, "hello").await;
    let me = rename(&ana, "anabel").await.expect(200);
    assert_eq!(me["user"]["username"], "anabel");
    let said = ben.history(&room).await.pop().unwrap();
    assert_eq!(said["author"]["username"], "anabel", "{said}");

    rename(&ben, "Ana").await.refused(409, "username_taken");
    sign_up(&server, "ANA").await.refused(409, "username_taken");
    let old = json!({ "username": "ana", "password": PASSWORD });
    server
        .post("/api/auth/signin", old)
        .await
        .refused(401, "bad_credentials");
    User::sign_in(server.address, "anabel", PASSWORD).await;

    rename(&ana, "Ana").await.expect(200);
    sign_up(&server, "anabel")
        .await
        .refused(409, "username_taken");
    User::sign_in(server.address, "ana", PASSWORD).await;
    server.stopped().await;
}

#[tokio::test]
async fn number_of_reserved_usernames_is_limited() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    for number in 0..10 {
        rename(&ana, &format!("name{number}")).await.expect(200);
    }
    rename(&ana, "another").await.refused(409, "too_many");
    rename(&ana, "NAME9").await.expect(200);
    rename(&ana, "name3").await.expect(200);
    sign_up(&server, "another").await.expect(201);
    server.stopped().await;
}

#[tokio::test]
async fn names_of_deleted_accounts_are_reserved() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    rename(&ana, "Deleted-7")
        .await
        .refused(409, "username_taken");
    sign_up(&server, "deleted-1")
        .await
        .refused(409, "username_taken");
    sign_up(&server, "deleted-scenes").await.expect(201);
    server.stopped().await;
}

#[tokio::test]
async fn name_of_the_room_mention_is_reserved() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    for name in ["room", "Room"] {
        rename(&ana, name).await.refused(409, "username_taken");
        sign_up(&server, name).await.refused(409, "username_taken");
    }
    sign_up(&server, "roommate").await.expect(201);
    server.stopped().await;
}

#[tokio::test]
async fn hidden_last_seen_is_not_shown() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let me = ana.patch(ME, json!({ "hide_last_seen": true })).await;
    let me = me.expect(200);
    assert_eq!(me["user"]["hide_last_seen"], true, "{me}");
    assert!(me["user"]["last_seen"].is_string(), "{me}");

    let (mut watch, _) = ben.connect().await;
    let (socket, ready) = ana.connect().await;
    assert!(ready["user"]["last_seen"].is_string(), "{ready}");
    socket.cut();
    let gone = loop {
        let mut frame = watch.next_of("presence").await;
        if let Some(gone) = frame["offline"].as_array_mut().and_then(Vec::pop) {
            break gone;
        }
    };
    assert_eq!(gone, json!({ "id": ana.id, "last_seen": null }));
    let seen = ben.get(&profile(&ana)).await.expect(200);
    assert_eq!(seen["user"]["last_seen"], Value::Null, "{seen}");
    assert_eq!(seen["user"]["status"], "offline", "{seen}");
    let members = format!("/api/rooms/{}/members", room.id);
    let members = ben.get(&members).await.expect(200);
    assert_eq!(members["items"][0]["user"]["last_seen"], Value::Null);
    assert!(members["items"][1]["user"]["last_seen"].is_string());
    let own = ana.get(&profile(&ana)).await.expect(200);
    assert!(own["user"]["last_seen"].is_string(), "{own}");

    ana.patch(ME, json!({ "hide_last_seen": false }))
        .await
        .expect(200);
    let seen = ben.get(&profile(&ana)).await.expect(200);
    assert!(seen["user"]["last_seen"].is_string(), "{seen}");
    server.stopped().await;
}

#[tokio::test]
async fn picture_is_visible_to_users_who_see_its_owner() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let eve = server.user("eve").await;
    let path = format!("{}/avatar", profile(&ana));

    let made = ben.get(&path).await;
    made.expect_picture("image/svg+xml");
    assert!(made.text.contains(">A</text>"), "{}", made.text);

    upload(&ana, picture(ImageFormat::Png, 900, 600))
        .await
        .expect(204);
    let own = ben.get(&path).await;
    own.expect_picture("image/jpeg");
    let etag = own.header("etag").unwrap();
    assert_ne!(Some(etag), made.header("etag"));
    let again = ben
        .request(Method::GET, &path)
        .header("if-none-match", etag);
    let again = Reply::of(again).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));

    eve.get(&path).await.refused(404, "not_found");
    ana.get(&path).await.expect_picture("image/jpeg");
    server.get(&path).await.refused(401, "unauthenticated");
    ana.delete(AVATAR).await.expect(204);
    ben.get(&path).await.expect_picture("image/svg+xml");
    server.stopped().await;
}

#[tokio::test]
async fn user_json_contains_the_avatar_version() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let messages = format!("/api/rooms/{}/messages", room.id);
    let (mut socket, _) = ben.connect().await;
    let (mut phone, _) = ana.connect().await;
    let direct = ben
        .post("/api/dms", json!({ "user_ids": [ana.id] }))
        .await
        .expect(201);
    ben.put(&format!("/api/me/blocks/{}", ana.id), json!({}))
        .await
        .expect(204);
    let mut before = Value::Null;
    for (index, round) in ["none", "first", "second", "none again"]
        .into_iter()
        .enumerate()
    {
        match round {
            "first" => upload(&ana, picture(ImageFormat::Png, 900, 600))
                .await
                .expect(204),
            "second" => upload(&ana, picture(ImageFormat::Png, 600, 900))
                .await
                .expect(204),
            "none again" => ana.delete(AVATAR).await.expect(204),
            _ => Value::Null,
        };
        let me = ana.get(ME).await.expect(200)["user"]["avatar"].clone();
        assert_eq!(me.is_null(), round.starts_with("none"), "{round}: {me}");
        assert_eq!(me == before, round == "none", "{round}: {me}");
        before = me.clone();
        let named = |at: &str, user: &Value| {
            assert_eq!(user["id"], ana.id, "{round}, {at}: {user}");
            assert_eq!(user.get("avatar"), Some(&me), "{round}, {at}: {user}");
        };

        // A message names its author live and read again, on the newest page and on an older one.
        phone
            .send_message(&room, &format!("key{index}"), &format!("live{index}"))
            .await;
        let live = loop {
            let message = socket.next_message().await;
            if message["body"] == format!("live{index}") {
                break message;
            }
        };
        named("live", &live["author"]);
        let word = format!("word{index}");
        let said = ana.send_message(&room, &word).await;
        named("the answer", &said["author"]);
        let answer = json!({ "body": "three", "reply_to": said["seq"] });
        let answer = ben.post(&messages, answer).await.expect(201);
        named("a new quote", &answer["quote"]["author"]);
        let newest = ben.get(&messages).await.expect(200);
        let newest = newest["items"].as_array().unwrap();
        named("the newest page", &newest[newest.len() - 2]["author"]);
        named("a quote", &newest[newest.len() - 1]["quote"]["author"]);
        let more = format!(
            "{messages}?after={}&limit=200",
            said["seq"].as_i64().unwrap() - 1
        );
        let more = ben.get(&more).await.expect(200);
        named("a long page", &more["items"][0]["author"]);

        // Lists of people.
        named("a user", &ben.get(&profile(&ana)).await.expect(200)["user"]);
        let members = format!("/api/rooms/{}/members", room.id);
        let members = ben.get(&members).await.expect(200);
        named("a member", &members["items"][0]["user"]);
        let rooms = ben.get("/api/rooms").await.expect(200);
        let shown = rooms
            .as_array()
            .unwrap()
            .iter()
            .find(|shown| shown["id"] == direct["id"]);
        named("a direct room", &shown.unwrap()["members"][0]);
        named(
            "blocks",
            &ben.get("/api/me/blocks").await.expect(200)["items"][0],
        );
        let accounts = ana.get("/api/admin/users").await.expect(200);
        named("accounts", &accounts["items"][0]);
        assert_search(&ben, &word, &[&word]).await;
        let found = ben.get(&format!("/api/search?q={word}")).await.expect(200);
        named("a search", &found["items"][0]["message"]["author"]);
    }
    server.stopped().await;
}

#[tokio::test]
async fn presence_contains_the_current_avatar() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (mut socket, _) = ben.connect().await;
    upload(&ana, picture(ImageFormat::Png, 90, 60))
        .await
        .expect(204);
    let avatar = ana.get(ME).await.expect(200)["user"]["avatar"].clone();
    let (_phone, ready) = ana.connect().await;
    assert_eq!(ready["user"]["avatar"], avatar, "{ready}");
    let online = loop {
        let frame = socket.next_of("presence").await;
        let online = frame["online"].as_array().unwrap().clone();
        if let Some(user) = online.iter().find(|user| user["id"] == ana.id) {
            break user.clone();
        }
    };
    assert_eq!(online["avatar"], avatar, "{online}");
    assert!(
        avatar.as_str().is_some_and(|version| version.len() == 16),
        "{avatar}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn versioned_avatar_is_immutable() {
    let server = TestServer::start().await;
    let (_, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let path = format!("{}/avatar", profile(&ana));
    let cache_of = async |version: &str| {
        let shown = ben.get(&format!("{path}?v={version}")).await;
        shown.header("cache-control").unwrap().to_owned()
    };
    let shortly = "private, max-age=60";
    assert_eq!(cache_of("null").await, shortly, "initials follow the name");
    upload(&ana, picture(ImageFormat::Png, 90, 60))
        .await
        .expect(204);
    let me = ana.get(ME).await.expect(200);
    let version = me["user"]["avatar"].as_str().unwrap();
    let for_ever = "private, max-age=31536000, immutable";
    assert_eq!(cache_of(version).await, for_ever);
    assert_eq!(ben.get(&path).await.header("cache-control"), Some(shortly));
    assert_eq!(cache_of("0123456789abcdef").await, shortly);
    upload(&ana, picture(ImageFormat::Png, 60, 90))
        .await
        .expect(204);
    assert_eq!(
        cache_of(version).await,
        shortly,
        "it shows another picture now"
    );
    server.stopped().await;
}

#[tokio::test]
async fn invalid_picture_is_refused() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    for other in [
        "",
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "GIF90a",
        "<html>",
        "\u{89}PNG\r\n",
        "GIF89a and nothing that could be drawn",
    ] {
        upload(&ana, other)
            .await
            .refused(415, "unsupported_media_type");
    }
    // More pixels than anybody's browser should have to draw; its header alone says so.
    let mut bomb = picture(ImageFormat::Png, 4, 4);
    bomb[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    upload(&ana, bomb)
        .await
        .refused(415, "unsupported_media_type");
    upload(&ana, vec![0; (1 << 20) + 1])
        .await
        .refused(413, "too_large");
    server.stopped().await;
}

impl Reply {
    /// That it is a picture of that kind, which no browser takes for anything else.
    #[track_caller]
    fn expect_picture(&self, kind: &str) {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type"), Some(kind));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let policy = self.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        let cache = self.header("cache-control").unwrap();
        assert!(cache.starts_with("private"), "{cache}");
    }
}
