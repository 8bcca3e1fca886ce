//! `parlor bench`: measures the server and compares it with the limits of this machine.

use std::{io::Write, path::PathBuf, process::ExitCode};

use crate::bench::{self, Baseline, Options};

#[derive(Debug, clap::Args)]
pub(super) struct BenchArguments {
    /// Rows to measure, by name or prefix of the name [default: all]. See --list.
    rows: Vec<String>,
    /// Measure fewer and shorter samples in smaller rooms: all rows within a minute.
    #[arg(long)]
    quick: bool,
    /// Print the names of all rows.
    #[arg(long)]
    list: bool,
    /// Number of messages in the long history [default: 1000000, with --quick 30000].
    #[arg(long, value_name = "COUNT")]
    messages: Option<usize>,
    /// Folder for temporary data folders, on the disk to measure.
    #[arg(long, value_name = "FOLDER", default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// File to write the results to.
    #[arg(long, value_name = "FILE", default_value = "parlor-bench.json")]
    json: PathBuf,
    /// Run a baseline instead of the server. The benchmark starts itself with this flag.
    #[arg(long, hide = true, value_parser = baseline)]
    baseline: Option<Baseline>,
}

fn baseline(name: &str) -> Result<Baseline, String> {
    Baseline::named(name).ok_or_else(|| "no such baseline".to_owned())
}

pub(super) fn run(arguments: BenchArguments) -> ExitCode {
    let result = match arguments.baseline {
        Some(baseline) => baseline.run().map(|()| String::new()),
        None if arguments.list => Ok(bench::names().collect::<Vec<_>>().join("\n") + "\n"),
        None => measure(arguments),
    };
    match result {
        Ok(text) => {
            // The reader of a pipe, such as `head`, may have closed it.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(1)
        }
    }
}

fn measure(arguments: BenchArguments) -> std::io::Result<String> {
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
