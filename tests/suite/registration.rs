//! Policies for new accounts: open, invite, closed.

use futures_util::future::join_all;
use parlor::domain::Registration;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, TestServer, User};

async fn server_of(registration: Registration) -> TestServer {
    TestServer::with(|config| config.registration = registration).await
}

async fn sign_up(server: &TestServer, name: &str, code: Value) -> Reply {
    let wanted = json!({ "username": name, "password": PASSWORD, "code": code });
    server.post("/api/auth/signup", wanted).await
}

#[tokio::test]
async fn invite_only_registration_needs_a_valid_code() {
    let server = server_of(Registration::Invite).await;
    // The first account needs no code, since no room exists yet.
    let ana = server.user("ana").await;
    let room = ana.create_room("lobby").await;
    let path = format!("/api/rooms/{}/invites", room.id);
    let invite = ana.post(&path, json!({ "max_uses": 1 })).await.expect(201);
    for code in [Value::Null, json!("")] {
        let problem = sign_up(&server, "ben", code)
            .await
            .refused(403, "registration_invite");
        assert_eq!(problem["errors"][0]["pointer"], "/code", "{problem}");
    }
    sign_up(&server, "ben", json!("K7QM-2XWD-9F4H-PT3C"))
        .await
        .refused(404, "bad_code");
    for (name, code) in [("ben", &invite["code"]), ("cleo", &json!(room.code))] {
        let body = sign_up(&server, name, code.clone()).await.expect(201);
        assert_eq!(body["room_id"], room.id, "{body}");
    }
    sign_up(&server, "dan", invite["code"].clone())
        .await
        .refused(404, "bad_code");
    // Existing accounts can always sign in.
    User::sign_in(server.address, "ben", PASSWORD).await;
    server.stopped().await;
}

#[tokio::test]
async fn closed_registration_allows_only_the_first_account() {
    let server = server_of(Registration::Closed).await;
    let ana = server.user("ana").await;
    let room = ana.create_room("lobby").await;
    for code in [Value::Null, json!(room.code)] {
        let problem = sign_up(&server, "ben", code)
            .await
            .refused(403, "registration_closed");
        assert!(problem.get("errors").is_none(), "{problem}");
    }
    ana.sign_in_again().await;
    server.stopped().await;
}

#[tokio::test]
async fn concurrent_sign_ups_create_one_first_account() {
    for (registration, code) in [
        (Registration::Closed, "registration_closed"),
        (Registration::Invite, "registration_invite"),
    ] {
        let server = server_of(registration).await;
        let names: Vec<_> = (0..8).map(|number| format!("guest{number}")).collect();
        let replies = join_all(names.iter().map(|name| sign_up(&server, name, Value::Null))).await;
        let first = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(first, 1, "{replies:#?}");
        for reply in replies.iter().filter(|reply| reply.status != 201) {
            reply.refused(403, code);
        }
        server.stopped().await;
    }
}

#[tokio::test]
async fn server_info_states_the_registration_rule() {
    for (registration, name) in [
        (Registration::Open, "open"),
        (Registration::Invite, "invite"),
        (Registration::Closed, "closed"),
    ] {
        let server = server_of(registration).await;
        for needs_first_account in [true, false] {
            let about = server.get("/api/server").await.expect(200);
            assert_eq!(
                (&about["registration"], &about["needs_first_account"]),
                (&json!(name), &json!(needs_first_account)),
                "{about}"
            );
            if needs_first_account {
                server.user("ana").await;
            }
        }
        server.stopped().await;
    }
}

#[tokio::test]
async fn registration_stays_closed_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::on(folder.path().to_owned(), |_| {}).await;
    server.user("ana").await;
    server.stopped().await;
    let close = |config: &mut parlor::config::Config| config.registration = Registration::Closed;
    let server = TestServer::on(folder.path().to_owned(), close).await;
    sign_up(&server, "ben", Value::Null)
        .await
        .refused(403, "registration_closed");
    server.stopped().await;
}

#[tokio::test]
async fn account_after_the_last_deletion_is_the_first_again() {
    let server = server_of(Registration::Closed).await;
    let ana = server.user("ana").await;
    sign_up(&server, "ben", Value::Null)
        .await
        .refused(403, "registration_closed");
    let end = json!({ "password": PASSWORD, "messages": "keep" });
    Reply::of(ana.request(reqwest::Method::DELETE, "/api/me").json(&end))
        .await
        .expect(204);
    let about = server.get("/api/server").await.expect(200);
    assert_eq!(about["needs_first_account"], true);
    server.user("ben").await;
    server.stopped().await;
}
