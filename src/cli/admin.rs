//! `parlor admin NAME`: makes a user a server admin, for the person who runs the server.

use std::{io::Write, process::ExitCode};

use crate::{config::Config, server};

pub(super) fn run(config: &Config, name: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(server::make_admin(config, name)),
        Err(error) => Err(format!("cannot start: {error}")),
    };
    match result {
        Ok(()) => {
            // The change is stored even if standard output is closed.
            let _ = writeln!(std::io::stdout(), "{name} is an admin now");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(1)
        }
    }
}
