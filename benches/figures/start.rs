//! From nothing to the first answer, on a data folder that exists.
//!
//! The floor is a program that listens and answers one connection with one byte.

use std::{
    io::{self, Read},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    Plan,
    floor::{self, Floor},
    machine,
    report::{Report, Row, median},
    server::{self, Server},
};

const STARTS: usize = 10;
/// What is done once at the start is done by then.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) fn measure(_: Plan, report: &mut Report) -> io::Result<()> {
    let folder = server::folder()?;
    drop(Server::start(folder.path())?);
    let mut row = Row::cost("start to first answer", "ms");
    for turn in 1..=STARTS {
        let start = Instant::now();
        let floor = Floor::start(floor::HELLO)?;
        TcpStream::connect(floor.address)?.read_exact(&mut [0])?;
        row.floor(milliseconds(start));
        drop(floor);
        let start = Instant::now();
        let server = Server::start(folder.path())?;
        row.ours(milliseconds(start));
        drop(server);
        eprintln!("start: {turn} of {STARTS}");
    }
    row.note("floor: a program that answers one byte");
    report.push(row);

    let mut resting = Vec::new();
    for _ in 0..3 {
        let server = Server::start(folder.path())?;
        machine::rest(SETTLE);
        resting.push(machine::resident_kib(server.process())? / 1024.0);
    }
    let mut row = Row::cost("at rest", "MiB resident");
    row.ours(median(&resting).unwrap_or_default());
    report.push(row);
    Ok(())
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
