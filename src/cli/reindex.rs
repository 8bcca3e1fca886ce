//! `parlor reindex`: rebuilds the search index.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use crate::{config::Loaded, server};

pub(super) fn run(loaded: &Loaded) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(reindex(loaded)),
        Err(error) => Err(format!("cannot start threads: {error}")),
    };
    match result {
        Ok(messages) => {
            println!("{messages} messages indexed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(1)
        }
    }
}

async fn reindex(loaded: &Loaded) -> Result<usize, String> {
    // A server creates a missing data folder. Here, a missing folder means that its name is wrong.
    let data = &loaded.config.data;
    if !data.is_dir() {
        return Err(format!("there is no data folder {}", data.display()));
    }
    let mut stdout = std::io::stdout();
    let watched = stdout.is_terminal();
    let mut messages = 0;
    let result = server::reindex(&loaded.config, |so_far| {
        messages = so_far;
        if watched {
            // The index is rebuilt even if standard output is closed.
            let _ = write!(stdout, "\r{so_far} messages").and_then(|()| stdout.flush());
        }
    });
    result.await.map_err(|error| error.to_string())?;
    if watched {
        print!("\r");
    }
    Ok(messages)
}
