//! Rights of personal tokens, by scope and list of rooms.

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::{
    Actor, Kind, Row, Rule, TokenNeed, Want, answered, none_of,
    table::{CALLS, COMMANDS},
    world::{Place, World},
};
use crate::support::User;

/// The scopes of tokens, those first that may the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Post,
    Read,
    Write,
    Admin,
}

const SCOPES: [Scope; 4] = [Scope::Post, Scope::Read, Scope::Write, Scope::Admin];

impl Scope {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Returns the refusal for a missing scope; `None` if the scope is enough.
    fn refusal(self, row: &Row) -> Option<Want> {
        let reads = matches!(row.method, "GET" | "WS");
        let included = match row.token {
            TokenNeed::Login => false,
            TokenNeed::Post => self != Self::Read,
            TokenNeed::ByMethod if reads => self != Self::Post,
            TokenNeed::ByMethod if matches!(row.rule, Rule::Admins) => self == Self::Admin,
            TokenNeed::ByMethod | TokenNeed::AllRooms => {
                matches!(self, Self::Write | Self::Admin)
            }
        };
        let code = if self == Self::Read && !reads {
            "read_only"
        } else {
            "out_of_scope"
        };
        (!included).then_some(Want::Refused(403, code))
    }
}

/// Returns the expected result for the token's owner, who owns the room and is an admin.
fn by_rule(row: &Row) -> Want {
    match row.rule {
        Rule::Admins => Want::Done,
        _ => row.want(Actor::Owner, Kind::Private),
    }
}

/// A world whose owner of rooms is a server admin as well.
async fn world() -> World {
    let world = World::new().await;
    let path = format!("/api/admin/users/{}/admin", owner(&world).id);
    let admin = world.user(Actor::Admin).unwrap();
    admin.put(&path, Value::Null).await.expect(204);
    world
}

fn owner(world: &World) -> &User {
    world.user(Actor::Owner).unwrap()
}

/// The number of a new token of the owner's, and a program that has nothing else.
async fn program(world: &World, scope: Scope, rooms: Option<i64>) -> (i64, User) {
    let mut body = json!({ "name": "script", "scope": scope.name() });
    if let Some(room) = rooms {
        body["rooms"] = json!([room]);
    }
    let owner = owner(world);
    let made = owner.post("/api/me/tokens", body).await.expect(201);
    let mut program = owner.clone();
    made["token"]
        .as_str()
        .unwrap()
        .clone_into(&mut program.token);
    (made["id"].as_i64().unwrap(), program)
}

/// Where the call goes.
async fn place(world: &World, row: &Row) -> Place {
    if row.is_about_a_room() {
        world.place(Kind::Private, &row.template()).await
    } else {
        world.no_place()
    }
}

/// Asks by a token that is made for this one call, and judges the answer.
async fn check_request(
    world: &World,
    row: &Row,
    scope: Scope,
    rooms: Option<i64>,
    place: &Place,
    want: Want,
) -> Option<String> {
    let (id, program) = program(world, scope, rooms).await;
    // By the token itself, which is all that a program has.
    let row = Row {
        another_login: false,
        newcomer: false,
        ..*row
    };
    let check_request = world.ask_by(Some(&program), &row, "/api/rooms", Actor::Owner, place);
    let got = check_request.await;
    // It may have ended itself; one has so many tokens and no more.
    owner(world).delete(&format!("/api/me/tokens/{id}")).await;
    (!want.matches(&got)).then(|| {
        format!(
            "{} {} {} by {scope:?} in {rooms:?}: wanted {want:?}, got {} {}",
            row.method, row.path, row.body, got.status, got.code
        )
    })
}

/// The rows that take a token, several at a time.
async fn each_row<F>(of_row: impl FnMut(&'static Row) -> F) -> Vec<String>
where
    F: Future<Output = Vec<Option<String>>>,
{
    let rows = CALLS.iter().filter(|row| !matches!(row.rule, Rule::Public));
    let found = stream::iter(rows).map(of_row).buffered(6);
    let found: Vec<Vec<Option<String>>> = found.collect().await;
    assert!(found.len() > 50, "only {} rows", found.len());
    found.into_iter().flatten().flatten().collect()
}

#[tokio::test]
async fn requests_are_allowed_exactly_by_scope() {
    let held = world().await;
    let world = &held;
    let failures = each_row(|row| async move {
        let (refused, granted): (Vec<Scope>, Vec<Scope>) = SCOPES
            .into_iter()
            .partition(|scope| scope.refusal(row).is_some());
        let mut failures = Vec::new();
        let here = place(world, row).await;
        for scope in refused {
            let want = scope.refusal(row).unwrap();
            failures.push(check_request(world, row, scope, None, &here, want).await);
        }
        for scope in granted {
            // The last one may have left nothing of the room.
            let here = place(world, row).await;
            failures.push(check_request(world, row, scope, None, &here, by_rule(row)).await);
        }
        failures
    })
    .await;
    none_of(&failures);
    held.server.stopped().await;
}

#[tokio::test]
async fn room_limited_token_is_refused_in_other_rooms() {
    let held = world().await;
    let world = &held;
    let plaza = world.no_place().room.id;
    let failures = each_row(|row| async move {
        let here = place(world, row).await;
        let scope = match row.token {
            TokenNeed::Post => Scope::Post,
            _ => Scope::Write,
        };
        let out_of_scope = Want::Refused(403, "out_of_scope");
        let refused = row.token == TokenNeed::AllRooms || matches!(row.rule, Rule::Admins);
        let refusal = scope.refusal(row).or(refused.then_some(out_of_scope));
        let here_only = refusal.unwrap_or_else(|| by_rule(row));
        let in_room = ["{room_id}", "{room_name}", "{file_id}"]
            .iter()
            .any(|name| row.path.contains(name));
        let elsewhere = match here_only {
            Want::Refused(_, "not_you" | "out_of_scope") => here_only,
            _ if in_room => Want::Refused(404, "not_found"),
            _ => here_only,
        };
        let mut failures = Vec::new();
        if row.is_about_a_room() {
            failures.push(check_request(world, row, scope, Some(plaza), &here, elsewhere).await);
        }
        let room = here.room.id;
        failures.push(check_request(world, row, scope, Some(room), &here, here_only).await);
        failures
    })
    .await;
    none_of(&failures);
    held.server.stopped().await;
}

/// Says every command by that token in rooms of the owner's, and judges each answer.
async fn check_socket_commands(
    world: &World,
    scope: Scope,
    rooms: Option<i64>,
    want: impl Fn(&str) -> Want,
) {
    let mut places = Vec::new();
    for send_message in COMMANDS {
        places.push((
            send_message,
            world.place(Kind::Private, send_message.fields).await,
        ));
    }
    let (_, program) = program(world, scope, rooms).await;
    let (mut socket, _) = program.connect().await;
    for (send_message, place) in places {
        let fields = world
            .filled(send_message.fields, Actor::Owner, &place)
            .await;
        let mut frame: Value = serde_json::from_str(&fields).unwrap();
        frame["type"] = send_message.name.into();
        let code = answered(&mut socket, &frame, send_message.answer, place.room.id).await;
        let wanted = match want(send_message.name) {
            Want::Done => match send_message.rule.want(Actor::Owner, Kind::Private) {
                Want::Done => None,
                Want::Refused(_, code) => Some(code),
            },
            Want::Refused(_, code) => Some(code),
        };
        assert_eq!(code.as_deref(), wanted, "{scope:?} {rooms:?}: {frame}");
    }
}

#[tokio::test]
async fn socket_commands_are_allowed_exactly_by_scope_and_rooms() {
    let world = world().await;
    let plaza = world.no_place().room.id;
    check_socket_commands(&world, Scope::Read, None, |name| match name {
        "sync" | "ping" => Want::Done,
        _ => Want::Refused(403, "read_only"),
    })
    .await;
    check_socket_commands(&world, Scope::Write, None, |_| Want::Done).await;
    check_socket_commands(&world, Scope::Admin, None, |_| Want::Done).await;
    check_socket_commands(&world, Scope::Write, Some(plaza), |name| match name {
        "ping" => Want::Done,
        _ => Want::Refused(404, "not_found"),
    })
    .await;
    world.server.stopped().await;
}

#[tokio::test]
async fn read_token_writes_nothing_at_a_terminal() {
    let world = world().await;
    let place = world.place(Kind::Private, "").await;
    let (_, reader) = program(&world, Scope::Read, None).await;
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
