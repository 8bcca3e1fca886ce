//! Latency of messages: from the moment a message was due to its receipt at every member, commit included. Messages
//! are sent at fixed times, whether or not the last one has arrived.
//!
//! The time of one fsync is shown for comparison: no stored message can be faster.

use std::{
    cell::RefCell,
    io,
    time::{Duration, Instant},
};

use super::room_load::{BODY, LoadRunner, LoadShape, LoadTarget, RoomLoad};
use crate::bench::{
    Bench,
    baseline::DiskBaseline,
    comparison::{Contender, Metric, Sample, Subject, compare},
    histogram::Histogram,
};

const METRICS: [Metric; 3] = [
    Metric::cost(": p50", "ms"),
    Metric::cost(": p99", "ms"),
    Metric::cost(": p99.9", "ms"),
];
/// The client sleeps until this time before the next message, and then polls.
const CLOSE: Duration = Duration::from_micros(1200);

pub(super) fn one_room(bench: &mut Bench<'_>) -> io::Result<()> {
    let shape = LoadShape {
        rooms: 1,
        listeners: 100,
    };
    measure(bench, shape, 100, "100 messages/s in a room of 100")
}

pub(super) fn many_rooms(bench: &mut Bench<'_>) -> io::Result<()> {
    let shape = LoadShape {
        rooms: 100,
        listeners: 10,
    };
    measure(bench, shape, 1000, "1,000 messages/s over 100 rooms of 10")
}

fn measure(bench: &mut Bench<'_>, shape: LoadShape, per_second: u32, name: &str) -> io::Result<()> {
    let mut room_load = LoadRunner::new(RoomLoad::ours(bench, shape)?, shape);
    room_load.burst(&mut |said| said.extend((0..shape.rooms).map(|room| (room, 1))))?;
    let mut log = DiskBaseline::within(bench.folder()?)?;
    let slice = bench.plan.slice;
    let time = slice * bench.plan.size(3, 4);
    let room_load = RefCell::new(room_load);
    let contenders = vec![
        Contender::new(Subject::Baseline, || {
            let (_, times) = log.write(BODY, 1, slice / 2)?;
            Ok(sample(&times))
        }),
        Contender::new(Subject::Ours, || {
            let times = room_load.borrow_mut().by_the_clock(time, per_second)?;
            Ok(sample(&times))
        }),
    ];
    let name = format!("latency, {name}");
    let mut rows = compare(bench, &name, &METRICS, contenders)?;
    rows[0].note("baseline: one `pwrite` and `fdatasync`");
    bench.push(rows);
    Ok(())
}

fn sample(times: &Histogram) -> Sample {
    Sample {
        figures: times.percentiles().to_vec(),
        client: 0.0,
    }
}

impl LoadRunner<RoomLoad> {
    /// Sends messages at a fixed rate to one room after the other, and returns the latency at each listener.
    fn by_the_clock(&mut self, time: Duration, per_second: u32) -> io::Result<Histogram> {
        self.stage.pool().latency = Some(Histogram::default());
        let every = Duration::from_secs(1) / per_second;
        let start = Instant::now();
        let (mut due, mut room) = (start, 0);
        while due < start + time {
            let wait = due.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                self.say_due(room, due)?;
                room = (room + 1) % self.rooms();
                due += every;
                continue;
            }
            self.stage.pool().poll(wait.saturating_sub(CLOSE))?;
        }
        self.all_received()?;
        Ok(self.stage.pool().latency.take().unwrap_or_default())
    }
}
