//! Many rooms of ten members: deliveries per second with a small fan-out.

use std::{cell::RefCell, io, time::Duration};

use super::room_load::{
    BaselineRooms, LoadRunner, LoadShape, RoomLoad, contender, others, systems_with_listeners,
};
use crate::bench::{
    Bench,
    comparison::{Metric, Subject, compare},
    machine,
    rng::{Rng, Zipf},
};

const METRICS: [Metric; 2] = [
    Metric::rate("", "deliveries/s"),
    Metric::cost(": processor", "µs/delivery"),
];
const LISTENERS: usize = 10;
/// Messages in flight over all rooms.
const IN_FLIGHT: usize = 256;
const WARMING: Duration = Duration::from_millis(300);

pub(super) fn uniform(bench: &mut Bench<'_>) -> io::Result<()> {
    let rooms = affordable_rooms(bench);
    rate(bench, rooms, "each as often", || {
        let mut next = 0;
        move |said: &mut Vec<(usize, u64)>| {
            for _ in 0..IN_FLIGHT {
                said.push((next, 1));
                next = (next + 1) % rooms;
            }
        }
    })
}

pub(super) fn zipf(bench: &mut Bench<'_>) -> io::Result<()> {
    let rooms = affordable_rooms(bench);
    rate(bench, rooms, "by Zipf's law", || {
        let (zipf, mut rng) = (Zipf::of(rooms), Rng::new(1));
        let mut drawn = vec![0; rooms];
        move |said: &mut Vec<(usize, u64)>| {
            drawn.fill(0);
            for _ in 0..IN_FLIGHT {
                drawn[zipf.draw(&mut rng)] += 1;
            }
            let speaking = drawn.iter().enumerate().filter(|(_, count)| **count > 0);
            said.extend(speaking.map(|(room, count)| (room, *count)));
        }
    })
}

fn affordable_rooms(bench: &Bench<'_>) -> usize {
    let wanted = bench.plan.size(1000, 300) * LISTENERS;
    machine::affordable_sockets(wanted, systems_with_listeners(bench)) / LISTENERS
}

fn rate<S: FnMut(&mut Vec<(usize, u64)>)>(
    bench: &mut Bench<'_>,
    rooms: usize,
    name: &str,
    script: impl Fn() -> S,
) -> io::Result<()> {
    let shape = LoadShape {
        rooms,
        listeners: LISTENERS,
    };
    let others = others(bench, shape);
    for (_, other) in &others {
        // A failure is reported during the measurement.
        let _ = other.borrow_mut().play(WARMING, &mut script());
    }
    let mut room_load = LoadRunner::new(RoomLoad::ours(bench, shape)?, shape);
    room_load.play(WARMING, &mut script())?;
    let mut bare = LoadRunner::new(BaselineRooms::like(bench, &room_load.stage)?, shape);
    bare.play(WARMING, &mut script())?;
    let (room_load, bare) = (RefCell::new(room_load), RefCell::new(bare));
    let slice = bench.plan.slice;
    let mut contenders = vec![
        contender(Subject::Baseline, &bare, slice, false, script()),
        contender(Subject::Ours, &room_load, slice, false, script()),
    ];
    for (name, other) in &others {
        let who = Subject::Other(name.clone());
        contenders.push(contender(who, other, slice, false, script()));
    }
    let name = format!("{rooms} rooms of {LISTENERS}, {name}, {IN_FLIGHT} in flight");
    let mut rows = compare(bench, &name, &METRICS, contenders)?;
    rows[0].note(
        "ours and those with SQLite wait for their fsync; the baseline and the others store nothing",
    );
    bench.push(rows);
    Ok(())
}
