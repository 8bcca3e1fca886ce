//! One message to many: deliveries a second to 1,000 subscribers of a room.
//!
//! The floor is a bare epoll writer that gets the frames ready made and writes them to each socket
//! in one go. It stores nothing: the wait for the server's fsync is in the rate of the server
//! alone. The processor time a delivery is therefore a row of its own.

use std::{
    io::{self, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    Plan,
    client::{Crowd, body, masked},
    floor::{self, Floor},
    machine,
    report::{Report, Row, number},
    server::{self, Server},
};

const SUBSCRIBERS: usize = 1000;
const USERS: usize = 10;
const BODY: usize = 200;
/// Above this part of a core the client may be what is measured.
const BUSY: f64 = 0.9;

/// Somebody says something to all, and everybody hears it.
trait Stage {
    /// Says `count` messages from number `first` on.
    fn say(&mut self, first: u64, count: u64) -> io::Result<()>;
    fn crowd(&mut self) -> &mut Crowd;
    fn process(&self) -> u32;
}

/// What a slice of one stage came to.
struct Slice {
    rate: f64,
    /// Microseconds of the server's processor time a delivery.
    cost: f64,
    /// The part of a core that the client used.
    client: f64,
}

struct Ours {
    server: Server,
    crowd: Crowd,
    room: i64,
}

struct Bare {
    floor: Floor,
    crowd: Crowd,
    speaker: TcpStream,
    /// The server's own frame, into which the numbers are written.
    frame: Vec<u8>,
    mark: usize,
}

/// Runs a stage slice after slice, with the numbers going on.
struct Player<S> {
    stage: S,
    next: u64,
}

pub(crate) fn measure(plan: Plan, report: &mut Report) -> io::Result<()> {
    let folder = server::folder()?;
    let mut ours = Player::new(ours(&folder)?);
    // The first message shows what frames look like, digits of a busy room included.
    ours.play(Duration::from_millis(500), 16)?;
    let mut bare = Player::new(bare(&ours.stage)?);
    bare.play(Duration::from_millis(200), 16)?;
    for (name, burst) in [("one at a time", 1), ("16 in flight", 16)] {
        for attempt in 1..=plan.tries {
            let [rate, cost] = row(plan, name, burst, &mut bare, &mut ours)?;
            if attempt == plan.tries || !(rate.is_void() || cost.is_void()) {
                report.push(rate);
                report.push(cost);
                break;
            }
            eprintln!("fan-out, {name}: too noisy, once more");
        }
    }
    Ok(())
}

fn row(
    plan: Plan,
    name: &str,
    burst: u64,
    bare: &mut Player<Bare>,
    ours: &mut Player<Ours>,
) -> io::Result<[Row; 2]> {
    let mut rate = Row::rate(format!("fan-out, {name}"), "deliveries/s");
    let mut cost = Row::cost(format!("fan-out, {name}: processor"), "µs/delivery");
    let mut busy = (0.0_f64, 0.0_f64);
    let mut floor = |rate: &mut Row, cost: &mut Row, busy: &mut f64| {
        bare.play(plan.slice, burst).map(|slice| {
            rate.floor(slice.rate);
            cost.floor(slice.cost);
            *busy = busy.max(slice.client);
        })
    };
    for turn in 1..=plan.turns {
        floor(&mut rate, &mut cost, &mut busy.0)?;
        let slice = ours.play(plan.slice, burst)?;
        rate.ours(slice.rate);
        cost.ours(slice.cost);
        busy.1 = busy.1.max(slice.client);
        eprintln!("fan-out, {name}: {turn} of {}", plan.turns);
    }
    floor(&mut rate, &mut cost, &mut busy.0)?;
    let bound = match busy {
        (floor, ours) if floor > BUSY && ours > BUSY => "client-bound, both; ",
        (floor, _) if floor > BUSY => "the floor is client-bound; ",
        (_, ours) if ours > BUSY => "client-bound; ",
        _ => "",
    };
    rate.note(format!(
        "{bound}ours waits for its fsync, the floor stores nothing"
    ));
    cost.note("parsing and storing the message included");
    Ok([rate, cost])
}

fn ours(folder: &tempfile::TempDir) -> io::Result<Ours> {
    eprintln!("fan-out: {SUBSCRIBERS} subscribers come in");
    let server = Server::start(folder.path())?;
    let mut users = Vec::new();
    for number in 0..USERS {
        users.push(server.user(&format!("user{number}"))?);
    }
    let room = users[0].create_room("all of us")?;
    for user in &users[1..] {
        user.join(&room)?;
    }
    let mut crowd = Crowd::new()?;
    let sockets = (0..SUBSCRIBERS).map(|at| (room.id, users[at % USERS].token.as_str()));
    crowd.open(server.address, sockets)?;
    let room = room.id;
    Ok(Ours {
        server,
        crowd,
        room,
    })
}

/// The floor, with frames like those of the server.
fn bare(ours: &Ours) -> io::Result<Bare> {
    let floor = Floor::start(floor::BROADCAST)?;
    let speaker = TcpStream::connect(floor.address)?;
    speaker.set_nodelay(true)?;
    let mut crowd = Crowd::new()?;
    for _ in 0..SUBSCRIBERS {
        crowd.add(TcpStream::connect(floor.address)?, &[])?;
    }
    crowd.until("the floor to hear all", |counts| {
        counts.ready == SUBSCRIBERS
    })?;
    Ok(Bare {
        floor,
        crowd,
        speaker,
        frame: ours.crowd.sample().to_vec(),
        mark: ours.crowd.mark(),
    })
}

impl Stage for Ours {
    fn say(&mut self, first: u64, count: u64) -> io::Result<()> {
        let mut frames = Vec::new();
        for number in first..first + count {
            let (room, body) = (self.room, body(number, BODY));
            frames.extend(masked(&format!(
                r#"{{"type":"send","key":"{number:016}","room_id":{room},"body":"{body}"}}"#
            )));
        }
        self.crowd.send(0, &frames)
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    fn process(&self) -> u32 {
        self.server.process()
    }
}

impl Stage for Bare {
    fn say(&mut self, first: u64, count: u64) -> io::Result<()> {
        let mut frames = Vec::new();
        for number in first..first + count {
            let marker = body(number, 0);
            let at = self.frame.len() - self.mark;
            self.frame[at..at + marker.len()].copy_from_slice(marker.as_bytes());
            frames.extend(&self.frame);
        }
        self.speaker.write_all(&frames)
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    fn process(&self) -> u32 {
        self.floor.process()
    }
}

impl<S: Stage> Player<S> {
    fn new(stage: S) -> Self {
        Self { stage, next: 0 }
    }

    /// Says bursts of messages for that long, each as soon as everybody has heard all of the last.
    fn play(&mut self, time: Duration, burst: u64) -> io::Result<Slice> {
        let heard = self.stage.crowd().counts.deliveries;
        let listeners = self.stage.crowd().len() as u64;
        let cpu = machine::cpu_time(self.stage.process())?;
        let client = machine::cpu_time(std::process::id())?;
        let start = Instant::now();
        while start.elapsed() < time {
            self.stage.say(self.next, burst)?;
            self.next += burst;
            let wanted = self.next * listeners;
            self.stage
                .crowd()
                .until("a burst to be heard", |counts| counts.deliveries == wanted)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let deliveries = number(self.stage.crowd().counts.deliveries - heard);
        let cpu = machine::cpu_time(self.stage.process())?.saturating_sub(cpu);
        let client = machine::cpu_time(std::process::id())?.saturating_sub(client);
        Ok(Slice {
            rate: deliveries / seconds,
            cost: cpu.as_secs_f64() * 1e6 / deliveries,
            client: client.as_secs_f64() / seconds,
        })
    }
}
