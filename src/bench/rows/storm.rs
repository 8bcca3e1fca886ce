//! Everyone reconnects at once: sockets that were cut come back with their tokens and ask for missed messages, while
//! another room stays active.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use super::live::LiveSpeaker;
use crate::bench::{
    Bench,
    client::{ClientPool, Marker, PeerProtocol, SocketRequest, now},
    histogram::Histogram,
    machine,
    report::Row,
    seed,
};

const MEMBERS: usize = 100;
/// Members of the active room.
const OTHERS: usize = 100;
/// Messages that each client missed.
const MISSED: u64 = 100;
const BODY: usize = 200;
/// Pause that the server requests before a command is repeated.
const RETRY: Duration = Duration::from_millis(500);
/// Concurrent handshakes; the system queues some thousand at most.
const AT_ONCE: usize = 1000;

#[expect(
    clippy::too_many_lines,
    reason = "one measurement from its start to its end"
)]
pub(super) fn measure(bench: &mut Bench<'_>) -> io::Result<()> {
    let rooms = machine::affordable_sockets(bench.plan.size(5000, 1000), 1) / MEMBERS;
    let clients = rooms * MEMBERS;
    let folder = bench.folder()?;
    // The first users are in the first room and stay connected. Each of the other rooms has a publisher, who
    // stays connected, and its members.
    let first = OTHERS + rooms;
    let mut members = vec![(0..OTHERS).collect::<Vec<usize>>()];
    members.extend((0..rooms).map(|room| {
        let begin = first + room * MEMBERS;
        let speaker = std::iter::once(OTHERS + room);
        speaker.chain(begin..begin + MEMBERS).collect()
    }));
    let fixture = seed::fixture(folder.path(), first + clients, &members)?;
    let server = bench.server(folder.path())?;
    let mut pool = ClientPool::new(PeerProtocol::Parlor)?;
    let all = fixture
        .tokens
        .iter()
        .map(|token| SocketRequest::at(0, token));
    pool.open(server.address, all)?;
    let mut live = LiveSpeaker::new(fixture.rooms[0]);

    // Messages from before the cut are not requested again.
    publish(&mut pool, &fixture.rooms, 0, 1)?;
    let heard = (MEMBERS as u64 + 1) * rooms as u64;
    pool.until("everybody to hear", |counts| counts.deliveries == heard)?;
    let mut revs = Vec::new();
    for (room, speaker) in fixture.rooms[1..].iter().zip(OTHERS..) {
        let room = server.get(&format!("/api/rooms/{room}"), &fixture.tokens[speaker])?;
        revs.push(room["head"]["rev"].as_u64().unwrap_or_default());
    }
    // After the message of that rev comes number 1, and each message has one rev.
    let asks = |client: usize, next: u64| {
        let (room, rev) = (client / MEMBERS, revs[client / MEMBERS] + next - 1);
        let room = fixture.rooms[1 + room];
        format!(r#"{{"type":"sync","rooms":{{"{room}":{rev}}}}}"#)
    };
    pool.latency = Some(Histogram::default());
    pool.watched = OTHERS;
    live.publish_for(&mut pool, bench.plan.slice * 2)?;
    let calm = pool.latency.take().unwrap_or_default();

    for at in first..first + clients {
        pool.cut(at);
    }
    for number in 1..=MISSED {
        publish(&mut pool, &fixture.rooms, number, 1)?;
        live.publish_due(&mut pool, Duration::ZERO)?;
    }
    let spoken = heard + MISSED * rooms as u64;
    let others = OTHERS as u64;
    pool.until("the speakers to be done", |counts| {
        counts.deliveries >= spoken + others * live.published()
    })?;

    pool.latency = Some(Histogram::default());
    let cpu = machine::cpu_time(server.process())?;
    let start = Instant::now();
    let (mut begun, mut refused) = (0, 0);
    let mut again: VecDeque<(Instant, usize)> = VecDeque::new();
    while pool.counts.synced < clients {
        while begun < clients && begun < pool.counts.ready - (first + clients) + AT_ONCE {
            let old = first + begun;
            let socket_request = SocketRequest {
                room: 0,
                token: &fixture.tokens[old],
                next: pool.next(old),
                asks: Some(asks(begun, pool.next(old))),
            };
            pool.begin(server.address, socket_request)?;
            begun += 1;
            if begun.is_multiple_of(64) {
                break;
            }
        }
        live.publish_due(&mut pool, Duration::from_millis(1))?;
        while let Some(at) = pool.counts.refused.pop_front() {
            again.push_back((Instant::now() + RETRY, at));
            refused += 1;
        }
        while let Some((_, at)) = again.pop_front_if(|(due, _)| *due <= Instant::now()) {
            let client = at - first - clients;
            let send_command = asks(client, pool.next(at));
            pool.send_command(at, &send_command)?;
        }
        if start.elapsed() > Duration::from_mins(2) {
            let synced = pool.counts.synced;
            return Err(io::Error::other(format!("{synced} of {clients} came back")));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let cpu = machine::cpu_time(server.process())?.saturating_sub(cpu);
    let missed = MISSED * clients as u64;
    pool.until("everything that was missed", |counts| {
        counts.deliveries == spoken + others * live.published() + missed
    })?;
    let storm = pool.latency.take().unwrap_or_default();

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

/// Publishes one message in each room.
fn publish(pool: &mut ClientPool, rooms: &[i64], number: u64, count: u64) -> io::Result<()> {
    for (room, sender) in rooms[1..].iter().zip(OTHERS..) {
        let at = now();
        let markers = (number..number + count).map(|number| Marker { number, sender, at });
        pool.publish(sender, *room, markers, BODY)?;
    }
    Ok(())
}
