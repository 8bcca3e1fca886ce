//! The command line: one file a subcommand.

mod admin;
mod bench;
mod new_epoch;
mod reindex;
mod serve;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::config::{EXAMPLE, IgnoredVariable, Layers, Loaded, load};

/// A chat server in one binary and one data folder.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (what `parlor` alone does).
    Serve,
    /// Build the index of searches anew, while no server runs on the data folder.
    Reindex,
    /// Give the database another epoch, after a copy of the data folder was restored and before the server starts.
    NewEpoch,
    /// Print every setting with its default, as a settings file to start from.
    Config,
    /// Make somebody admin, without asking another admin.
    Admin {
        /// Their username.
        name: String,
    },
    /// Measure what this machine can do, and what of it the server reaches.
    Bench(bench::Arguments),
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// The address to listen on [default: 127.0.0.1:8000].
    #[arg(long, value_name = "ADDRESS", global = true)]
    listen: Option<String>,
    /// The folder that holds the database and the secrets [default: ./data].
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<String>,
    /// The settings file [default: parlor.toml, if it is there].
    #[arg(long, value_name = "FILE", env = "PARLOR_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// Any setting by its name, such as limits.rates=false; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", global = true, value_parser = pair)]
    set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Runs the program. The exit code is 0 after an orderly end, 1 if the server could not start or go
/// on, so that whatever supervises it starts it anew, 2 for settings that cannot be
/// used, and 130 where a second signal left it no time for an orderly end, or a measurement was interrupted.
#[must_use]
pub fn main() -> ExitCode {
    let Arguments { command, settings } = Arguments::parse();
    match command.unwrap_or(Command::Serve) {
        Command::Config => {
            // Whoever reads may have read enough.
            let _ = std::io::stdout().write_all(EXAMPLE.as_bytes());
            ExitCode::SUCCESS
        }
        Command::Bench(arguments) => bench::run(arguments),
        Command::Serve => with(settings, serve::run),
        Command::Reindex => with(settings, |loaded| {
            warn_of_ignored(&loaded);
            reindex::run(&loaded)
        }),
        Command::NewEpoch => with(settings, |loaded| {
            warn_of_ignored(&loaded);
            new_epoch::run(&loaded.config)
        }),
        Command::Admin { name } => with(settings, |loaded| {
            warn_of_ignored(&loaded);
            admin::run(&loaded.config, &name)
        }),
    }
}

/// Does it with the settings, if they can be used.
fn with(settings: Settings, run: impl FnOnce(Loaded) -> ExitCode) -> ExitCode {
    match load(settings.layers()) {
        Ok(loaded) => run(loaded),
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the variables that set nothing, where there is no log.
fn warn_of_ignored(loaded: &Loaded) {
    let variables = loaded.ignored.iter();
    for variable in variables.filter(|variable| !variable.is_service_link) {
        eprintln!("parlor: {}", ignored(variable));
    }
}

fn ignored(variable: &IgnoredVariable) -> String {
    let name = &variable.name;
    match &variable.nearest {
        Some(nearest) => format!("{name} is not a setting and is ignored; did you mean {nearest}?"),
        None => format!("{name} is not a setting and is ignored; parlor config lists all settings"),
    }
}

impl Settings {
    fn layers(self) -> Layers {
        let mut command_line = self.set;
        command_line.extend(self.listen.map(|listen| ("listen".to_owned(), listen)));
        command_line.extend(self.data.map(|data| ("data".to_owned(), data)));
        Layers {
            file: self.config,
            look_for_file: true,
            environment: std::env::vars_os().collect(),
            command_line,
        }
    }
}
