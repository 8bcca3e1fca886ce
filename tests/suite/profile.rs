//! What people say of themselves: names, "about", pictures, and whether it shows when they were here.

use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    files::picture,
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
async fn one_says_who_one_is() {
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
async fn what_cannot_be_said_is_told_by_its_field_and_changes_nothing() {
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
async fn a_name_given_up_stays_its_owners() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    ana.say(&room, "hello").await;
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
async fn one_cannot_take_everybodys_name() {
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
async fn nobody_is_called_like_somebody_deleted() {
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
async fn nobody_is_called_what_names_the_whole_room() {
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
async fn who_hides_it_is_not_seen_to_have_been_here() {
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
async fn a_picture_is_shown_to_who_may_see_its_owner() {
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
async fn what_is_no_picture_is_none() {
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
