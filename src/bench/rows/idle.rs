//! Idle connections: resident memory per connection, and processor time of all.
//!
//! There is no baseline: the memory that the system keeps for a socket is not part of the process.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::bench::{
    Bench,
    client::{ClientPool, Marker, PeerProtocol, SocketRequest, now},
    machine,
    report::{Row, number},
    seed,
};

const MEMBERS: usize = 100;
const MESSAGES: u64 = 5;
const BODY: usize = 200;
/// Time after which presence is sent and buffers are released.
const SETTLE: Duration = Duration::from_millis(2500);

pub(super) fn measure(bench: &mut Bench<'_>) -> io::Result<()> {
    let rooms = machine::affordable_sockets(bench.plan.size(10_000, 2000), 1) / MEMBERS;
    let connections = rooms * MEMBERS;
    let folder = bench.folder()?;
    let members: Vec<Vec<usize>> = (0..rooms)
        .map(|room| (0..MEMBERS).map(|member| member * rooms + room).collect())
        .collect();
    let fixture = seed::fixture(folder.path(), connections, &members)?;
    let server = bench.server(folder.path())?;
    let mut pool = ClientPool::new(PeerProtocol::Parlor)?;
    let sockets = |from: usize, to: usize| {
        let tokens = fixture.tokens[from..to].iter();
        tokens.map(|token| SocketRequest::at(0, token))
    };

    // One connection to each room first, to exclude the cost of rooms and first connections.
    pool.open(server.address, sockets(0, rooms))?;
    pool.listen(SETTLE)?;
    let before = machine::resident_kib(server.process())?;
    pool.open(server.address, sockets(rooms, connections))?;
    for number in 0..MESSAGES {
        for (sender, room) in fixture.rooms.iter().enumerate() {
            let at = now();
            let marker = Marker { number, sender, at };
            pool.publish(sender, *room, std::iter::once(marker), BODY)?;
        }
        let wanted = (number + 1) * connections as u64;
        pool.until("everybody to hear", |counts| counts.deliveries == wanted)?;
    }
    pool.listen(SETTLE)?;
    let after = machine::resident_kib(server.process())?;

    let (cpu, start) = (machine::cpu_time(server.process())?, Instant::now());
    // This includes one round of pings.
    pool.listen(
        bench
            .plan
            .size(Duration::from_secs(26), Duration::from_secs(3)),
    )?;
    let cpu = machine::cpu_time(server.process())?.saturating_sub(cpu);
    let busy = cpu.as_secs_f64() / start.elapsed().as_secs_f64();

    let name = format!("idle, {connections} connections of as many users");
    let mut row = Row::cost(name.clone(), "KiB resident each");
    row.ours((after - before) / number((connections - rooms) as u64));
    row.note(format!(
        "in {rooms} rooms of {MEMBERS}, after {MESSAGES} messages to each; {:.1} MiB in all",
        after / 1024.0
    ));
    bench.report.push(row);
    let mut row = Row::cost(format!("{name}: processor"), "% of a core");
    row.ours(busy * 100.0);
    bench.report.push(row);
    Ok(())
}
