//! `parlor admin NAME`: make somebody admin without one, for who has the data folder in their hands.

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
            // Nobody need be there to read it.
            let _ = writeln!(std::io::stdout(), "{name} is an admin now");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(1)
        }
    }
}
