//! Everyone reconnects at once: sockets that were cut come back with their tokens and ask for missed messages, while
//! another room goes on talking.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use super::live::Live;
use crate::bench::{
    Bench,
    client::{Crowd, Dialect, Marker, Opening, now},
    histogram::Histogram,
    machine,
    report::Row,
    seed,
};

const MEMBERS: usize = 100;
/// Members of the room that goes on talking.
const OTHERS: usize = 100;
/// Messages that each missed.
const MISSED: u64 = 100;
const BODY: usize = 200;
/// What the server asks for before a question is asked again.
const RETRY: Duration = Duration::from_millis(500);
/// Handshakes that are under way at once; the system queues no more than some thousand.
const AT_ONCE: usize = 1000;

pub(super) fn measure(bench: &mut Bench<'_>) -> io::Result<()> {
    let rooms = machine::affordable_sockets(bench.plan.size(5000, 1000), 1) / MEMBERS;
    let clients = rooms * MEMBERS;
    let folder = bench.folder()?;
    // The others are the first users and in the first room. Each of the other rooms has a speaker,
    // who stays, and its members.
    let first = OTHERS + rooms;
    let mut members = vec![(0..OTHERS).collect::<Vec<usize>>()];
    members.extend((0..rooms).map(|room| {
        let begin = first + room * MEMBERS;
        let speaker = std::iter::once(OTHERS + room);
        speaker.chain(begin..begin + MEMBERS).collect()
    }));
    let town = seed::town(folder.path(), first + clients, &members)?;
    let server = bench.server(folder.path())?;
    let mut crowd = Crowd::new(Dialect::Parlor)?;
    let all = town.tokens.iter().map(|token| Opening::at(0, token));
    crowd.open(server.address, all)?;
    let mut live = Live::new(town.rooms[0]);

    // Messages from before the cut are not asked for again.
    say(&mut crowd, &town.rooms, 0, 1)?;
    let heard = (MEMBERS as u64 + 1) * rooms as u64;
    crowd.until("everybody to hear", |counts| counts.deliveries == heard)?;
    let mut revs = Vec::new();
    for (room, speaker) in town.rooms[1..].iter().zip(OTHERS..) {
        let room = server.get(&format!("/api/rooms/{room}"), &town.tokens[speaker])?;
        revs.push(room["head"]["rev"].as_u64().unwrap_or_default());
    }
    // After the message of that rev comes number 1, and each message has one rev.
    let asks = |client: usize, next: u64| {
        let (room, rev) = (client / MEMBERS, revs[client / MEMBERS] + next - 1);
        let room = town.rooms[1 + room];
        format!(r#"{{"type":"sync","rooms":{{"{room}":{rev}}}}}"#)
    };
    crowd.latency = Some(Histogram::default());
    crowd.watched = OTHERS;
    live.talk(&mut crowd, bench.plan.slice * 2)?;
    let calm = crowd.latency.take().unwrap_or_default();

    for at in first..first + clients {
        crowd.cut(at);
    }
    for number in 1..=MISSED {
        say(&mut crowd, &town.rooms, number, 1)?;
        live.go_on(&mut crowd, Duration::ZERO)?;
    }
    let spoken = heard + MISSED * rooms as u64;
    let others = OTHERS as u64;
    crowd.until("the speakers to be done", |counts| {
        counts.deliveries >= spoken + others * live.said()
    })?;

    crowd.latency = Some(Histogram::default());
    let cpu = machine::cpu_time(server.process())?;
    let start = Instant::now();
    let (mut begun, mut refused) = (0, 0);
    let mut again: VecDeque<(Instant, usize)> = VecDeque::new();
    while crowd.counts.synced < clients {
        while begun < clients && begun < crowd.counts.ready - (first + clients) + AT_ONCE {
            let old = first + begun;
            let opening = Opening {
                room: 0,
                token: &town.tokens[old],
                next: crowd.next(old),
                asks: Some(asks(begun, crowd.next(old))),
            };
            crowd.begin(server.address, opening)?;
            begun += 1;
            if begun.is_multiple_of(64) {
                break;
            }
        }
        live.go_on(&mut crowd, Duration::from_millis(1))?;
        while let Some(at) = crowd.counts.refused.pop_front() {
            again.push_back((Instant::now() + RETRY, at));
            refused += 1;
        }
        while let Some((_, at)) = again.pop_front_if(|(due, _)| *due <= Instant::now()) {
            let client = at - first - clients;
            let ask = asks(client, crowd.next(at));
            crowd.ask(at, &ask)?;
        }
        if start.elapsed() > Duration::from_mins(2) {
            let synced = crowd.counts.synced;
            return Err(io::Error::other(format!("{synced} of {clients} came back")));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let cpu = machine::cpu_time(server.process())?.saturating_sub(cpu);
    let missed = MISSED * clients as u64;
    crowd.until("everything that was missed", |counts| {
        counts.deliveries == spoken + others * live.said() + missed
    })?;
    let storm = crowd.latency.take().unwrap_or_default();

    let name = format!("storm, {clients} clients, each {MISSED} behind");
    let mut row = Row::cost(format!("{name}: all caught up"), "s");
    row.ours(seconds);
    row.note(format!("{:.1} s of processor time", cpu.as_secs_f64()));
    if refused > 0 {
        row.note(format!("{refused} questions were refused and asked again"));
    }
    bench.report.push(row);
    let mut row = Row::cost(format!("{name}: live p99 of others"), "ms");
    row.ours(storm.permille(990));
    row.note(format!("{:.1} ms before the storm", calm.permille(990)));
    bench.report.push(row);
    Ok(())
}

/// Each speaker says something in its room.
fn say(crowd: &mut Crowd, rooms: &[i64], number: u64, count: u64) -> io::Result<()> {
    for (room, sender) in rooms[1..].iter().zip(OTHERS..) {
        let at = now();
        let markers = (number..number + count).map(|number| Marker { number, sender, at });
        crowd.say(sender, *room, markers, BODY)?;
    }
    Ok(())
}
