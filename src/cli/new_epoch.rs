//! `parlor new-epoch`: gives the database a new epoch, so that clients discard the history they know.

use std::{io::Write, process::ExitCode};

use crate::{config::Config, server};

pub(super) fn run(config: &Config) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime
            .block_on(server::new_epoch(config))
            .map_err(|error| error.to_string()),
        Err(error) => Err(format!("cannot start: {error}")),
    };
    match result {
        Ok(epoch) => {
            // The epoch is stored even if standard output is closed.
            let _ = writeln!(std::io::stdout(), "the epoch is now {epoch}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(1)
        }
    }
}
