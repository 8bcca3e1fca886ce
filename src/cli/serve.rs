//! `parlor serve`: runs the server until a signal stops it.

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, ConfigError, IgnoredVariable, Loaded, LogFormat},
    server::Server,
    telemetry,
};

/// Exit code of an interrupted program, by the convention of shells.
const INTERRUPTED: i32 = 130;

pub(super) fn run(loaded: Loaded) -> ExitCode {
    let log = &loaded.config.log;
    let started = telemetry::init(&log.level, log.format == LogFormat::Json);
    if started.is_err() {
        let error = ConfigError::Value {
            key: "log.level".into(),
            place: "the settings".into(),
            detail:
                "must be error, warn, info, debug or trace, or a filter such as parlor=debug,info"
                    .to_owned(),
        };
        eprintln!("parlor: {error}");
        return ExitCode::from(2);
    }
    log_ignored(&loaded.ignored);
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(serve(loaded));
            // Tasks that did not end within the time of the drain are not waited for.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(format!("cannot start threads: {error}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::from(1)
        }
    }
}

async fn serve(loaded: Loaded) -> Result<(), String> {
    // The handlers are installed first, because a signal during the start must not kill the process.
    let terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let asked = CancellationToken::new();
    tokio::spawn(listen(terminate, interrupt, asked.clone()));
    let server = Server::bind(loaded.config.clone())
        .await
        .map_err(|error| error.to_string())?;
    let banner = banner(&loaded.config, server.local_addr(), loaded.file.as_deref());
    // The server runs even if standard output is closed.
    let _ = std::io::stdout().write_all(banner.as_bytes());
    server
        .run(asked.cancelled_owned())
        .await
        .map_err(|error| error.to_string())
}

/// Starts an orderly shutdown at the first signal and exits at once at the second. Acknowledged writes are on disk
/// in both cases.
async fn listen(mut terminate: Signal, mut interrupt: Signal, asked: CancellationToken) {
    for number in 1.. {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if number > 1 {
            tracing::warn!("second signal: exiting at once");
            std::process::exit(INTERRUPTED);
        }
        asked.cancel();
    }
}

/// Returns the text for the first start: addresses, folders, example commands and how to let others connect.
fn banner(config: &Config, address: SocketAddr, file: Option<&Path>) -> String {
    let (bold, plain) = if std::io::stdout().is_terminal() {
        ("\x1b[1m", "\x1b[0m")
    } else {
        ("", "")
    };
    let host = if address.ip().is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        match address.ip() {
            std::net::IpAddr::V4(ip) => ip.to_string(),
            std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        }
    };
    let place = format!("{host}:{}", address.port());
    let data = std::fs::canonicalize(&config.data).unwrap_or_else(|_| config.data.clone());
    let settings = match file {
        Some(file) => format!("  settings    {}\n", file.display()),
        None => String::new(),
    };
    let page = if config.public_url.is_empty() {
        format!("http://{place}/")
    } else {
        config.public_url.clone()
    };
    let safety = if address.ip().is_loopback() {
        "  Only this machine can reach it. To let others in, put a TLS proxy before it and set public_url,\n  \
         or, in a network you trust, start it with --listen 0.0.0.0:8000 (passwords then travel unencrypted).\n"
    } else if config.is_https() {
        ""
    } else {
        "  Others can reach it WITHOUT encryption: passwords and messages can be read on the way.\n  \
         Put a TLS proxy before it and set public_url to its https:// address.\n"
    };
    format!(
        "{bold}{} {}{plain}\n  page        {bold}{page}{plain}\n  data        {}\n{settings}\n  \
         curl        curl http://{place}/api/auth/signup -d '{{\"username\":\"ada\",\"password\":\"correct horse\"}}'\n  \
         websocat    websocat ws://{place}/ws/1 -H=\"Authorization: Bearer $TOKEN\"\n\n{safety}",
        config.name,
        env!("CARGO_PKG_VERSION"),
        data.display(),
    )
}

/// Logs the ignored variables. Variables of a service link need no warning, because a platform created them.
fn log_ignored(ignored: &[IgnoredVariable]) {
    let (links, others): (Vec<_>, Vec<_>) = ignored
        .iter()
        .partition(|variable| variable.is_service_link);
    for variable in others {
        tracing::warn!("{}", super::ignored(variable));
    }
    if !links.is_empty() {
        let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
        tracing::info!(
            variables = names.join(" "),
            "ignored the variables that describe a service of this name"
        );
    }
}

/// Raises the soft limit on open files to the hard limit. Each connection is an open file, and the soft limit of
/// many systems is 1,024.
fn raise_open_files() {
    let now = getrlimit(Resource::Nofile);
    if now.current != now.maximum
        && let Err(error) = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: now.maximum,
                maximum: now.maximum,
            },
        )
    {
        tracing::warn!(%error, "cannot raise the limit on open files");
    }
}
