//! Administration of accounts: list, disable, and links to set a password.

use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, TestServer, User};

const USERS: &str = "/api/admin/users";
const NEW: &str = "battery staple";

fn path(user: &User, what: &str) -> String {
    format!("{USERS}/{}/{what}", user.id)
}

async fn sign_in(server: &TestServer, name: &str, password: &str) -> Reply {
    let body = json!({ "username": name, "password": password });
    server.post("/api/auth/signin", body).await
}

async fn reset(server: &TestServer, token: &str) -> Reply {
    let body = json!({ "token": token, "new": NEW });
    server.post("/api/auth/reset", body).await
}

/// A link to set that user's password, and the token in it.
async fn link(admin: &User, user: &User) -> (String, String) {
    let made = admin.post(&path(user, "reset"), Value::Null).await;
    let made = made.expect(200);
    assert!(made["expires_at"].is_string(), "{made}");
    let url = made["url"].as_str().unwrap();
    let (_, token) = url.split_once("/reset/").unwrap();
    (url.to_owned(), token.to_owned())
}

async fn actions(admin: &User) -> Vec<(String, i64)> {
    let log = admin.get("/api/admin/audit").await.expect(200);
    let entries = log["items"].as_array().unwrap().iter().rev();
    let named = |entry: &Value| {
        let action = entry["action"].as_str().unwrap().to_owned();
        (action, entry["target"]["id"].as_i64().unwrap())
    };
    entries.map(named).collect()
}

#[tokio::test]
async fn admin_lists_accounts_in_pages_and_by_name() {
    let server = TestServer::start().await;
    let root = server.user("root").await;
    let ana = server.user("ana").await;
    for name in ["ben", "Anabel", "eve"] {
        server.user(name).await;
    }
    let change = json!({ "display_name": "50% of BEN" });
    ana.patch("/api/me", change).await.expect(200);
    let names = async |query: &str| {
        let body = root.get(&format!("{USERS}{query}")).await.expect(200);
        let items = body["items"].as_array().unwrap().iter();
        let names = items.map(|one| one["username"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), body["has_after"] == true)
    };
    let (all, more) = names("").await;
    assert_eq!((all.len(), more), (5, false));
    assert_eq!(names("?limit=2").await, (all[..2].to_vec(), true));
    let after = format!("?limit=3&after={}", ana.id);
    assert_eq!(names(&after).await, (all[2..].to_vec(), false));
    assert_eq!(names("?q=ANA").await.0, ["ana", "Anabel"]);
    assert_eq!(names("?q=ben").await.0, ["ana", "ben"]);
    assert_eq!(names("?q=0%25").await.0, ["ana"]);
    assert_eq!(names("?q=_").await.0.len(), 0);
    let first = root.get(&format!("{USERS}?limit=1")).await.expect(200);
    let first = &first["items"][0];
    assert_eq!(
        (&first["admin"], &first["disabled"], &first["deleted"]),
        (&json!(true), &json!(false), &json!(false)),
        "{first}"
    );
    root.get(&format!("{USERS}?limit=201"))
        .await
        .refused(422, "invalid");
    root.get(&format!("{USERS}?q={}", "x".repeat(65)))
        .await
        .refused(422, "invalid");
    ana.get(USERS).await.refused(403, "forbidden");
    server.stopped().await;
}

#[tokio::test]
async fn disabled_account_is_signed_out_and_cannot_sign_in() {
    let server = TestServer::start().await;
    let root = server.user("root").await;
    let (lobby, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let (socket, _) = ben.connect().await;
    let token = json!({ "name": "x", "scope": "write" });
    let token = ben.post("/api/me/tokens", token).await.expect(201);
    let mut program = ben.clone();
    token["token"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.token);
    let (programs, _) = program.connect().await;

    root.put(&path(&ben, "disabled"), Value::Null)
        .await
        .expect(204);
    assert_eq!(socket.closed().await.code, 4401);
    assert_eq!(programs.closed().await.code, 4401);
    for login in [&ben, &program] {
        login.get("/api/me").await.refused(401, "unauthorized");
    }
    let refresh = json!({ "refresh_token": ben.refresh_token });
    server
        .post("/api/auth/refresh", refresh)
        .await
        .refused(401, "unauthorized");
    sign_in(&server, "ben", PASSWORD)
        .await
        .refused(403, "disabled");
    // A wrong password reveals nothing.
    sign_in(&server, "ben", "wrong horse")
        .await
        .refused(401, "bad_credentials");
    // They are a member still, and what they said stands.
    let members = format!("/api/rooms/{}/members", lobby.id);
    let members = ana.get(&members).await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 2, "{members}");
    let listed = root.get(&format!("{USERS}?q=ben")).await.expect(200);
    assert_eq!(listed["items"][0]["disabled"], true, "{listed}");

    for _ in 0..2 {
        root.delete(&path(&ben, "disabled")).await.expect(204);
    }
    ben.get("/api/me").await.refused(401, "unauthorized");
    program.get("/api/me").await.refused(401, "unauthorized");
    sign_in(&server, "ben", PASSWORD).await.expect(200);
    assert_eq!(
        actions(&root).await,
        [
            ("disable".to_owned(), ben.id),
            ("enable".to_owned(), ben.id)
        ]
    );
    server.stopped().await;
}

#[tokio::test]
async fn last_enabled_admin_cannot_be_disabled() {
    let server = TestServer::start().await;
    let (root, ana) = (server.user("root").await, server.user("ana").await);
    let own = path(&root, "disabled");
    root.put(&own, Value::Null).await.refused(409, "last_admin");
    root.put(&path(&ana, "admin"), Value::Null)
        .await
        .expect(204);
    root.put(&path(&ana, "disabled"), Value::Null)
        .await
        .expect(204);
    // An admin who cannot come in is none to leave the server to.
    root.put(&own, Value::Null).await.refused(409, "last_admin");
    root.delete(&path(&root, "admin"))
        .await
        .refused(409, "last_admin");
    server.stopped().await;
}

#[tokio::test]
async fn reset_link_sets_a_password_once_and_ends_every_session() {
    let server = TestServer::start().await;
    let (root, ana) = (server.user("root").await, server.user("ana").await);
    let (socket, _) = ana.connect().await;
    let (_, old) = link(&root, &ana).await;
    let (url, token) = link(&root, &ana).await;
    assert_eq!(url, server.url(&format!("/reset/{token}")));
    let shell = server.get(&format!("/reset/{token}")).await;
    assert_eq!(
        shell.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    // Until it is used nothing has changed, and a later link ends an earlier one.
    ana.get("/api/me").await.expect(200);
    let problem = reset(&server, &old).await.refused(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/token", "{problem}");
    let short = json!({ "token": token, "new": "short" });
    let problem = server.post("/api/auth/reset", short).await;
    let problem = problem.refused(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/new", "{problem}");

    reset(&server, &token).await.expect(204);
    assert_eq!(socket.closed().await.code, 4401);
    ana.get("/api/me").await.refused(401, "unauthorized");
    sign_in(&server, "ana", PASSWORD)
        .await
        .refused(401, "bad_credentials");
    sign_in(&server, "ana", NEW).await.expect(200);
    reset(&server, &token).await.refused(422, "invalid");
    let log = [("reset".to_owned(), ana.id), ("reset".to_owned(), ana.id)];
    assert_eq!(actions(&root).await, log);
    server.stopped().await;
}

#[tokio::test]
async fn reset_link_is_no_other_token() {
    let server = TestServer::start().await;
    let (root, mut ana) = (server.user("root").await, server.user("ana").await);
    let (_, token) = link(&root, &ana).await;
    let change = json!({ "current": PASSWORD, "new": "another horse" });
    ana.post("/api/auth/password", change).await.expect(204);
    reset(&server, &token).await.refused(422, "invalid");
    for nothing in ["", "x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        reset(&server, nothing).await.refused(422, "invalid");
    }
    ana.post(&path(&root, "reset"), Value::Null)
        .await
        .refused(403, "forbidden");
    root.post(&format!("{USERS}/999/reset"), Value::Null)
        .await
        .refused(404, "not_found");
    // It is no token to come in with.
    let (_, token) = link(&root, &ana).await;
    ana.token = token;
    ana.get("/api/me").await.refused(401, "unauthorized");
    server.stopped().await;
}

#[tokio::test]
async fn deleted_account_cannot_be_administered() {
    let server = TestServer::start().await;
    let (root, ana) = (server.user("root").await, server.user("ana").await);
    let body = json!({ "password": PASSWORD, "messages": "keep" });
    let gone = Reply::of(ana.request(reqwest::Method::DELETE, "/api/me").json(&body));
    gone.await.expect(204);
    let listed = root.get(&format!("{USERS}?q=deleted")).await.expect(200);
    assert_eq!(listed["items"][0]["deleted"], true, "{listed}");
    for refused in [
        root.put(&path(&ana, "disabled"), Value::Null).await,
        root.put(&path(&ana, "admin"), Value::Null).await,
        root.post(&path(&ana, "reset"), Value::Null).await,
    ] {
        refused.refused(404, "not_found");
    }
    server.stopped().await;
}
