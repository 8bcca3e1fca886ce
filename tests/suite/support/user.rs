//! A typed user: holds a token and calls the API with it.

use std::net::SocketAddr;

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{JsonSocket, Reply, Terminal};

/// The password of every user that a test signs up.
pub(crate) const PASSWORD: &str = "correct horse";

#[derive(Clone)]
pub(crate) struct User {
    pub id: i64,
    pub name: String,
    pub token: String,
    pub refresh_token: String,
    pub address: SocketAddr,
    http: Client,
}

#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub id: i64,
    pub code: String,
}

impl User {
    pub(crate) async fn sign_up(address: SocketAddr, name: &str) -> Self {
        let http = Client::new();
        let body = json!({ "username": name, "password": PASSWORD });
        let reply = Reply::of(
            http.post(format!("http://{address}/api/auth/signup"))
                .json(&body),
        )
        .await;
        Self::from_tokens(address, name, http, &reply.expect(201))
    }

    /// Another login of the same account.
    pub(crate) async fn sign_in_again(&self) -> Self {
        Self::sign_in(self.address, &self.name, PASSWORD).await
    }

    pub(crate) async fn sign_in(address: SocketAddr, name: &str, password: &str) -> Self {
        let http = Client::new();
        let body = json!({ "username": name, "password": password });
        let request = http.post(format!("http://{address}/api/auth/signin"));
        let reply = Reply::of(request.json(&body)).await;
        Self::from_tokens(address, name, http, &reply.expect(200))
    }

    fn from_tokens(address: SocketAddr, name: &str, http: Client, body: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            id: body["user"]["id"].as_i64().unwrap(),
            name: name.to_owned(),
            token: text(&body["access_token"]),
            refresh_token: text(&body["refresh_token"]),
            address,
            http,
        }
    }

    /// Returns this user with the same token for a restarted server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        let http = Client::new();
        Self {
            address,
            http,
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("http://{}{path}", self.address))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn create_room(&self, name: &str) -> Room {
        let room = self
            .post("/api/rooms", json!({ "name": name }))
            .await
            .expect(201);
        Room {
            id: room["id"].as_i64().unwrap(),
            code: room["access_code"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) async fn join(&self, code: &str) -> Reply {
        self.post("/api/rooms/join", json!({ "code": code })).await
    }

    /// Posts and answers the message.
    pub(crate) async fn send_message(&self, room: &Room, body: &str) -> Value {
        self.post(
            &format!("/api/rooms/{}/messages", room.id),
            json!({ "body": body }),
        )
        .await
        .expect(201)
    }

    /// Every message of a room, oldest first, read page by page.
    pub(crate) async fn history(&self, room: &Room) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let path = format!("/api/rooms/{}/messages?after={after}&limit=200", room.id);
            let page = self.get(&path).await.expect(200);
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            if page["has_after"] == false {
                return all;
            }
            after = all.last().unwrap()["seq"].as_i64().unwrap();
        }
    }

    /// A JSON socket over all rooms, and its `ready` frame.
    pub(crate) async fn connect(&self) -> (JsonSocket, Value) {
        let mut socket = JsonSocket::open(self.address, "/ws", &self.token).await;
        let ready = socket.next().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        (socket, ready)
    }

    /// A JSON socket in one room, and its `ready` frame.
    pub(crate) async fn connect_to(&self, room: &Room) -> (JsonSocket, Value) {
        let path = format!("/ws/{}", room.id);
        let mut socket = JsonSocket::open(self.address, &path, &self.token).await;
        let ready = socket.next().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        (socket, ready)
    }

    /// Leaves a room.
    pub(crate) async fn leave(&self, room: &Room) {
        let path = format!("/api/rooms/{}/members/me", room.id);
        self.delete(&path).await.expect(204);
    }

    /// Removes somebody from a room.
    pub(crate) async fn kick(&self, room: &Room, user: &User) {
        let path = format!("/api/rooms/{}/members/{}", room.id, user.id);
        self.delete(&path).await.expect(204);
    }

    /// Bans somebody from a room.
    pub(crate) async fn ban(&self, room: &Room, user: &User) {
        let path = format!("/api/rooms/{}/bans/{}", room.id, user.id);
        self.put(&path, Value::Null).await.expect(204);
    }

    /// Lifts a ban.
    pub(crate) async fn unban(&self, room: &Room, user: &User) {
        let path = format!("/api/rooms/{}/bans/{}", room.id, user.id);
        self.delete(&path).await.expect(204);
    }

    /// Gives a member another role.
    pub(crate) async fn give_role(&self, room: &Room, user: &User, role: &str) {
        let path = format!("/api/rooms/{}/members/{}", room.id, user.id);
        self.patch(&path, json!({ "role": role })).await.expect(204);
    }

    /// Ends this login.
    pub(crate) async fn sign_out(&self) {
        let path = "/api/auth/signout";
        self.post(path, json!({})).await.expect(204);
    }

    /// A line-mode socket in one room; its banner is still to be read.
    pub(crate) async fn terminal(&self, room: &Room, query: &str) -> Terminal {
        Terminal::open(
            self.address,
            &format!("/ws/{}{query}", room.id),
            &self.token,
        )
        .await
    }
}
