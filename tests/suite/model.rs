//! Random commands in any order, with kills at any time: the room's history, the state of each client, and the counts
//! of each reader equal those of a simple model.
//!
//! The random steps are the same in each run; `MODEL_CASES=500` tries that many others.

mod client;
mod reference;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::{
    client::Client,
    reference::{Effect, Reference},
};
use crate::support::{Process, Room, User};

/// The first of them owns the room.
const NAMES: [&str; 3] = ["ana", "ben", "eve"];
const EMOJI: [&str; 2] = ["👍", "🎉"];
/// Runs of steps that are tried each time.
const CASES: u32 = 120;
const STEPS: usize = 40;

/// A step. `who` is an index into [`NAMES`], `pick` selects a message.
#[derive(Clone, Debug)]
enum Step {
    Say {
        who: usize,
        names: Option<usize>,
    },
    Edit {
        who: usize,
        pick: usize,
    },
    Delete {
        who: usize,
        pick: usize,
    },
    React {
        who: usize,
        pick: usize,
        emoji: usize,
        on: bool,
    },
    Pin {
        pick: usize,
        on: bool,
    },
    Read {
        who: usize,
        pick: usize,
        force: bool,
    },
    Join {
        who: usize,
    },
    Leave {
        who: usize,
    },
    Kick {
        who: usize,
    },
    Ban {
        who: usize,
    },
    Unban {
        who: usize,
    },
    Connect {
        who: usize,
    },
    Disconnect {
        who: usize,
    },
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..NAMES.len();
    let other = 1..NAMES.len();
    let pick = 0..64_usize;
    prop_oneof![
        8 => (who.clone(), prop::option::of(who.clone())).prop_map(|(who, names)| Step::Say { who, names }),
        4 => (who.clone(), pick.clone()).prop_map(|(who, pick)| Step::Edit { who, pick }),
        2 => (who.clone(), pick.clone()).prop_map(|(who, pick)| Step::Delete { who, pick }),
        4 => (who.clone(), pick.clone(), 0..EMOJI.len(), any::<bool>())
            .prop_map(|(who, pick, emoji, on)| Step::React { who, pick, emoji, on }),
        2 => (pick.clone(), any::<bool>()).prop_map(|(pick, on)| Step::Pin { pick, on }),
        3 => (who.clone(), pick, any::<bool>()).prop_map(|(who, pick, force)| Step::Read { who, pick, force }),
        4 => other.clone().prop_map(|who| Step::Join { who }),
        1 => other.clone().prop_map(|who| Step::Leave { who }),
        2 => other.clone().prop_map(|who| Step::Kick { who }),
        1 => other.clone().prop_map(|who| Step::Ban { who }),
        1 => other.prop_map(|who| Step::Unban { who }),
        4 => who.clone().prop_map(|who| Step::Connect { who }),
        2 => who.prop_map(|who| Step::Disconnect { who }),
        1 => Just(Step::Crash),
    ]
}

/// A server, and people who stay from one run to the next.
struct World {
    folder: TempDir,
    process: Option<Process>,
    people: Vec<User>,
}

/// One run: a room, what it should be, and who listens.
struct Run<'a> {
    world: &'a mut World,
    room: Room,
    reference: Reference,
    clients: Vec<Client>,
    said: usize,
}

#[test]
fn server_equals_the_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut world = runtime.block_on(World::new());
    let more: Option<u32> = std::env::var("MODEL_CASES")
        .ok()
        .map(|cases| cases.parse().expect("MODEL_CASES is a number"));
    let config = Config {
        cases: more.unwrap_or(CASES),
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = match more {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let world = std::cell::RefCell::new(&mut world);
    let done = runner.run(&prop::collection::vec(step(), 1..=STEPS), |steps| {
        let mut world = world.borrow_mut();
        let run_steps = AssertUnwindSafe(run_steps(&mut world, &steps)).catch_unwind();
        runtime.block_on(run_steps).map_err(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            TestCaseError::fail(words.unwrap_or_else(|| "a failed assertion".to_owned()))
        })
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}

async fn run_steps(world: &mut World, steps: &[Step]) {
    let mut run = Run::new(world).await;
    for step in steps {
        run.apply(step).await;
        run.wait_until_synced().await;
    }
    run.compare().await;
    run.end().await;
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(folder.path()).await;
        let mut people = Vec::new();
        for name in NAMES {
            people.push(User::sign_up(process.address, name).await);
        }
        Self {
            folder,
            process: Some(process),
            people,
        }
    }
}

impl<'a> Run<'a> {
    async fn new(world: &'a mut World) -> Self {
        let room = world.people[0].create_room("model").await;
        let clients = NAMES.iter().map(|_| Client::new(room.id)).collect();
        Self {
            world,
            room,
            reference: Reference::new(NAMES.len()),
            clients,
            said: 0,
        }
    }

    fn user(&self, who: usize) -> User {
        self.world.people[who].clone()
    }

    fn path(&self, seq: i64) -> String {
        format!("/api/rooms/{}/messages/{seq}", self.room.id)
    }

    async fn apply(&mut self, step: &Step) {
        match *step {
            Step::Say { who, names } => self.send_message(who, names).await,
            Step::Edit { who, pick } => {
                let Some(seq) = self.reference.text(pick) else {
                    return;
                };
                self.said += 1;
                let body = format!("edited {}", self.said);
                let path = self.path(seq);
                let reply = self.user(who).patch(&path, json!({ "body": body })).await;
                let wanted = self.reference.edit(who, seq, &body);
                assert_eq!(effect(reply.status, 200), wanted, "{step:?}: {reply:?}");
            }
            Step::Delete { who, pick } => {
                let Some(seq) = self.reference.text(pick) else {
                    return;
                };
                let reply = self.user(who).delete(&self.path(seq)).await;
                let wanted = self.reference.delete(who, seq);
                assert_eq!(effect(reply.status, 204), wanted, "{step:?}: {reply:?}");
            }
            Step::React {
                who,
                pick,
                emoji,
                on,
            } => {
                let Some(seq) = self.reference.text(pick) else {
                    return;
                };
                let path = format!("{}/reactions/{}", self.path(seq), EMOJI[emoji]);
                let reply = self.set(who, &path, on).await;
                let wanted = self.reference.react(who, seq, EMOJI[emoji], on);
                assert_eq!(effect(reply, 204), wanted, "{step:?}");
            }
            Step::Pin { pick, on } => {
                let Some(seq) = self.reference.text(pick) else {
                    return;
                };
                let path = format!("{}/pin", self.path(seq));
                let reply = self.set(0, &path, on).await;
                assert_eq!(effect(reply, 204), self.reference.pin(seq, on), "{step:?}");
            }
            Step::Read { who, pick, force } => {
                let seq = self.reference.any(pick);
                let path = format!("/api/rooms/{}/read", self.room.id);
                let body = json!({ "seq": seq, "force": force });
                let reply = self.user(who).put(&path, body).await;
                let wanted = self.reference.read(who, seq, force);
                assert_eq!(effect(reply.status, 200), wanted, "{step:?}: {reply:?}");
            }
            Step::Join { who } => {
                let reply = self.user(who).join(&self.room.code).await;
                let wanted = self.reference.join(who);
                assert_eq!(effect(reply.status, 200), wanted, "{step:?}: {reply:?}");
            }
            Step::Leave { who } => {
                if self.reference.leave(who) == Effect::Done {
                    self.user(who).leave(&self.room).await;
                }
            }
            Step::Kick { who } => {
                if self.reference.kick(who) == Effect::Done {
                    self.user(0).kick(&self.room, &self.user(who)).await;
                }
            }
            Step::Ban { who } => {
                if self.reference.ban(who) == Effect::Done {
                    self.user(0).ban(&self.room, &self.user(who)).await;
                }
            }
            Step::Unban { who } => {
                if self.reference.unban(who) == Effect::Done {
                    self.user(0).unban(&self.room, &self.user(who)).await;
                }
            }
            Step::Connect { who } => {
                let user = self.user(who);
                self.clients[who].connect(&user).await;
            }
            Step::Disconnect { who } => self.clients[who].disconnect(),
            Step::Crash => self.crash().await,
        }
    }

    /// Over the socket of who has one, else over HTTP.
    async fn send_message(&mut self, who: usize, names: Option<usize>) {
        self.said += 1;
        let mention = names.map(|who| format!(" @{}", NAMES[who]));
        let body = format!("said {}{}", self.said, mention.unwrap_or_default());
        let wanted = self.reference.send_message(who, &body, names);
        let key = format!("{}-{}", self.room.id, self.said);
        let status = if let Some(status) = self.clients[who].send_message(&key, &body).await {
            status
        } else {
            let path = format!("/api/rooms/{}/messages", self.room.id);
            let body = json!({ "body": body, "key": key });
            self.user(who).post(&path, body).await.status
        };
        assert_eq!(effect(status, 201), wanted, "{who} says {body:?}");
    }

    async fn set(&self, who: usize, path: &str, on: bool) -> u16 {
        let user = self.user(who);
        let reply = if on {
            user.put(path, json!({})).await
        } else {
            user.delete(path).await
        };
        reply.status
    }

    /// The server dies without a word and comes back.
    async fn crash(&mut self) {
        for client in &mut self.clients {
            client.disconnect();
        }
        if let Some(process) = self.world.process.take() {
            process.kill().await;
        }
        let process = Process::start(self.world.folder.path()).await;
        for user in &mut self.world.people {
            *user = user.at(process.address);
        }
        self.world.process = Some(process);
    }

    /// Every client hears what it should and nothing else.
    async fn wait_until_synced(&mut self) {
        for (who, client) in self.clients.iter_mut().enumerate() {
            let reference = &self.reference;
            client
                .wait_until_synced(reference.is_member(who), reference.rev())
                .await;
            if client.is_live() && reference.is_member(who) {
                assert_eq!(
                    client.seen(),
                    reference.messages(&self.world.people),
                    "{} sees",
                    NAMES[who]
                );
            }
        }
    }

    /// The history, the changes and the counts as everybody reads them.
    async fn compare(&self) {
        let wanted = self.reference.messages(&self.world.people);
        for (who, user) in self.world.people.iter().enumerate() {
            let path = format!("/api/rooms/{}/messages", self.room.id);
            if !self.reference.is_member(who) {
                user.get(&path).await.refused(404, "not_found");
                continue;
            }
            let seen: Vec<Value> = user
                .history(&self.room)
                .await
                .iter()
                .map(client::comparable)
                .collect();
            assert_eq!(seen, wanted, "the history");
            let changes = user
                .get(&format!("{path}?changed_since=0&limit=1000"))
                .await
                .expect(200);
            let mut changes: Vec<Value> = changes["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(client::comparable)
                .collect();
            let revs: Vec<i64> = changes
                .iter()
                .map(|one| one["rev"].as_i64().unwrap())
                .collect();
            assert!(revs.is_sorted_by(|one, next| one < next), "{revs:?}");
            changes.sort_by_key(|one| one["seq"].as_i64());
            assert_eq!(changes, wanted, "the changes");
            self.compare_counts(who, user).await;
        }
    }

    async fn compare_counts(&self, who: usize, user: &User) {
        let rooms = user.get("/api/rooms").await.expect(200);
        let mut rooms = rooms.as_array().unwrap().iter();
        let room = rooms.find(|room| room["id"] == self.room.id).unwrap();
        assert_eq!(
            room["head"],
            json!({ "seq": self.reference.seq(), "rev": self.reference.rev() })
        );
        let counts = json!([room["read_seq"], room["unread"], room["mentions"]]);
        assert_eq!(
            counts,
            self.reference.counts(who),
            "{}: read_seq, unread, mentions",
            NAMES[who]
        );
    }

    async fn end(self) {
        for mut client in self.clients {
            client.disconnect();
        }
        let path = format!("/api/rooms/{}", self.room.id);
        self.world.people[0].delete(&path).await.expect(204);
    }
}

/// Returns the effect of a command from the status of its answer.
fn effect(status: u16, done: u16) -> Effect {
    match status {
        status if status == done => Effect::Done,
        403 | 404 | 409 => Effect::Refused,
        status => panic!("{status} is neither done nor refused"),
    }
}
