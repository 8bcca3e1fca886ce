//! Runs the rows of `parlor bench` and compares this server with others.
//!
//! `cargo bench --bench figures` runs all rows, `-- --quick` a short version, `-- sends` only the rows whose
//! names begin with `sends`, `-- --messages 10000000` with a longer history. The table goes to stdout, the
//! progress to stderr, and all results to `figures.json` below `target/`. See `docs/performance.md`.

mod peers;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use parlor::bench::{self, Options};

fn main() -> ExitCode {
    match figures() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error}");
            ExitCode::FAILURE
        }
    }
}

fn figures() -> io::Result<()> {
    let mut options = Options {
        program: PathBuf::from(env!("CARGO_BIN_EXE_parlor")),
        folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        names: Vec::new(),
        quick: false,
        messages: None,
        json: target().join("figures.json"),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo passes this argument to every bench.
            "--bench" => {}
            "--quick" => options.quick = true,
            "--messages" => {
                let count = arguments.next().and_then(|count| count.parse().ok());
                let count = count.ok_or_else(|| io::Error::other("--messages wants a number"))?;
                options.messages = Some(count);
            }
            other if other.starts_with('-') => {
                return Err(io::Error::other(format!("there is no option {other}")));
            }
            _ => options.names.push(argument),
        }
    }
    let peers = peers::all(&target());
    println!("{}", bench::run(&options, &peers)?);
    eprintln!("written to {}", options.json.display());
    Ok(())
}

/// Returns Cargo's target folder.
fn target() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).to_owned()
}
