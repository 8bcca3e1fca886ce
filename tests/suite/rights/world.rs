//! The people and the rooms that the table is tried with.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::future::join_all;
use image::ImageFormat;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{ACTORS, Actor, Kind, Row};
use crate::{
    files::{picture, sent},
    support::{PASSWORD, Room, TestServer, User},
};

/// A code of the right shape that stands for nothing.
const NO_CODE: &str = "K7QM-2XWD-9F4H-PT3C";

/// A body that stands for a picture.
const PICTURE: &str = "a picture";

/// Callers who were members at some time and have a message of their own.
const ONCE_INSIDE: [Actor; 7] = [
    Actor::Left,
    Actor::Kicked,
    Actor::Banned,
    Actor::Muted,
    Actor::Member,
    Actor::Moderator,
    Actor::Owner,
];

/// Result of a request: its status, and the code of a problem.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub status: u16,
    pub code: String,
}

pub(super) struct World {
    pub server: TestServer,
    people: HashMap<Actor, User>,
    /// The plain member whom, and whose messages, the others are after.
    target: User,
    /// A public room in which all can see the target.
    plaza: Room,
    direct: Room,
    nobody: Client,
    counter: AtomicU64,
}

/// A room with all of the actors in their places.
pub(super) struct Place {
    pub room: Room,
    kind: Kind,
    /// A message of the target's for each actor to do something with.
    theirs: HashMap<Actor, i64>,
    /// A message that each actor has written.
    own: HashMap<Actor, i64>,
    /// A picture in a message of the target's.
    file: String,
}

impl World {
    pub(super) async fn new() -> Self {
        // Each user asks for many things at once here, uploads among them.
        let server = TestServer::with(|config| config.limits.uploads_per_user = 64).await;
        let mut people = HashMap::new();
        // The first account is the admin.
        for actor in ACTORS.into_iter().rev() {
            if actor != Actor::Anonymous {
                people.insert(actor, server.user(&actor.name()).await);
            }
        }
        let target = server.user("target").await;
        let owner = &people[&Actor::Owner];
        let plaza = open(owner, Kind::Public, "plaza").await;
        let inside = [Actor::Muted, Actor::Member, Actor::Moderator];
        let inside: Vec<&User> = inside
            .iter()
            .map(|actor| &people[actor])
            .chain([&target])
            .collect();
        for user in &inside {
            user.join(&plaza.code).await.expect(200);
        }
        let ids: Vec<i64> = inside.iter().map(|user| user.id).collect();
        let direct = owner
            .post("/api/dms", json!({ "user_ids": ids }))
            .await
            .expect(201);
        let direct = Room {
            id: direct["id"].as_i64().unwrap(),
            code: NO_CODE.to_owned(),
        };
        Self {
            server,
            people,
            target,
            plaza,
            direct,
            nobody: Client::new(),
            counter: AtomicU64::new(0),
        }
    }

    pub(super) fn user(&self, actor: Actor) -> Option<&User> {
        self.people.get(&actor)
    }

    /// Where a call goes that is about no room.
    pub(super) fn no_place(&self) -> Place {
        Place {
            room: self.plaza.clone(),
            kind: Kind::Public,
            theirs: HashMap::new(),
            own: HashMap::new(),
            file: String::new(),
        }
    }

    /// A room of that kind, with the messages that the template wants.
    pub(super) async fn place(&self, kind: Kind, template: &str) -> Place {
        let owner = &self.people[&Actor::Owner];
        let room = if kind == Kind::Direct {
            self.direct.clone()
        } else {
            let number = self.counter.fetch_add(1, Ordering::Relaxed);
            open(owner, kind, &format!("lobby {number}")).await
        };
        let once_inside = ONCE_INSIDE
            .into_iter()
            .filter(|actor| kind != Kind::Direct || actor.is_in());
        let authors: Vec<(Actor, &User)> = once_inside
            .map(|actor| (actor, &self.people[&actor]))
            .collect();
        if kind != Kind::Direct {
            let others = authors.iter().map(|(_, user)| *user).chain([&self.target]);
            join_all(others.map(|user| async { user.join(&room.code).await.expect(200) })).await;
        }
        let mut own = HashMap::new();
        if template.contains("{own}") {
            own = said(&room, authors.into_iter()).await;
        }
        let mut theirs = HashMap::new();
        if template.contains("{seq}") || template.contains("{own}") {
            theirs = said(&room, ACTORS.into_iter().map(|actor| (actor, &self.target))).await;
        }
        let file = if template.contains("{file_id}") {
            self.file(&room).await
        } else {
            String::new()
        };
        if kind != Kind::Direct {
            self.part(&room).await;
        }
        Place {
            room,
            kind,
            theirs,
            own,
            file,
        }
    }

    /// Brings the actors from plain membership to where they belong.
    async fn part(&self, room: &Room) {
        let [owner, left, kicked, banned, muted, moderator] = [
            Actor::Owner,
            Actor::Left,
            Actor::Kicked,
            Actor::Banned,
            Actor::Muted,
            Actor::Moderator,
        ]
        .map(|actor| &self.people[&actor]);
        let mute = format!("/api/rooms/{}/mutes/{}", room.id, muted.id);
        let hour = json!({ "seconds": 3600 });
        let ((), (), (), (), muted) = tokio::join!(
            left.leave(room),
            owner.kick(room, kicked),
            owner.ban(room, banned),
            owner.give_role(room, moderator, "moderator"),
            owner.put(&mute, hour),
        );
        muted.expect(204);
    }

    /// Asks as that actor.
    pub(super) async fn ask(&self, row: &Row, base: &str, actor: Actor, place: &Place) -> Got {
        self.ask_by(self.user(actor), row, base, actor, place).await
    }

    /// Asks as that actor would, by this login.
    pub(super) async fn ask_by(
        &self,
        user: Option<&User>,
        row: &Row,
        base: &str,
        actor: Actor,
        place: &Place,
    ) -> Got {
        let path = self
            .filled(&super::based(row.path, base), actor, place)
            .await;
        let body = self.filled(row.body, actor, place).await;
        let method = match row.method {
            "WS" => Method::GET,
            method => method.parse().unwrap(),
        };
        let request = match user {
            Some(_) if row.newcomer => self.newcomer().await.request(method, &path),
            Some(user) if row.another_login => user.sign_in_again().await.request(method, &path),
            Some(user) => user.request(method, &path),
            None => self.nobody.request(method, self.server.url(&path)),
        };
        let request = match row.method {
            "WS" => request
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            _ if body.is_empty() => request,
            _ if body == PICTURE => request.body(picture(ImageFormat::Png, 4, 4)),
            _ => request
                .header("content-type", "application/json")
                .body(body),
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let code = if status < 400 {
            String::new()
        } else {
            let problem: Value = response.json().await.unwrap_or_default();
            problem["code"].as_str().unwrap_or("no code").to_owned()
        };
        Got { status, code }
    }

    /// A template with what it names; what has to be made for it is made now.
    pub(super) async fn filled(&self, template: &str, actor: Actor, place: &Place) -> String {
        let user = self.user(actor);
        let number =
            |all: &HashMap<Actor, i64>| all.get(&actor).or(place.theirs.get(&actor)).copied();
        let mut text = template.to_owned();
        for name in names(template) {
            let value = match name {
                "room_id" => place.room.id.to_string(),
                "room_name" => self.room_name(user, place).await,
                "code" => place.room.code.clone(),
                "user_id" => self.target.id.to_string(),
                "username" => self.target.name.clone(),
                "self" => user.unwrap_or(&self.target).id.to_string(),
                "moderator" => self.people[&Actor::Moderator].id.to_string(),
                "owner" => self.people[&Actor::Owner].id.to_string(),
                "seq" => number(&place.theirs).unwrap_or(1).to_string(),
                "own" => number(&place.own).unwrap_or(1).to_string(),
                "emoji" => "%F0%9F%91%8D".to_owned(),
                "password" => PASSWORD.to_owned(),
                "actor" => actor.name(),
                "name" => "notes.txt".to_owned(),
                "picture" => PICTURE.to_owned(),
                "key" => format!("k{}", self.counter.fetch_add(1, Ordering::Relaxed)),
                "refresh" => self.target.sign_in_again().await.refresh_token,
                "invite_id" => self.invite(place).await.to_string(),
                "file_id" => place.file.clone(),
                "newcomer" => self.newcomer().await.id.to_string(),
                "reset" => self.reset().await,
                "report_id" => self.report().await.to_string(),
                "session_id" => session(user).await.to_string(),
                "token_id" => token(user).await.to_string(),
                other => panic!("{template}: nothing is known for {{{other}}}"),
            };
            text = text.replace(&format!("{{{name}}}"), &value);
        }
        text
    }

    /// The name of the room, as this user has it, or as its owner has it.
    async fn room_name(&self, user: Option<&User>, place: &Place) -> String {
        let path = format!("/api/rooms/{}", place.room.id);
        let owner = &self.people[&Actor::Owner];
        let mut room = user.unwrap_or(owner).get(&path).await;
        if room.status != 200 {
            room = owner.get(&path).await;
        }
        let name = room.expect(200)["name"].as_str().unwrap().to_owned();
        name.replace(' ', "%20")
    }

    /// A new invite of the room, which a direct one cannot have.
    async fn invite(&self, place: &Place) -> i64 {
        if place.kind == Kind::Direct {
            return 1;
        }
        let path = format!("/api/rooms/{}/invites", place.room.id);
        let made = self.people[&Actor::Owner].post(&path, json!({})).await;
        made.expect(201)["id"].as_i64().unwrap()
    }

    /// A picture in a message of the target's. It is told by its thumbnail that it is one.
    async fn file(&self, room: &Room) -> String {
        let bytes = picture(ImageFormat::Png, 600, 20);
        let (file, _) = sent(&self.target, room, "a.png", bytes).await;
        file["id"].as_str().unwrap().to_owned()
    }

    /// An account of its own.
    async fn newcomer(&self) -> User {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        self.server.user(&format!("newcomer{number}")).await
    }

    /// A token by which a newcomer sets a password.
    async fn reset(&self) -> String {
        let path = format!("/api/admin/users/{}/reset", self.newcomer().await.id);
        let made = self.people[&Actor::Admin].post(&path, Value::Null).await;
        let made = made.expect(200);
        let url = made["url"].as_str().unwrap();
        url.split_once("/reset/").unwrap().1.to_owned()
    }

    /// A new report.
    async fn report(&self) -> i64 {
        let said = self.target.send_message(&self.plaza, "psst").await;
        let path = format!(
            "/api/rooms/{}/messages/{}/report",
            self.plaza.id, said["seq"]
        );
        let reported = self.people[&Actor::Member].post(&path, json!({})).await;
        reported.expect(204);
        let reports = self.people[&Actor::Admin].get("/api/admin/reports").await;
        reports.expect(200)["items"][0]["id"].as_i64().unwrap()
    }
}

/// A new room.
async fn open(owner: &User, kind: Kind, name: &str) -> Room {
    let body = json!({ "name": name, "kind": kind.name() });
    let made = owner.post("/api/rooms", body).await.expect(201);
    Room {
        id: made["id"].as_i64().unwrap(),
        code: made["access_code"].as_str().unwrap().to_owned(),
    }
}

/// A message by each of these users, by the actor that it is for.
async fn said<'a>(
    room: &Room,
    authors: impl Iterator<Item = (Actor, &'a User)>,
) -> HashMap<Actor, i64> {
    let said = authors.map(|(actor, user)| async move {
        let message = user.send_message(room, "something").await;
        (actor, message["seq"].as_i64().unwrap())
    });
    join_all(said).await.into_iter().collect()
}

/// Another login of the user's.
async fn session(user: Option<&User>) -> i64 {
    let Some(user) = user else { return 1 };
    let me = user.sign_in_again().await.get("/api/me").await.expect(200);
    me["session_id"].as_i64().unwrap()
}

/// A personal token of the user's.
async fn token(user: Option<&User>) -> i64 {
    let Some(user) = user else { return 1 };
    let body = json!({ "name": "spare", "scope": "read" });
    let made = user.post("/api/me/tokens", body).await.expect(201);
    made["id"].as_i64().unwrap()
}

/// The names between braces; JSON has braces of its own.
pub(super) fn names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').filter_map(|part| {
        let (name, _) = part.split_once('}')?;
        let fits = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        fits.then_some(name)
    })
}
