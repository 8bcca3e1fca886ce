//! A personal token that may only read changes nothing, whoever it belongs to.

use serde_json::{Value, json};

use super::{
    Actor, Kind, Rule, answered,
    table::{CALLS, COMMANDS},
    world::World,
};
use crate::support::User;

/// A program that has nothing of its owner's but a token to read with.
async fn program(owner: &User) -> User {
    let body = json!({ "name": "reader", "scope": "read" });
    let made = owner.post("/api/me/tokens", body).await.expect(201);
    let mut program = owner.clone();
    made["token"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.token);
    program
}

#[tokio::test]
async fn a_token_to_read_with_writes_nothing_by_any_call() {
    let world = World::new().await;
    let mut allowed = Vec::new();
    for row in CALLS {
        let reads = matches!(row.method, "GET" | "WS");
        if reads || matches!(row.rule, Rule::Public) || row.newcomer || row.another_login {
            continue;
        }
        // Who may do it otherwise.
        let actor = match row.rule {
            Rule::Admins => Actor::Admin,
            _ => Actor::Owner,
        };
        let place = world.place(Kind::Private, &row.template()).await;
        let program = program(world.user(actor).unwrap()).await;
        let asked = world.ask_by(Some(&program), row, "/api/rooms", actor, &place);
        let got = asked.await;
        if (got.status, got.code.as_str()) != (403, "read_only") {
            allowed.push(format!("{} {}: {got:?}", row.method, row.path));
        }
        program_ends(world.user(actor).unwrap()).await;
    }
    assert!(allowed.is_empty(), "{allowed:#?}");
    world.server.stopped().await;
}

#[tokio::test]
async fn a_token_to_read_with_writes_nothing_over_a_socket() {
    let world = World::new().await;
    let owner = world.user(Actor::Owner).unwrap();
    let mut places = Vec::new();
    for say in COMMANDS {
        places.push((say, world.place(Kind::Private, say.fields).await));
    }
    let (mut socket, _) = program(owner).await.connect().await;
    for (say, place) in places {
        let fields = world.filled(say.fields, Actor::Owner, &place).await;
        let mut frame: Value = serde_json::from_str(&fields).unwrap();
        frame["type"] = say.name.into();
        let code = answered(&mut socket, &frame, say.answer, place.room.id).await;
        let reads = matches!(say.name, "sync" | "ping");
        let wanted = (!reads).then(|| "read_only".to_owned());
        assert_eq!(code, wanted, "{frame}");
    }
    world.server.stopped().await;
}

/// One has so many tokens and no more.
async fn program_ends(owner: &User) {
    let listed = owner.get("/api/me/tokens").await.expect(200);
    for token in listed["items"].as_array().unwrap() {
        let path = format!("/api/me/tokens/{}", token["id"]);
        owner.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn a_token_to_read_with_writes_nothing_at_a_terminal_and_lets_nobody_in() {
    let world = World::new().await;
    let owner = world.user(Actor::Owner).unwrap();
    let place = world.place(Kind::Private, "").await;
    let reader = program(owner).await;
    let room = reader.get(&format!("/api/rooms/{}", place.room.id)).await;
    assert!(room.expect(200)["access_code"].is_null());
    let mut terminal = reader.terminal(&place.room, "").await;
    for line in [
        "hello",
        "/me waves",
        "/msg @member psst",
        "/reply 1 yes",
        "/edit 1 x",
        "/delete 1",
        "/react 1 :+1:",
        "/topic tea",
        "/invite",
        "/mute @member",
        "/unmute @member",
        "/kick @member",
        "/ban @member",
        "/unban @member",
        "/leave",
    ] {
        terminal.enter(line).await;
        let answer = terminal.next_with("!").await;
        assert!(answer.contains("read"), "{line}: {answer}");
    }
    terminal.enter("/who").await;
    terminal.next_with("online").await;
    world.server.stopped().await;
}
