//! Every request by every kind of user in every kind of room.
//!
//! Expectations derive from one rule per row. A route or command without a row fails.

mod coverage;
mod scope;
mod table;
mod world;

use std::{collections::BTreeSet, fmt, time::Duration};

use futures_util::{StreamExt, future::join_all, stream};
use serde_json::Value;

use self::{
    table::{CALLS, COMMANDS, KNOWN},
    world::{Got, Place, World},
};
use crate::support::JsonSocket;

/// Kinds of callers. An admin administers the server and is in no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Actor {
    Anonymous,
    Stranger,
    Left,
    Kicked,
    Banned,
    Muted,
    Member,
    Moderator,
    Owner,
    Admin,
}

const ACTORS: [Actor; 10] = [
    Actor::Anonymous,
    Actor::Stranger,
    Actor::Left,
    Actor::Kicked,
    Actor::Banned,
    Actor::Muted,
    Actor::Member,
    Actor::Moderator,
    Actor::Owner,
    Actor::Admin,
];

impl Actor {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn is_in(self) -> bool {
        matches!(
            self,
            Self::Muted | Self::Member | Self::Moderator | Self::Owner
        )
    }
}

/// Where. In a direct room all are plain members: nobody can be muted, removed or raised there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Private,
    Public,
    Direct,
}

const KINDS: [Kind; 3] = [Kind::Private, Kind::Public, Kind::Direct];

impl Kind {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// Rules: the callers that may do something.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Everybody, without a token.
    Public,
    /// Everybody with an account.
    Anyone,
    /// Server admins.
    Admins,
    /// Members of the room.
    Members,
    /// Members who are not muted.
    Writers,
    /// Moderators and owners; in a direct room nobody.
    Moderators,
    /// Moderators and owners; in a direct room everybody in it.
    Pinners,
    /// Owners; in a direct room nobody.
    Owners,
    /// No member.
    Nobody,
}

/// Expected result.
#[derive(Clone, Copy, Debug)]
enum Want {
    Done,
    Refused(u16, &'static str),
}

impl Want {
    fn matches(self, got: &Got) -> bool {
        match self {
            Self::Done => (200..300).contains(&got.status) || got.status == 101,
            Self::Refused(status, code) => got.status == status && got.code == code,
        }
    }
}

impl Rule {
    /// Returns the expectation of the rule alone.
    fn want(self, actor: Actor, kind: Kind) -> Want {
        let direct = kind == Kind::Direct;
        let may = match self {
            Self::Public => return Want::Done,
            _ if actor == Actor::Anonymous => return Want::Refused(401, "unauthenticated"),
            Self::Anyone => return Want::Done,
            Self::Admins => actor == Actor::Admin,
            _ if !actor.is_in() => return Want::Refused(404, "not_found"),
            Self::Writers if actor == Actor::Muted && !direct => {
                return Want::Refused(403, "muted");
            }
            Self::Members | Self::Writers => true,
            Self::Pinners if direct => true,
            Self::Moderators | Self::Pinners => {
                !direct && matches!(actor, Actor::Moderator | Actor::Owner)
            }
            Self::Owners => !direct && actor == Actor::Owner,
            Self::Nobody => false,
        };
        if may {
            Want::Done
        } else {
            Want::Refused(403, "forbidden")
        }
    }
}

/// For these actors in these rooms something else than the rule says.
type But = (&'static [Actor], &'static [Kind], u16, &'static str);

/// Where something else comes than is promised: the method or `SAY`, the path or the command, by whom,
/// in which rooms, and what comes instead.
type Known = (
    &'static str,
    &'static str,
    &'static [Actor],
    &'static [Kind],
    u16,
    &'static str,
);

/// One HTTP call.
#[derive(Clone, Copy)]
struct Row {
    method: &'static str,
    path: &'static str,
    body: &'static str,
    rule: Rule,
    but: &'static [But],
    /// Whether it takes from the room what the next one to do it would need.
    fresh: bool,
    /// Whether it ends the login that asks.
    another_login: bool,
    /// Whether it ends the account that asks.
    newcomer: bool,
    /// The right that the call needs of a personal token.
    token: TokenNeed,
}

/// Right that a call needs of a personal token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenNeed {
    /// The scope to read, to write, or to change what admins may, by the method and the rule.
    ByMethod,
    /// Like `ByMethod`, and without a list of rooms.
    AllRooms,
    /// The scope to post.
    Post,
    /// No token will do.
    Login,
}

impl Row {
    /// Where the rule is not all.
    const fn but(self, but: &'static [But]) -> Self {
        Self { but, ..self }
    }

    const fn in_a_fresh_room(self) -> Self {
        Self {
            fresh: true,
            ..self
        }
    }

    const fn by_another_login(self) -> Self {
        Self {
            another_login: true,
            ..self
        }
    }

    const fn for_newcomer(self) -> Self {
        Self {
            newcomer: true,
            ..self
        }
    }

    const fn to_post(self) -> Self {
        Self {
            token: TokenNeed::Post,
            ..self
        }
    }

    const fn by_logins_only(self) -> Self {
        Self {
            token: TokenNeed::Login,
            ..self
        }
    }

    const fn beyond_a_list_of_rooms(self) -> Self {
        Self {
            token: TokenNeed::AllRooms,
            ..self
        }
    }

    fn template(&self) -> String {
        format!("{} {}", self.path, self.body)
    }

    fn is_about_a_room(&self) -> bool {
        let template = self.template();
        ["{room_id}", "{room_name}", "{code}", "{file_id}"]
            .iter()
            .any(|name| template.contains(name))
    }

    fn want(&self, actor: Actor, kind: Kind) -> Want {
        let but = self
            .but
            .iter()
            .find(|(actors, kinds, ..)| actors.contains(&actor) && kinds.contains(&kind));
        match but {
            Some((.., status, code)) => Want::Refused(*status, code),
            None => self.rule.want(actor, kind),
        }
    }

    /// The paths that it stands under.
    fn bases(&self) -> &'static [&'static str] {
        if self.path.starts_with("/api/rooms") {
            &["/api/rooms", "/api/chat_rooms"]
        } else {
            &[""]
        }
    }

    /// The routes of the router that it is for.
    fn routes(&self) -> impl Iterator<Item = String> {
        let path = self.path.split('?').next().unwrap_or_default();
        let path = path.replace("{own}", "{seq}");
        let path = ["{self}", "{moderator}", "{owner}", "{newcomer}"]
            .into_iter()
            .fold(path, |path, user| path.replace(user, "{user_id}"));
        let method = if self.method == "WS" {
            "GET"
        } else {
            self.method
        };
        self.bases()
            .iter()
            .map(move |base| format!("{method} {}", based(&path, base)))
    }
}

/// A path under another base.
fn based(path: &str, base: &str) -> String {
    match path.strip_prefix("/api/rooms") {
        Some(rest) if !base.is_empty() => format!("{base}{rest}"),
        _ => path.to_owned(),
    }
}

/// One command of a socket.
struct Say {
    name: &'static str,
    fields: &'static str,
    rule: Rule,
    answer: Answer,
}

/// Evidence that a command took effect.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// An ack with its key.
    Ack,
    /// A frame of that type.
    Frame(&'static str),
    /// No error.
    Silence,
}

/// One cell that is not as wanted, in words.
fn mismatch(
    what: impl fmt::Display,
    name: (&str, &str),
    actor: Actor,
    kind: Kind,
    want: Want,
    got: &Got,
) -> Option<String> {
    let known = KNOWN.iter().find(|(method, path, actors, kinds, ..)| {
        (*method, *path) == name && actors.contains(&actor) && kinds.contains(&kind)
    });
    let as_known =
        known.is_some_and(|(.., status, code)| (*status, *code) == (got.status, &got.code));
    let wrong = match (known, want.matches(got)) {
        (None, true) => return None,
        (Some(_), true) => "this is as promised now, and is to be struck from KNOWN".to_owned(),
        (_, false) if as_known => return None,
        (_, false) => format!("wanted {want:?}, got {} {}", got.status, got.code),
    };
    Some(format!("{what}: {actor:?} in {kind:?}: {wrong}"))
}

/// Tries a row with everybody in one kind of room, those first who change nothing.
async fn check_row(world: &World, row: &Row, base: &str, kind: Kind) -> Vec<String> {
    let template = row.template();
    let mut place = if row.is_about_a_room() {
        world.place(kind, &template).await
    } else {
        world.no_place()
    };
    let (may, may_not): (Vec<Actor>, Vec<Actor>) = ACTORS
        .into_iter()
        .partition(|actor| matches!(row.want(*actor, kind), Want::Done));
    let refused = may_not
        .into_iter()
        .map(|actor| ask(world, row, base, actor, &place));
    let mut cells = join_all(refused).await;
    for (at, actor) in may.into_iter().enumerate() {
        if row.fresh && at > 0 {
            place = world.place(kind, &template).await;
        }
        cells.push(ask(world, row, base, actor, &place).await);
    }
    let mismatch = cells.into_iter().filter_map(|(actor, got)| {
        let what = format!("{} {} {}", row.method, based(row.path, base), row.body);
        mismatch(
            what,
            (row.method, row.path),
            actor,
            kind,
            row.want(actor, kind),
            &got,
        )
    });
    mismatch.collect()
}

async fn ask(world: &World, row: &Row, base: &str, actor: Actor, place: &Place) -> (Actor, Got) {
    (actor, world.ask(row, base, actor, place).await)
}

fn none_of(failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} cells:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn every_route_and_every_command_has_a_row() {
    let rows: BTreeSet<String> = CALLS.iter().flat_map(Row::routes).collect();
    let routes = coverage::routes();
    let unruled: Vec<_> = routes.difference(&rows).collect();
    assert!(
        unruled.is_empty(),
        "routes without a row in tests/suite/rights/table.rs: {unruled:#?}"
    );
    let stale: Vec<_> = rows.difference(&routes).collect();
    assert!(stale.is_empty(), "rows without a route: {stale:#?}");
    let said: BTreeSet<String> = COMMANDS.iter().map(|say| say.name.to_owned()).collect();
    assert_eq!(
        said,
        coverage::commands(),
        "rows for commands, and commands"
    );
}

#[tokio::test]
async fn requests_are_allowed_exactly_as_in_the_table() {
    let world = World::new().await;
    let mut failures = Vec::new();
    let (in_rooms, elsewhere): (Vec<&Row>, Vec<&Row>) =
        CALLS.iter().partition(|row| row.is_about_a_room());
    for row in elsewhere {
        for base in row.bases() {
            failures.extend(check_row(&world, row, base, Kind::Public).await);
        }
    }
    let cases = in_rooms.into_iter().flat_map(|row| {
        let bases = row.bases().iter().copied();
        bases.flat_map(move |base| KINDS.map(|kind| (row, base, kind)))
    });
    let world_of = &world;
    let cases = stream::iter(cases).map(|(row, base, kind)| check_row(world_of, row, base, kind));
    let found: Vec<Vec<String>> = cases.buffered(6).collect().await;
    failures.extend(found.into_iter().flatten());
    none_of(&failures);
    world.server.stopped().await;
}

#[tokio::test]
async fn socket_commands_are_allowed_exactly_as_in_the_table() {
    let world = World::new().await;
    let cases = COMMANDS
        .iter()
        .flat_map(|say| KINDS.map(|kind| (say, kind)));
    let mut places = Vec::new();
    for (say, kind) in cases {
        places.push((say, kind, world.place(kind, say.fields).await));
    }
    let actors = ACTORS
        .into_iter()
        .filter(|actor| *actor != Actor::Anonymous);
    let check_socket_commands =
        join_all(actors.map(|actor| check_socket_commands(&world, &places, actor))).await;
    none_of(
        &check_socket_commands
            .into_iter()
            .flatten()
            .collect::<Vec<_>>(),
    );
    world.server.stopped().await;
}

/// Says all of it as one actor, over one socket.
async fn check_socket_commands(
    world: &World,
    places: &[(&Say, Kind, Place)],
    actor: Actor,
) -> Vec<String> {
    let user = world.user(actor).expect("a user");
    let (mut socket, _) = user.connect().await;
    let mut failures = Vec::new();
    for (say, kind, place) in places {
        let fields = world.filled(say.fields, actor, place).await;
        let mut frame: Value = serde_json::from_str(&fields).unwrap();
        frame["type"] = say.name.into();
        let want = say.rule.want(actor, *kind);
        let code = answered(&mut socket, &frame, say.answer, place.room.id).await;
        // A frame has no status; the code alone is compared.
        let status = match (&code, want) {
            (None, _) => 200,
            (Some(_), Want::Refused(status, _)) => status,
            (Some(_), Want::Done) => 400,
        };
        let got = Got {
            status,
            code: code.unwrap_or_default(),
        };
        let what = format!("{} {}", say.name, say.fields);
        failures.extend(mismatch(what, ("SAY", say.name), actor, *kind, want, &got));
    }
    failures
}

/// The code of the refusal, if it was refused.
async fn answered(
    socket: &mut JsonSocket,
    frame: &Value,
    answer: Answer,
    room: i64,
) -> Option<String> {
    let key = &frame["key"];
    let refusal = |heard: &Value| {
        let ours = if key.is_null() {
            heard["key"].is_null() && (heard["room_id"].is_null() || heard["room_id"] == room)
        } else {
            heard["key"] == *key
        };
        let code = heard["code"].as_str().unwrap_or("no code");
        (heard["type"] == "error" && ours).then(|| code.to_owned())
    };
    socket.send(frame.clone()).await;
    if matches!(answer, Answer::Silence) {
        return socket.still_answers().await.iter().find_map(refusal);
    }
    loop {
        let heard = tokio::time::timeout(Duration::from_secs(5), socket.next()).await;
        let Ok(heard) = heard else {
            return Some("no answer".to_owned());
        };
        let done = match answer {
            Answer::Ack => heard["type"] == "ack" && heard["key"] == *key,
            Answer::Frame(kind) => {
                heard["type"] == kind && (heard["room_id"].is_null() || heard["room_id"] == room)
            }
            Answer::Silence => false,
        };
        if done {
            return None;
        }
        if let Some(code) = refusal(&heard) {
            return Some(code);
        }
    }
}
