//! The page's way of signing in: cookies that no script reads, good only on our own page.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;

use crate::support::{PASSWORD, Reply, TestServer};

const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// A browser: it keeps cookies and sends them along.
struct Browser {
    http: Client,
    origin: String,
}

impl Browser {
    fn new(server: &TestServer) -> Self {
        Self {
            http: Client::builder().cookie_store(true).build().unwrap(),
            origin: format!("http://{}", server.address),
        }
    }

    async fn signed_up(server: &TestServer, name: &str) -> Self {
        let browser = Self::new(server);
        let wanted = json!({ "username": name, "password": PASSWORD, "cookie": true });
        let request = browser.own_page(Method::POST, "/api/auth/signup");
        Reply::of(request.json(&wanted)).await.expect(201);
        browser
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    /// A request that our own page makes.
    fn own_page(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header(OWN.0, OWN.1)
    }

    async fn me(&self) -> Reply {
        Reply::of(self.request(Method::GET, "/api/me")).await
    }
}

/// The `Set-Cookie` line of that cookie, cut into its parts.
fn cookie(reply: &Reply, name: &str) -> Vec<String> {
    let lines = reply.headers.get_all("set-cookie").iter();
    let mut lines = lines.map(|line| line.to_str().unwrap());
    let line = lines.find(|line| line.starts_with(&format!("{name}_")));
    let line = line.unwrap_or_else(|| panic!("no cookie {name}: {reply:?}"));
    line.split("; ").map(str::to_owned).collect()
}

#[tokio::test]
async fn cookie_sign_in_returns_no_token() {
    let server = TestServer::start().await;
    server.user("ana").await;
    for (path, name, status) in [
        ("/api/auth/signup", "ben", 201),
        ("/api/auth/signin", "ana", 200),
    ] {
        let wanted = json!({ "username": name, "password": PASSWORD, "cookie": true });
        let reply = server.post(path, wanted).await;
        let body = reply.expect(status);
        assert_eq!(body["user"]["username"], name, "{body}");
        for token in ["access_token", "refresh_token"] {
            assert!(body.get(token).is_none(), "{body}");
        }
        for (name, place) in [
            ("parlor_access", "Path=/"),
            ("parlor_refresh", "Path=/api/auth"),
        ] {
            let parts = cookie(&reply, name);
            for part in ["HttpOnly", "SameSite=Strict", place] {
                assert!(parts.iter().any(|has| has == part), "{part}: {parts:?}");
            }
            assert!(
                !parts.iter().any(|part| part == "Secure"),
                "plain HTTP: {parts:?}"
            );
            assert!(
                !parts.iter().any(|part| part.starts_with("Domain")),
                "{parts:?}"
            );
        }
    }
    server.stopped().await;
}

#[tokio::test]
async fn behind_tls_cookies_are_secure() {
    let server =
        TestServer::with(|config| config.public_url = "https://chat.example.org".into()).await;
    let wanted = json!({ "username": "ana", "password": PASSWORD, "cookie": true });
    let reply = server.post("/api/auth/signup", wanted).await;
    reply.expect(201);
    for name in ["__Host-parlor_access", "__Secure-parlor_refresh"] {
        let parts = cookie(&reply, name);
        assert!(parts.iter().any(|part| part == "Secure"), "{parts:?}");
    }
    assert!(
        reply.header("strict-transport-security").is_some(),
        "{reply:?}"
    );
    server.stopped().await;
}

#[tokio::test]
async fn writes_by_cookie_need_the_own_origin() {
    let server = TestServer::start().await;
    let browser = Browser::signed_up(&server, "ana").await;
    let own = browser.origin.clone();
    let upper = own.to_uppercase().replace("HTTP", "http");
    for (headers, status) in [
        (vec![], 403),
        (vec![OWN], 200),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "none")], 403),
        (vec![("origin", own.as_str())], 200),
        (vec![("origin", upper.as_str())], 200),
        (vec![("origin", "http://evil.example")], 403),
        (vec![("origin", "http://127.0.0.1")], 403),
        (vec![("origin", "http://127.0.0.1:1")], 403),
        (vec![("origin", "null")], 403),
        (vec![("origin", "")], 403),
        (
            vec![("sec-fetch-site", "cross-site"), ("origin", own.as_str())],
            403,
        ),
        (vec![OWN, ("origin", own.as_str())], 200),
        (vec![("referer", own.as_str())], 403),
    ] {
        for (method, path) in [(Method::PATCH, "/api/me"), (Method::POST, "/api/rooms")] {
            let mut request = browser.request(method.clone(), path);
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            let reply = Reply::of(request.json(&json!({ "name": "lobby" }))).await;
            if status == 403 {
                reply.refused(403, "cross_origin");
            } else {
                let created = if method == Method::POST { 201 } else { 200 };
                assert_eq!(reply.status, created, "{headers:?}: {}", reply.text);
            }
        }
    }
    let rooms = Reply::of(browser.request(Method::GET, "/api/rooms")).await;
    assert_eq!(rooms.expect(200).as_array().unwrap().len(), 4, "{rooms:?}");
    server.stopped().await;
}

#[tokio::test]
async fn public_url_is_the_own_origin_behind_a_proxy() {
    let server =
        TestServer::with(|config| config.public_url = "http://chat.example.org".into()).await;
    let browser = Browser::signed_up(&server, "ana").await;
    for (origin, status) in [
        ("http://chat.example.org", 200),
        ("http://chat.example.org.evil.example", 403),
        ("http://other.example.org", 403),
    ] {
        let request = browser
            .request(Method::PATCH, "/api/me")
            .header("origin", origin);
        Reply::of(request.json(&json!({}))).await.expect(status);
    }
    server.stopped().await;
}

#[tokio::test]
async fn reading_by_cookie_works() {
    let server = TestServer::start().await;
    let browser = Browser::signed_up(&server, "ana").await;
    let me = browser.me().await.expect(200);
    assert_eq!(me["user"]["username"], "ana", "{me}");
    Browser::new(&server)
        .me()
        .await
        .refused(401, "unauthenticated");
    server.stopped().await;
}

#[tokio::test]
async fn refreshing_by_cookie_changes_the_cookies() {
    let server = TestServer::start().await;
    let browser = Browser::signed_up(&server, "ana").await;
    Reply::of(browser.request(Method::POST, "/api/auth/refresh"))
        .await
        .refused(403, "cross_origin");
    let mut seen = Vec::new();
    for _ in 0..3 {
        let reply = Reply::of(browser.own_page(Method::POST, "/api/auth/refresh")).await;
        let body = reply.expect(200);
        assert!(
            body.get("access_token").is_none() && body.get("refresh_token").is_none(),
            "{body}"
        );
        let next = cookie(&reply, "parlor_refresh")[0].clone();
        assert!(!seen.contains(&next), "{next}");
        seen.push(next);
        browser.me().await.expect(200);
    }
    Reply::of(Browser::new(&server).own_page(Method::POST, "/api/auth/refresh"))
        .await
        .refused(401, "unauthenticated");
    server.stopped().await;
}

#[tokio::test]
async fn sign_out_by_cookie_removes_the_cookies() {
    let server = TestServer::start().await;
    let browser = Browser::signed_up(&server, "ana").await;
    Reply::of(browser.request(Method::POST, "/api/auth/signout"))
        .await
        .refused(403, "cross_origin");
    browser.me().await.expect(200);
    let reply = Reply::of(browser.own_page(Method::POST, "/api/auth/signout")).await;
    reply.expect(204);
    for (name, place) in [
        ("parlor_access", "Path=/"),
        ("parlor_refresh", "Path=/api/auth"),
    ] {
        let parts = cookie(&reply, name);
        assert!(parts[0].ends_with('='), "{parts:?}");
        for part in ["Max-Age=0", place] {
            assert!(parts.iter().any(|has| has == part), "{part}: {parts:?}");
        }
    }
    browser.me().await.refused(401, "unauthenticated");
    server.stopped().await;
}

#[tokio::test]
async fn page_with_expired_access_token_can_sign_out() {
    let server = TestServer::start().await;
    let wanted = json!({ "username": "ana", "password": PASSWORD, "cookie": true });
    let reply = server.post("/api/auth/signup", wanted).await;
    let refresh = cookie(&reply, "parlor_refresh")[0].clone();
    let access = cookie(&reply, "parlor_access")[0].clone();
    let ask = |path: &'static str, site: &'static str| {
        let request = server.request(Method::POST, path);
        Reply::of(
            request
                .header("cookie", refresh.clone())
                .header("sec-fetch-site", site),
        )
    };
    ask("/api/auth/signout", "cross-site")
        .await
        .refused(403, "cross_origin");
    ask("/api/auth/signout", "same-origin").await.expect(204);
    ask("/api/auth/refresh", "same-origin")
        .await
        .refused(401, "unauthorized");
    let request = server.request(Method::GET, "/api/me");
    Reply::of(request.header("cookie", access))
        .await
        .refused(401, "unauthorized");
    server.stopped().await;
}

#[tokio::test]
async fn other_origin_cannot_sign_in_by_cookie() {
    let server = TestServer::start().await;
    server.user("ana").await;
    for (headers, status) in [
        (("sec-fetch-site", "cross-site"), 403),
        (("origin", "http://evil.example"), 403),
        (OWN, 200),
    ] {
        let wanted = json!({ "username": "ana", "password": PASSWORD, "cookie": true });
        let request = server.request(Method::POST, "/api/auth/signin");
        Reply::of(request.header(headers.0, headers.1).json(&wanted))
            .await
            .expect(status);
    }
    server.stopped().await;
}

#[tokio::test]
async fn two_servers_on_one_host_use_different_cookies() {
    let (one, other) = (TestServer::start().await, TestServer::start().await);
    let browser = Browser::signed_up(&one, "ana").await;
    let elsewhere = Browser {
        http: browser.http.clone(),
        ..Browser::new(&other)
    };
    let wanted = json!({ "username": "ben", "password": PASSWORD, "cookie": true });
    let request = elsewhere.own_page(Method::POST, "/api/auth/signup");
    Reply::of(request.json(&wanted)).await.expect(201);
    for (browser, name) in [(&browser, "ana"), (&elsewhere, "ben")] {
        let me = browser.me().await.expect(200);
        assert_eq!(me["user"]["username"], name, "{me}");
    }
    one.stopped().await;
    other.stopped().await;
}

#[tokio::test]
async fn refresh_token_can_sign_out() {
    let server = TestServer::start().await;
    let wanted = json!({ "username": "ana", "password": PASSWORD });
    let signed = server.post("/api/auth/signup", wanted).await.expect(201);
    let token = json!({ "refresh_token": signed["refresh_token"] });
    server
        .post("/api/auth/signout", token.clone())
        .await
        .expect(204);
    server
        .post("/api/auth/refresh", token.clone())
        .await
        .refused(401, "unauthorized");
    server
        .post("/api/auth/signout", json!({}))
        .await
        .refused(401, "unauthenticated");
    let nonsense = json!({ "refresh_token": "nonsense" });
    server
        .post("/api/auth/signout", nonsense)
        .await
        .refused(401, "unauthorized");
    server.stopped().await;
}

#[tokio::test]
async fn repeated_sign_out_is_rate_limited() {
    let server = TestServer::with(|config| {
        config.limits.rates = true;
        (config.limits.requests_burst, config.limits.requests_per_s) = (20, 1);
    })
    .await;
    let ana = server.user("ana").await;
    let body = json!({ "refresh_token": ana.refresh_token });
    let mut answers = Vec::new();
    for _ in 0..60 {
        let answer = server.post("/api/auth/signout", body.clone()).await;
        answers.push(answer.status);
    }
    assert_eq!(answers[0], 204);
    assert!(answers.contains(&429), "{answers:?}");
    server.stopped().await;
}
