//! Requests per second over some dozens of keep-alive connections, with the client on the other core.
//!
//! The baseline answers every request with equal bytes and reads no request.

use std::{cell::RefCell, io, time::Instant};

use crate::bench::{
    Bench,
    archive::Archive,
    baseline::Baseline,
    client::{HttpPool, get, post},
    comparison::{Contender, Metric, Sample, Subject, compare},
    report::number,
    rng::Rng,
};

const CONNECTIONS: usize = 48;
const METRICS: [Metric; 2] = [Metric::rate("", "requests/s"), Metric::cost(": p99", "ms")];

pub(super) fn read(bench: &mut Bench<'_>) -> io::Result<()> {
    let archive = bench.archive()?;
    let room = format!("/api/rooms/{}/messages", archive.fixture.rooms[0]);
    let length = usize::try_from(archive.lengths[0]).unwrap_or(usize::MAX);
    let mut rng = Rng::new(5);
    let everywhere = archive.everywhere();
    requests(bench, &archive, "newest page of 50", || {
        get(&room, everywhere)
    })?;
    requests(bench, &archive, "an older page", || {
        let before = 51 + rng.below(length.saturating_sub(100).max(1));
        get(&format!("{room}?before={before}"), everywhere)
    })?;
    let few = archive.in_few();
    requests(bench, &archive, "`GET /api/rooms` of 10", || {
        get("/api/rooms", few)
    })?;
    bench.archive = Some(archive);
    Ok(())
}

pub(super) fn write(bench: &mut Bench<'_>) -> io::Result<()> {
    let archive = bench.archive()?;
    let room = format!("/api/rooms/{}/messages", archive.fixture.rooms[0]);
    let mut number = 0;
    let text = "x".repeat(200);
    requests(bench, &archive, "plain-text post", || {
        number += 1;
        let body = format!("{number} {text}");
        post(&room, archive.everywhere(), "text/plain", &body)
    })?;
    bench.archive = Some(archive);
    Ok(())
}

fn requests(
    bench: &mut Bench<'_>,
    archive: &Archive,
    what: &str,
    mut next: impl FnMut() -> Vec<u8>,
) -> io::Result<()> {
    let server = bench.server(archive.folder.path())?;
    let mut ours = HttpPool::connect(server.address, CONNECTIONS)?;
    let warming = ours.send_repeatedly(bench.plan.slice / 2, u64::MAX, &mut next)?;
    let each = warming.bytes / warming.times.count().max(1);
    let baseline = bench.baseline(Baseline::Answer)?;
    let mut bare = HttpPool::connect(baseline.address, CONNECTIONS)?;
    let plain = get(&format!("/{each}"), "");
    let slice = bench.plan.slice;
    let next = RefCell::new(next);
    let sample = |http: &mut HttpPool, next: &mut dyn FnMut() -> Vec<u8>| {
        let (idle, start) = (http.idle(), Instant::now());
        let answers = http.send_repeatedly(slice, u64::MAX, next)?;
        let idle = http.idle().saturating_sub(idle);
        Ok(Sample {
            figures: vec![
                number(answers.times.count()) / answers.seconds,
                answers.times.permille(990),
            ],
            client: 1.0 - idle.as_secs_f64() / start.elapsed().as_secs_f64(),
        })
    };
    let contenders = vec![
        Contender::new(Subject::Baseline, || {
            sample(&mut bare, &mut || plain.clone())
        }),
        Contender::new(Subject::Ours, || sample(&mut ours, &mut *next.borrow_mut())),
    ];
    let name = format!("HTTP, {what}, {CONNECTIONS} connections");
    let mut rows = compare(bench, &name, &METRICS, contenders)?;
    rows[0].note(format!("{each} bytes an answer"));
    bench.push(rows);
    Ok(())
}
