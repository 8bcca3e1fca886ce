//! Time from the start to the first response, on a data folder with a long history, and the memory of
//! the server at rest.
//!
//! The baseline is a program that listens and answers one connection with one byte.

use std::{
    io::{self, Read},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::bench::{
    Bench,
    archive::Archive,
    baseline::Baseline,
    comparison::{Contender, Metric, Sample, Subject, compare},
    machine,
    report::{Row, median},
};

/// Starts of one sample, whose median counts.
const STARTS: usize = 5;
/// Time within which the work of the start ends.
const SETTLE: Duration = Duration::from_secs(2);

pub(super) fn measure(bench: &mut Bench<'_>) -> io::Result<()> {
    let archive = bench.archive()?;
    // The first start copies the log into the database.
    drop(bench.server(archive.folder.path())?);
    starting(bench, &archive)?;
    let mut row = Row::cost("at rest", "MiB resident");
    row.note(format!("on {} messages", archive.messages));
    for _ in 0..bench.plan.size(3, 1) {
        let server = bench.server(archive.folder.path())?;
        machine::rest(SETTLE);
        row.ours(machine::resident_kib(server.process())? / 1024.0);
    }
    bench.report.push(row);
    bench.archive = Some(archive);
    Ok(())
}

fn starting(bench: &mut Bench<'_>, archive: &Archive) -> io::Result<()> {
    let (program, data) = (&bench.options.program, archive.folder.path());
    let contenders = vec![
        Contender::new(Subject::Baseline, || {
            sample(|| {
                let baseline =
                    crate::bench::baseline::RunningBaseline::start(program, Baseline::Hello)?;
                TcpStream::connect(baseline.address)?.read_exact(&mut [0])
            })
        }),
        Contender::new(Subject::Ours, || {
            sample(|| crate::bench::program::TestedServer::start(program, data).map(drop))
        }),
    ];
    let metrics = [Metric::cost("", "ms")];
    let mut rows = compare(bench, "start to first answer", &metrics, contenders)?;
    rows[0].note(format!(
        "on {} messages; baseline: a program that answers one byte",
        archive.messages
    ));
    bench.push(rows);
    Ok(())
}

fn sample(mut start: impl FnMut() -> io::Result<()>) -> io::Result<Sample> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let begun = Instant::now();
        start()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Sample {
        figures: vec![median(&times).unwrap_or_default()],
        client: 0.0,
    })
}
