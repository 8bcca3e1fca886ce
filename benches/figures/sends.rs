//! One message on disk: acked messages a second from 64 senders, each with one on its way.
//!
//! Each sender has a room of its own, so that the row is about the disk and not about fan-out. The
//! floor writes equal bytes and waits for the disk once for 64 of them.

use std::{
    fs::File,
    io,
    time::{Duration, Instant},
};

use crate::{
    Plan,
    client::{Crowd, body, masked},
    floor, machine,
    report::{Report, Row, median, number},
    server::{self, Server, User},
};

const SENDERS: usize = 64;
const USERS: usize = 8;
const BODY: usize = 200;
/// The columns and the key that are stored beside a body of this size.
const RECORD: usize = BODY + 56;

/// Senders that never rest.
struct Senders {
    crowd: Crowd,
    rooms: Vec<i64>,
    sent: Vec<u64>,
}

pub(crate) fn measure(plan: Plan, report: &mut Report) -> io::Result<()> {
    eprintln!("sends: {SENDERS} senders come in");
    let folder = server::folder()?;
    let server = Server::start(folder.path())?;
    let mut senders = Senders::open(&server)?;
    let log = floor::log()?;
    for attempt in 1..=plan.tries {
        let rows = rows(plan, &server, &mut senders, &log)?;
        if attempt == plan.tries || !rows[0].is_void() {
            for row in rows {
                report.push(row);
            }
            break;
        }
        eprintln!("sends: too noisy, once more");
    }
    Ok(())
}

fn rows(plan: Plan, server: &Server, senders: &mut Senders, log: &File) -> io::Result<[Row; 2]> {
    let mut rate = Row::rate("sends, 64 senders", "acked/s");
    let mut cost = Row::cost("sends, 64 senders: processor", "µs/message");
    let mut alone = Vec::new();
    let floor =
        |batch| machine::on_server_core(|| floor::durable(log, RECORD, batch, plan.slice / 2));
    for turn in 1..=plan.turns {
        rate.floor(floor(SENDERS)?);
        let cpu = machine::cpu_time(server.process())?;
        let start = Instant::now();
        let acks = number(senders.work(plan.slice)?);
        rate.ours(acks / start.elapsed().as_secs_f64());
        let cpu = machine::cpu_time(server.process())?.saturating_sub(cpu);
        cost.ours(cpu.as_secs_f64() * 1e6 / acks);
        alone.push(floor(1)?);
        eprintln!("sends: {turn} of {}", plan.turns);
    }
    rate.floor(floor(SENDERS)?);
    let alone = median(&alone).unwrap_or_default();
    rate.note(format!(
        "floor: `pwrite` and `fdatasync` of 64 records; of one at a time {alone:.0}/s"
    ));
    Ok([rate, cost])
}

impl Senders {
    fn open(server: &Server) -> io::Result<Self> {
        let mut users: Vec<User> = Vec::new();
        for number in 0..USERS {
            users.push(server.user(&format!("user{number}"))?);
        }
        let mut rooms = Vec::new();
        for sender in 0..SENDERS {
            let name = format!("room {sender}");
            rooms.push(users[sender % USERS].create_room(&name)?.id);
        }
        let mut crowd = Crowd::new()?;
        let tokens = users.iter().map(|user| user.token.as_str()).cycle();
        crowd.open(server.address, rooms.iter().copied().zip(tokens))?;
        let sent = vec![0; SENDERS];
        let mut senders = Self { crowd, rooms, sent };
        for at in 0..SENDERS {
            senders.send(at)?;
        }
        senders.work(Duration::from_millis(500))?;
        Ok(senders)
    }

    /// Goes on for that long, and answers how many messages were acked.
    fn work(&mut self, time: Duration) -> io::Result<u64> {
        let start = Instant::now();
        let mut acked = 0;
        while start.elapsed() < time {
            self.crowd
                .until("an ack", |counts| !counts.acks.is_empty())?;
            while let Some(at) = self.crowd.counts.acks.pop_front() {
                acked += 1;
                self.send(at)?;
            }
        }
        Ok(acked)
    }

    fn send(&mut self, at: usize) -> io::Result<()> {
        let (room, number) = (self.rooms[at], self.sent[at]);
        self.sent[at] += 1;
        let body = body(number, BODY);
        let frame = masked(&format!(
            r#"{{"type":"send","key":"{number:016}","room_id":{room},"body":"{body}"}}"#
        ));
        self.crowd.send(at, &frame)
    }
}
