//! The benchmark: this server on this machine, compared with the least that could do the same work and, if provided,
//! with other servers.
//!
//! Each row starts this program as a server with a folder and a port of its own, and samples it in turns with a
//! baseline. `docs/performance.md` describes the rows.

mod archive;
mod baseline;
mod client;
mod comparison;
mod corpus;
mod folder;
mod histogram;
mod interrupt;
mod machine;
mod peer;
mod program;
mod progress;
mod report;
mod rng;
mod rows;
mod seed;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use baseline::Baseline;
pub use client::PeerProtocol;
pub use peer::{Peer, RunningPeer};

use archive::Archive;
use folder::TempFolder;
use program::TestedServer;
use progress::ProgressLine;
use report::{FigureReport, Row};
use rows::ROWS;

/// Options of a measurement.
#[derive(Clone, Debug)]
pub struct Options {
    /// Program of the server and the baselines.
    pub program: PathBuf,
    /// Parent of the data folders. Its file system's fsync is measured.
    pub folder: PathBuf,
    /// Rows, by name or prefix of the name; none for all.
    pub names: Vec<String>,
    /// Fewer and shorter samples in smaller rooms: all rows within a minute.
    pub quick: bool,
    /// Number of messages in the long history, if not a million.
    pub messages: Option<usize>,
    /// File for the results as JSON.
    pub json: PathBuf,
}

/// Duration and number of samples.
#[derive(Clone, Copy)]
struct SamplingPlan {
    quick: bool,
    /// Duration of one sample.
    slice: Duration,
    /// Samples of each contender; the baseline has one more.
    samples: usize,
    /// Maximum number of attempts for a row whose baselines differ too much.
    tries: usize,
}

impl SamplingPlan {
    const FULL: Self = Self {
        quick: false,
        slice: Duration::from_secs(2),
        samples: 5,
        tries: 2,
    };
    const QUICK: Self = Self {
        quick: true,
        slice: Duration::from_millis(500),
        samples: 2,
        tries: 1,
    };

    /// Returns the first number, or the smaller second one for a quick measurement.
    fn size<T>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// Context of every row.
struct Bench<'a> {
    options: &'a Options,
    plan: SamplingPlan,
    peers: &'a [Box<dyn Peer>],
    progress: ProgressLine,
    report: FigureReport,
    /// The long history, once written.
    archive: Option<Archive>,
}

/// Measures, prints a Markdown table and writes the JSON file.
///
/// SIGINT and SIGTERM end this process and all processes that it started, remove its folders, and
/// set exit code 130.
///
/// # Errors
/// An unknown row, or a failed measurement. A lost, repeated or reordered message fails the
/// run.
pub fn run(options: &Options, peers: &[Box<dyn Peer>]) -> io::Result<String> {
    interrupt::watch()?;
    let table = measure(options, peers);
    interrupt::hold();
    table
}

fn measure(options: &Options, peers: &[Box<dyn Peer>]) -> io::Result<String> {
    let wanted = rows::wanted(&options.names).map_err(io::Error::other)?;
    fs::create_dir_all(&options.folder)?;
    let options = &Options {
        folder: fs::canonicalize(&options.folder)?,
        ..options.clone()
    };
    machine::raise_open_files()?;
    let mut bench = Bench {
        options,
        plan: if options.quick {
            SamplingPlan::QUICK
        } else {
            SamplingPlan::FULL
        },
        peers,
        progress: ProgressLine::new(wanted.len()),
        report: FigureReport::new(),
        archive: None,
    };
    bench.report.remark(if machine::pin_to_client_core() {
        "Baselines, Parlor and the others ran on core 0, unless a row says otherwise; the client on core 1."
    } else {
        "Nothing had a core of its own: there is only one."
    });
    if machine::is_memory(&options.folder) {
        bench.report.remark(
            "**The data was in memory (tmpfs), where an fsync costs nothing: choose another --folder.**",
        );
    }
    for row in wanted {
        bench.progress.row(row.name);
        (row.measure)(&mut bench)
            .map_err(|error| io::Error::other(format!("{}: {error}", row.name)))?;
    }
    bench.progress.end();
    fs::write(&options.json, bench.report.json())?;
    Ok(bench.report.markdown())
}

/// Returns the names of all rows.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}

impl Bench<'_> {
    fn folder(&self) -> io::Result<TempFolder> {
        TempFolder::within(&self.options.folder)
    }

    fn server(&self, data: &Path) -> io::Result<TestedServer> {
        TestedServer::start(&self.options.program, data)
    }

    fn baseline(&self, baseline: Baseline) -> io::Result<baseline::RunningBaseline> {
        baseline::RunningBaseline::start(&self.options.program, baseline)
    }

    fn push(&mut self, rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            self.report.push(row);
        }
    }
}
