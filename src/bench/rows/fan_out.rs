//! Fan-out of one room to many listeners.
//!
//! The baseline writes ready-made frames of equal size to each socket. It stores nothing, so only the
//! server's rate includes an fsync. The processor time per delivery is therefore a separate row.

use std::{cell::RefCell, io, time::Duration};

use super::room_load::{
    BaselineRooms, LoadRunner, LoadShape, LoadTarget, RoomLoad, contender, others,
    systems_with_listeners,
};
use crate::bench::{
    Bench,
    comparison::{Contender, Metric, Sample, Subject, compare},
    histogram::Histogram,
    machine,
};

const METRICS: [Metric; 2] = [
    Metric::rate("", "deliveries/s"),
    Metric::cost(": processor", "µs/delivery"),
];
/// Messages in flight of the saturated row.
const IN_FLIGHT: u64 = 32;
/// Timed posts of one sample.
const POSTS: u64 = 20;
const WARMING: Duration = Duration::from_millis(300);

pub(super) fn one(bench: &mut Bench<'_>) -> io::Result<()> {
    for listeners in bench.plan.size(&[1000, 5000][..], &[1000]) {
        rate(bench, *listeners, 1, "one at a time")?;
    }
    Ok(())
}

pub(super) fn saturated(bench: &mut Bench<'_>) -> io::Result<()> {
    for listeners in bench.plan.size(&[1000, 5000][..], &[1000]) {
        rate(bench, *listeners, IN_FLIGHT, "32 in flight")?;
    }
    Ok(())
}

fn rate(bench: &mut Bench<'_>, listeners: usize, burst: u64, name: &str) -> io::Result<()> {
    let shape = LoadShape {
        rooms: 1,
        listeners: machine::affordable_sockets(listeners, systems_with_listeners(bench)),
    };
    let script = |said: &mut Vec<(usize, u64)>| said.push((0, burst));
    // Peers first: some need longer to admit all listeners than our server waits for a pong.
    let others = others(bench, shape);
    for (_, other) in &others {
        // A failure is reported during the measurement.
        let _ = other.borrow_mut().play(WARMING, &mut { script });
    }
    let mut room_load = LoadRunner::new(RoomLoad::ours(bench, shape)?, shape);
    // The first messages show the form of the frames, and how many are written at once.
    let warming = room_load.play(WARMING, &mut { script })?;
    let mut bare = LoadRunner::new(BaselineRooms::like(bench, &room_load.stage)?, shape);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is rounded, and at least 1"
    )]
    let frames_per_write = warming.frames_per_write.round().max(1.0) as u64;
    bare.stage.frames_per_write = frames_per_write;
    bare.play(WARMING, &mut { script })?;
    let (room_load, bare) = (RefCell::new(room_load), RefCell::new(bare));
    let slice = bench.plan.slice;
    let mut contenders = vec![
        contender(Subject::Baseline, &bare, slice, false, script),
        contender(Subject::Ours, &room_load, slice, false, script),
    ];
    if !bench.plan.quick {
        let who = Subject::Other("Parlor on both cores".to_owned());
        contenders.push(contender(who, &room_load, slice, true, script));
    }
    for (name, other) in &others {
        let who = Subject::Other(name.clone());
        contenders.push(contender(who, other, slice, false, script));
    }
    let name = format!("fan-out, {} listeners, {name}", shape.listeners);
    let mut rows = compare(bench, &name, &METRICS, contenders)?;
    rows[0].note(
        "ours and those with SQLite wait for their fsync; the baseline and the others store nothing",
    );
    if burst > 1 {
        rows[0].note(format!("frames a write: {frames_per_write}"));
    }
    rows[1].note("parsing and storing the message included");
    bench.push(rows);
    Ok(())
}

/// Time from a post to the last receipt, in a room as large as this system allows. It is compared only with the
/// baseline, because each server needs as many sockets.
pub(super) fn ten_thousand(bench: &mut Bench<'_>) -> io::Result<()> {
    let shape = LoadShape {
        rooms: 1,
        listeners: machine::affordable_sockets(bench.plan.size(10_000, 2000), 2),
    };
    let posts = bench.plan.size(POSTS, POSTS / 2);
    let mut room_load = LoadRunner::new(RoomLoad::ours(bench, shape)?, shape);
    room_load.burst(&mut |said| said.push((0, 1)))?;
    let bare = LoadRunner::new(BaselineRooms::like(bench, &room_load.stage)?, shape);
    let (room_load, bare) = (RefCell::new(room_load), RefCell::new(bare));
    let contenders = vec![
        posting(Subject::Baseline, &bare, posts),
        posting(Subject::Ours, &room_load, posts),
    ];
    let metrics = [Metric::cost(": p50", "ms"), Metric::cost(": p99", "ms")];
    let name = format!("post to last receipt, {} listeners", shape.listeners);
    let mut rows = compare(bench, &name, &metrics, contenders)?;
    rows[0].note(format!("of {posts} posts a sample"));
    bench.push(rows);
    Ok(())
}

fn posting<S: LoadTarget>(
    who: Subject,
    player: &RefCell<LoadRunner<S>>,
    posts: u64,
) -> Contender<'_> {
    Contender::new(who, move || {
        let mut player = player.borrow_mut();
        let mut times = Histogram::default();
        for _ in 0..posts {
            let start = std::time::Instant::now();
            player.burst(&mut |said| said.push((0, 1)))?;
            times.add(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        let [p50, p99, _] = times.percentiles();
        Ok(Sample {
            figures: vec![p50, p99],
            client: 0.0,
        })
    })
}
