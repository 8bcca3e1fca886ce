//! What the machine says: processor time, resident memory, and who runs where.

use std::{fs, io, time::Duration};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// The tick of `/proc/*/stat`: it is 1/100 s in every Linux that user space sees.
const TICK: Duration = Duration::from_millis(10);

/// The core of the server and of the floors; the client has another.
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;

/// Ten thousand sockets need more files than many systems give a process at first.
pub(crate) fn raise_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

/// Keeps this process off the server's core. `false` where there is no second core for it.
pub(crate) fn pin_to_client_core() -> bool {
    pin(CLIENT_CORE)
}

/// Starts something on the server's core: a child inherits where its parent runs.
pub(crate) fn on_server_core<T>(start: impl FnOnce() -> T) -> T {
    let before = sched_getaffinity(None);
    let pinned = pin(SERVER_CORE);
    let started = start();
    if let (true, Ok(before)) = (pinned, before) {
        // Where it fails the client is slow, and the row says so.
        let _ = sched_setaffinity(None, &before);
    }
    started
}

fn pin(core: usize) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores <= core && core != SERVER_CORE {
        return false;
    }
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).is_ok()
}

/// Does nothing for that long.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here that it could block"
)]
pub(crate) fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// The processor time of a process, all of its threads together.
pub(crate) fn cpu_time(process: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may hold anything; the fields behind it are numbers.
    let (_, fields) = stat.rsplit_once(')').ok_or_else(|| unknown(&stat))?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Result<Vec<u32>, _> = ticks.map(str::parse).collect();
    let ticks: u32 = ticks.map_err(|_| unknown(&stat))?.iter().sum();
    Ok(TICK * ticks)
}

/// The resident memory of a process, in KiB.
pub(crate) fn resident_kib(process: u32) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.ok_or_else(|| unknown(&status))
}

fn unknown(text: &str) -> io::Error {
    io::Error::other(format!("cannot read {text:?}"))
}
