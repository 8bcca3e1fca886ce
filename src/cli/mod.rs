//! The command line. Each subcommand has its own file.

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
struct CliArguments {
    #[command(subcommand)]
    command: Option<CliCommand>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the server. This is the default.
    Serve,
    /// Rebuild the search index. Stop the server first.
    Reindex,
    /// Give the database a new epoch. Run this after restoring a backup, before you start the server.
    NewEpoch,
    /// Print all settings with their defaults, as a template for a settings file.
    Config,
    /// Print the description of the HTTP API: OpenAPI 3.1 as JSON.
    Openapi,
    /// Make a user a server admin.
    Admin {
        /// The user's name.
        name: String,
    },
    /// Benchmark the server and compare it with what this machine can do.
    Bench(bench::BenchArguments),
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// Address and port to listen on [default: 127.0.0.1:8000].
    #[arg(long, value_name = "ADDRESS", global = true)]
    listen: Option<String>,
    /// Folder of the database, the files and the secret [default: ./data].
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<String>,
    /// Settings file [default: parlor.toml, if it exists].
    #[arg(long, value_name = "FILE", env = "PARLOR_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// Set any setting by its name, such as limits.rates=false. Can be repeated.
    #[arg(long, value_name = "NAME=VALUE", global = true, value_parser = pair)]
    set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Runs the program and returns its exit code.
///
/// - 0: the program ended normally.
/// - 1: the server could not start or could not continue. A supervisor should restart it.
/// - 2: the settings are not valid.
/// - 130: a second signal ended the shutdown early, or a measurement was interrupted.
#[must_use]
pub fn main() -> ExitCode {
    let CliArguments { command, settings } = CliArguments::parse();
    match command.unwrap_or(CliCommand::Serve) {
        CliCommand::Openapi => {
            // The reader of a pipe, such as `head`, may have closed it.
            let _ = writeln!(std::io::stdout(), "{:#}", crate::http::openapi_document());
            ExitCode::SUCCESS
        }
        CliCommand::Config => {
            // The reader of a pipe, such as `head`, may have closed it.
            let _ = std::io::stdout().write_all(EXAMPLE.as_bytes());
            ExitCode::SUCCESS
        }
        CliCommand::Bench(arguments) => bench::run(arguments),
        CliCommand::Serve => with(settings, serve::run),
        CliCommand::Reindex => with(settings, |loaded| {
            warn_of_ignored(&loaded);
            reindex::run(&loaded)
        }),
        CliCommand::NewEpoch => with(settings, |loaded| {
            warn_of_ignored(&loaded);
            new_epoch::run(&loaded.config)
        }),
        CliCommand::Admin { name } => with(settings, |loaded| {
            warn_of_ignored(&loaded);
            admin::run(&loaded.config, &name)
        }),
    }
}

/// Loads the settings and calls `run` with them. Prints an error if they are not valid.
fn with(settings: Settings, run: impl FnOnce(Loaded) -> ExitCode) -> ExitCode {
    match load(settings.layers()) {
        Ok(loaded) => run(loaded),
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the ignored variables to standard error, for subcommands that do not log.
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
