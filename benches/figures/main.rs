//! The first figures, each a ratio to what the machine can do, measured in the same run.
//!
//! `cargo bench --bench figures` runs the built server as a child process on a folder and a port of
//! its own, and beside it the least that could do the same work: the floor. Both take turns, slice
//! by slice, so that a noisy machine is noisy for both. The table goes to stdout, the progress to
//! stderr, and everything to `target/figures.json`. `-- --quick` measures shorter slices, and
//! `-- sends` only the rows whose name begins with that. `-- search` is measured only by name.

mod client;
mod fanout;
mod floor;
mod idle;
mod machine;
mod report;
mod search;
mod sends;
mod server;
mod start;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use report::Report;

/// How long and how often the rows are measured.
#[derive(Clone, Copy)]
struct Plan {
    quick: bool,
    /// How long the floor or the server works until it is the other's turn.
    slice: Duration,
    /// Slices of the server; the floor has one more.
    turns: usize,
    /// A row whose floors differ too much is measured at most so often.
    tries: usize,
}

impl Plan {
    const FULL: Self = Self {
        quick: false,
        slice: Duration::from_millis(2500),
        turns: 3,
        tries: 2,
    };
    const QUICK: Self = Self {
        quick: true,
        slice: Duration::from_secs(1),
        turns: 2,
        tries: 1,
    };
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some(floor::BROADCAST) => floor::broadcast(),
        Some(floor::HELLO) => floor::hello(),
        _ => figures(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn figures(arguments: &[String]) -> io::Result<()> {
    let plan = if arguments.iter().any(|argument| argument == "--quick") {
        Plan::QUICK
    } else {
        Plan::FULL
    };
    let names: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let wanted = |row: &str| names.is_empty() || names.iter().any(|name| row.starts_with(name));

    machine::raise_open_files()?;
    let mut report = Report::new(machine::pin_to_client_core());
    if wanted("fan-out") {
        fanout::measure(plan, &mut report)?;
    }
    if wanted("sends") {
        sends::measure(plan, &mut report)?;
    }
    if wanted("idle") {
        idle::measure(plan, &mut report)?;
    }
    if wanted("start") {
        start::measure(plan, &mut report)?;
    }
    // Writing a million messages takes longer than all the rest: only when it is asked for.
    if names.iter().any(|name| name.starts_with("search")) {
        search::measure(plan, &mut report)?;
    }
    println!("{}", report.markdown());
    let path = target().join("figures.json");
    std::fs::write(&path, report.json())?;
    eprintln!("written to {}", path.display());
    Ok(())
}

/// Cargo's folder for what is built and measured; on the file system whose fsync is measured.
fn target() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).to_owned()
}
