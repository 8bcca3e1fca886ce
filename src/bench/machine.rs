//! Processor time, resident memory and processor affinity.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity},
};

/// Tick of `/proc/*/stat`: 1/100 s on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Core of the server and of the baselines. The client has another one.
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;
/// Magic number of tmpfs.
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// Raises the limit on open files, which is too low by default for ten thousand sockets.
pub(super) fn raise_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

/// Returns how many of `wanted` sockets this process can have open to each of this number of servers.
pub(super) fn affordable_sockets(wanted: usize, servers: usize) -> usize {
    let max_files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let max_files = usize::try_from(max_files).unwrap_or(usize::MAX);
    wanted.min(max_files.saturating_sub(1500) / servers.max(1))
}

/// Returns whether a folder is in memory (tmpfs).
pub(super) fn is_memory(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|system| system.f_type == TMPFS)
}

/// Returns the number of cores that this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Whether the client has its own core.
static CLIENT_IS_ALONE: AtomicBool = AtomicBool::new(false);
/// Returns whether the client has its own core.
static CLIENT_IS_PINNED: AtomicBool = AtomicBool::new(false);

/// Moves this process to the client's core. Returns `false` if there is no second core.
pub(super) fn pin_to_client_core() -> bool {
    let pinned = cores() > CLIENT_CORE && sched_setaffinity(None, &only(CLIENT_CORE)).is_ok();
    CLIENT_IS_PINNED.store(pinned, Ordering::Relaxed);
    CLIENT_IS_ALONE.store(pinned, Ordering::Relaxed);
    pinned
}

/// Returns whether the client should poll without sleeping, because no other process uses its core.
pub(super) fn client_is_awake() -> bool {
    CLIENT_IS_ALONE.load(Ordering::Relaxed)
}

/// Runs `f` on the server's core. A child that it starts inherits the core.
pub(super) fn on_server_core<T>(work: impl FnOnce() -> T) -> T {
    let before = sched_getaffinity(None);
    let pinned = sched_setaffinity(None, &only(SERVER_CORE)).is_ok();
    let done = work();
    if let (true, Ok(before)) = (pinned, before) {
        // On failure the client is slow, and the row reports this.
        let _ = sched_setaffinity(None, &before);
    }
    done
}

/// Sets the cores of a process: all, or only the server's.
pub(super) fn set_free(process: u32, free: bool) -> io::Result<()> {
    let pinned = CLIENT_IS_PINNED.load(Ordering::Relaxed);
    CLIENT_IS_ALONE.store(pinned && !free, Ordering::Relaxed);
    let mut set = only(SERVER_CORE);
    if free {
        for core in 0..CpuSet::MAX_CPU.min(64) {
            set.set(core);
        }
    }
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let task = task?.file_name();
        let number = task.to_str().and_then(|task| task.parse().ok());
        // A thread may have ended since.
        let _ = sched_setaffinity(number.and_then(Pid::from_raw), &set);
    }
    Ok(())
}

fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

/// Sleeps.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here that it could block"
)]
pub(super) fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// Returns all running descendants of this process.
pub(super) fn descendants() -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let all: Vec<(Pid, Pid)> = processes
        .filter_map(|process| parent(process.file_name().to_str()?.parse().ok()?))
        .collect();
    let mut found = vec![rustix::process::getpid()];
    let mut at = 0;
    while let Some(process) = found.get(at).copied() {
        let children = all.iter().filter(|(_, parent)| *parent == process);
        found.extend(children.map(|(child, _)| child));
        at += 1;
    }
    found.remove(0);
    found
}

/// Returns a process and its parent; `None` if it has ended.
fn parent(process: u32) -> Option<(Pid, Pid)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X");
    let parent = Pid::from_raw(fields.next()?.parse().ok()?)?;
    let process = Pid::from_raw(process.try_into().ok()?)?;
    (!has_ended).then_some((process, parent))
}

/// Returns the processor time of a process with all its threads.
pub(super) fn cpu_time(process: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in brackets may contain any character. The fields after it are numbers.
    let (_, fields) = stat.rsplit_once(')').ok_or_else(|| unknown(&stat))?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Result<Vec<u32>, _> = ticks.map(str::parse).collect();
    let ticks: u32 = ticks.map_err(|_| unknown(&stat))?.iter().sum();
    Ok(TICK * ticks)
}

/// Returns the resident memory of a process in KiB.
pub(super) fn resident_kib(process: u32) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.ok_or_else(|| unknown(&status))
}

fn unknown(text: &str) -> io::Error {
    io::Error::other(format!("cannot read {text:?}"))
}
