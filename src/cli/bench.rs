//! `parlor bench`: what this machine can do, and what of it the server reaches.

use std::{io::Write, path::PathBuf, process::ExitCode};

use crate::bench::{self, Floor, Options};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The rows to measure, by name or by what names begin with [default: all]; --list names them.
    rows: Vec<String>,
    /// Fewer and shorter turns and smaller rooms: all rows within a minute.
    #[arg(long)]
    quick: bool,
    /// Print the names of the rows.
    #[arg(long)]
    list: bool,
    /// How many messages the long history has [default: 1000000, with --quick 30000].
    #[arg(long, value_name = "COUNT")]
    messages: Option<usize>,
    /// Where the data folders are made, on the disk that is to be measured.
    #[arg(long, value_name = "FOLDER", default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Where the figures are written.
    #[arg(long, value_name = "FILE", default_value = "parlor-bench.json")]
    json: PathBuf,
    /// Be what the server is compared with; the measurement itself asks for it.
    #[arg(long, hide = true, value_parser = floor)]
    floor: Option<Floor>,
}

fn floor(name: &str) -> Result<Floor, String> {
    Floor::named(name).ok_or_else(|| "no such floor".to_owned())
}

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let result = match arguments.floor {
        Some(floor) => floor.run().map(|()| String::new()),
        None if arguments.list => Ok(bench::names().collect::<Vec<_>>().join("\n") + "\n"),
        None => measure(arguments),
    };
    match result {
        Ok(text) => {
            // Whoever reads may have read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(1)
        }
    }
}

fn measure(arguments: Arguments) -> std::io::Result<String> {
    let options = Options {
        program: std::env::current_exe()?,
        folder: arguments.folder,
        names: arguments.rows,
        quick: arguments.quick,
        messages: arguments.messages,
        json: arguments.json,
    };
    let table = bench::run(&options, &[])?;
    Ok(format!(
        "{table}\n\nwritten to {}\n",
        options.json.display()
    ))
}
