//! Requests whose permission ends before they take effect.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::support::{PASSWORD, Reply, TestServer, within};

#[tokio::test]
async fn owner_removed_during_upload_of_the_body_changes_nothing() {
    let server = TestServer::start().await;
    let (room, [ana, ben]) = server.room_of(["ana", "ben"]).await;
    let of_ben = format!("/api/rooms/{}/members/{}", room.id, ben.id);
    ana.patch(&of_ben, json!({ "role": "owner" }))
        .await
        .expect(204);

    let body = br#"{"name":"taken over","topic":"by ben"}"#;
    let head = format!(
        "PATCH /api/rooms/{} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        room.id,
        ben.token,
        body.len()
    );
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    // Half of the body shows that the other half is being waited for.
    slow.write_all(&body[..5]).await.unwrap();
    // An answer to another request of his shows that the head has been read by now.
    ben.get("/api/me").await.expect(200);
    ana.patch(&of_ben, json!({ "role": "member" }))
        .await
        .expect(204);
    ana.delete(&of_ben).await.expect(204);
    slow.write_all(&body[5..]).await.unwrap();
    let mut answer = String::new();
    within("an answer", slow.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");

    let after = ana
        .get(&format!("/api/rooms/{}", room.id))
        .await
        .expect(200);
    assert_eq!(
        (&after["name"], &after["topic"]),
        (&json!("lobby"), &json!(""))
    );
    let last = ana.history(&room).await.pop().unwrap();
    assert_eq!(
        last["event"],
        json!({ "type": "kicked", "username": "ben" })
    );
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_with_old_password_ends_at_its_change() {
    let server = TestServer::start().await;
    let ana = server.user("ana").await;
    let sign_in = || {
        let body = json!({ "username": "ana", "password": PASSWORD });
        Client::new()
            .post(server.url("/api/auth/signin"))
            .json(&body)
    };
    let mut logins = JoinSet::new();
    for _ in 0..24 {
        logins.spawn(Reply::of(sign_in()));
    }
    let change = json!({ "current": PASSWORD, "new": "another horse" });
    ana.post("/api/auth/password", change).await.expect(204);
    let mut survivors = 0;
    while let Some(reply) = logins.join_next().await {
        let reply = reply.unwrap();
        if reply.status == 200 {
            let body: Value = reply.json();
            let token = body["access_token"].as_str().unwrap();
            let me = Client::new()
                .request(Method::GET, server.url("/api/me"))
                .bearer_auth(token);
            survivors += u32::from(Reply::of(me).await.status == 200);
        } else {
            reply.refused(401, "bad_credentials");
        }
    }
    assert_eq!(survivors, 0);
    server.stopped().await;
}

#[tokio::test]
async fn other_addresses_do_not_use_up_the_attempts_of_a_user() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        config.limits.attempts_burst = 5;
        config.limits.attempts_per_min = 1;
        config.http.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let from = |address: &'static str, path: &str, password: &str| {
        let body = json!({ "username": "ana", "password": password });
        let request = Client::new().post(server.url(path)).json(&body);
        Reply::of(request.header("x-forwarded-for", address))
    };
    from("192.0.2.1", "/api/auth/signup", PASSWORD)
        .await
        .expect(201);
    for _ in 0..5 {
        from("203.0.113.9", "/api/auth/signin", "wrong horse")
            .await
            .refused(401, "bad_credentials");
    }
    // Some proxies put the port behind the address; it is the same stranger.
    let refused = from("203.0.113.9:4711", "/api/auth/signin", PASSWORD).await;
    refused.refused(429, "rate_limited");
    assert!(refused.header("retry-after").is_some());
    let signed = from("198.51.100.7:4712", "/api/auth/signin", PASSWORD)
        .await
        .expect(200);
    let token = signed["access_token"].as_str().unwrap();
    let sessions = Client::new()
        .get(server.url("/api/me/sessions"))
        .bearer_auth(token);
    let sessions = Reply::of(sessions).await.expect(200);
    assert_eq!(sessions["items"][0]["address"], "198.51.100.7");
    server.stopped().await;
}

#[tokio::test]
async fn attempts_from_many_addresses_share_a_limit() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        (config.limits.attempts_burst, config.limits.attempts_per_min) = (2, 1);
        config.http.trusted_proxies = vec![[127, 0, 0, 1].into()];
    })
    .await;
    let signed = sign_in_from(&server, "/api/auth/signup", "192.0.2.1", PASSWORD).await;
    signed.expect(201);
    let mut refused = 0;
    for number in 1..=24 {
        let from = format!("198.51.100.{number}");
        let reply = sign_in_from(&server, "/api/auth/signin", &from, "a wrong guess").await;
        if reply.status != 401 {
            reply.refused(429, "rate_limited");
            refused += 1;
        }
    }
    assert_eq!(
        refused, 4,
        "twenty guesses in one go, wherever they come from"
    );
    // The owner comes from where they have a login already.
    let reply = sign_in_from(&server, "/api/auth/signin", "192.0.2.1", PASSWORD).await;
    reply.expect(200);
    server.stopped().await;
}

async fn sign_in_from(server: &TestServer, path: &str, address: &str, password: &str) -> Reply {
    let body = json!({ "username": "ana", "password": password });
    let request = server.request(Method::POST, path).json(&body);
    Reply::of(request.header("x-forwarded-for", address)).await
}
