//! One message to many in one room.
//!
//! The baseline writes ready-made frames of equal size to each socket. It stores nothing: the wait for
//! the server's fsync is in the rate of the server alone. The processor time a delivery is therefore a
//! row of its own.

use std::{cell::RefCell, io, time::Duration};

use super::room_load::{
    BaselineRooms, LoadRunner, LoadShape, LoadTarget, RoomLoad, beside_each_other, contender,
    others,
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
/// Messages that are said at once where the row is saturated.
const IN_FLIGHT: u64 = 32;
/// Posts that are timed in one sample.
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
        listeners: machine::affordable_sockets(listeners, beside_each_other(bench)),
    };
    let script = |said: &mut Vec<(usize, u64)>| said.push((0, burst));
    // The others first: some take longer to let everybody in than ours waits for a sign of life.
    let others = others(bench, shape);
    for (_, other) in &others {
        // A failure is reported when it is measured.
        let _ = other.borrow_mut().play(WARMING, &mut { script });
    }
    let mut room_load = LoadRunner::new(RoomLoad::ours(bench, shape)?, shape);
    // The first messages show what frames look like, and how many of them are written at once.
    let warming = room_load.play(WARMING, &mut { script })?;
    let mut bare = LoadRunner::new(BaselineRooms::like(bench, &room_load.stage)?, shape);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is rounded, and at least 1"
    )]
    let together = warming.together.round().max(1.0) as u64;
    bare.stage.together = together;
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
        rows[0].note(format!("frames a write: {together}"));
    }
    rows[1].note("parsing and storing the message included");
    bench.push(rows);
    Ok(())
}

/// From a post to the last receipt, in a room as large as this system lets it be: beside the baseline alone, for each
/// server has as many sockets.
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
