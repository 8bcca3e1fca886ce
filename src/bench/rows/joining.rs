//! Thousands join a room within seconds: by its code over HTTP, then by a socket.
//!
//! The bytes per member must not grow with the room, while a member keeps posting.

use std::{
    io,
    time::{Duration, Instant},
};

use super::live::LiveSpeaker;
use crate::bench::{
    Bench,
    client::{ClientPool, HttpPool, PeerProtocol, SocketRequest, post},
    histogram::Histogram,
    machine,
    report::{Row, number},
    seed,
};

/// Members of the room at the start.
const FIRST: usize = 100;
/// Maximum requests in flight.
const CONNECTIONS: usize = 32;

/// Results.
struct JoinResult {
    presence_bytes: u64,
    system_bytes: u64,
    seconds: f64,
    live: Histogram,
}

pub(super) fn measure(bench: &mut Bench<'_>) -> io::Result<()> {
    let many = machine::affordable_sockets(bench.plan.size(5000, 500), 1);
    let within = bench
        .plan
        .size(Duration::from_secs(10), Duration::from_secs(2));
    // Half as many in the same time: a linear total gives equal bytes per member.
    bench.progress.show("half of them come");
    let half = come(bench, many / 2, within)?;
    bench.progress.show("all of them come");
    let all = come(bench, many, within)?;

    let name = format!("joining, {many} within {} s", within.as_secs());
    let each = |bytes: u64, many: usize| number(bytes) / 1024.0 / number(many as u64);
    let mut row = Row::cost(format!("{name}: presence"), "KiB a member");
    row.ours(each(all.presence_bytes, many));
    row.note(format!(
        "with half as many {:.1}",
        each(half.presence_bytes, many / 2)
    ));
    bench.report.push(row);
    let mut row = Row::cost(format!("{name}: \"joined\""), "KiB a member");
    row.ours(each(all.system_bytes, many));
    row.note(format!(
        "with half as many {:.1}",
        each(half.system_bytes, many / 2)
    ));
    bench.report.push(row);
    let mut row = Row::cost(format!("{name}: live p99"), "ms");
    row.ours(all.live.permille(990));
    row.note(format!(
        "it took {:.1} s; live: the room's own first {FIRST}",
        all.seconds
    ));
    bench.report.push(row);
    Ok(())
}

fn come(bench: &Bench<'_>, many: usize, within: Duration) -> io::Result<JoinResult> {
    let folder = bench.folder()?;
    let fixture = seed::fixture(folder.path(), FIRST + many, &[(0..FIRST).collect()])?;
    let server = bench.server(folder.path())?;
    let mut pool = ClientPool::new(PeerProtocol::Parlor)?;
    let room = fixture.rooms[0];
    let open = |user: usize, next: u64| SocketRequest {
        next,
        ..SocketRequest::at(room, &fixture.tokens[user])
    };
    pool.open(server.address, (0..FIRST).map(|user| open(user, 0)))?;
    pool.latency = Some(Histogram::default());
    pool.watched = FIRST;
    let mut live = LiveSpeaker::new(room);
    live.publish_for(&mut pool, Duration::from_millis(200))?;

    let mut http = HttpPool::connect(server.address, CONNECTIONS)?;
    let body = format!(r#"{{"code":"{}"}}"#, fixture.codes[0]);
    let mut asking = vec![0; CONNECTIONS];
    let every = within / u32::try_from(many).map_err(io::Error::other)?;
    let (before, start) = (pool.counts.ready, Instant::now());
    let (mut next, last) = (FIRST, FIRST + many);
    while pool.counts.ready - before < many {
        let due = start.elapsed().as_nanos() / every.as_nanos().max(1);
        let due = FIRST.saturating_add(usize::try_from(due).unwrap_or(usize::MAX));
        while next < last.min(due)
            && let Some(at) = http.free()
        {
            let token = &fixture.tokens[next];
            http.send(
                at,
                &post("/api/rooms/join", token, "application/json", &body),
            )?;
            asking[at] = next;
            next += 1;
        }
        for (at, _) in http.poll(Duration::ZERO)? {
            // The number of the first message after the join is not known in advance.
            pool.begin(server.address, open(asking[at], ClientPool::FIRST_RECEIVED))?;
        }
        live.publish_due(&mut pool, Duration::from_micros(500))?;
        if start.elapsed() > within * 6 {
            return Err(io::Error::other("they do not all come in"));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    // The last members are announced and receive messages.
    live.publish_for(&mut pool, Duration::from_secs(1))?;
    Ok(JoinResult {
        presence_bytes: pool.counts.presence_bytes,
        system_bytes: pool.counts.system_bytes,
        seconds,
        live: pool.latency.take().unwrap_or_default(),
    })
}
