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

/// The tick of `/proc/*/stat`: it is 1/100 s in every Linux that user space sees.
const TICK: Duration = Duration::from_millis(10);

/// Core of the server and of the baselines. The client has another one.
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;
/// Magic number of tmpfs.
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// Ten thousand sockets need more files than many systems give a process at first.
pub(super) fn raise_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

/// How many of `wanted` sockets this process can have open to each of so many servers at once.
pub(super) fn affordable_sockets(wanted: usize, servers: usize) -> usize {
    let max_files = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let max_files = usize::try_from(max_files).unwrap_or(usize::MAX);
    wanted.min(max_files.saturating_sub(1500) / servers.max(1))
}

/// Whether files in a folder never reach a disk.
pub(super) fn is_memory(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|system| system.f_type == TMPFS)
}

/// How many cores this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Whether no other process uses the client's core.
static CLIENT_IS_ALONE: AtomicBool = AtomicBool::new(false);
/// Whether it has one at all.
static CLIENT_IS_PINNED: AtomicBool = AtomicBool::new(false);

/// Keeps this process off the server's core. `false` where there is no second core for it.
pub(super) fn pin_to_client_core() -> bool {
    let pinned = cores() > CLIENT_CORE && sched_setaffinity(None, &only(CLIENT_CORE)).is_ok();
    CLIENT_IS_PINNED.store(pinned, Ordering::Relaxed);
    CLIENT_IS_ALONE.store(pinned, Ordering::Relaxed);
    pinned
}

/// Whether the client should not sleep, for nobody else can use its core.
pub(super) fn client_is_awake() -> bool {
    CLIENT_IS_ALONE.load(Ordering::Relaxed)
}

/// Does something on the server's core, and starts what is started there: a child inherits where its
/// parent runs.
pub(super) fn on_server_core<T>(work: impl FnOnce() -> T) -> T {
    let before = sched_getaffinity(None);
    let pinned = sched_setaffinity(None, &only(SERVER_CORE)).is_ok();
    let done = work();
    if let (true, Ok(before)) = (pinned, before) {
        // Where it fails the client is slow, and the row says so.
        let _ = sched_setaffinity(None, &before);
    }
    done
}

/// Lets a process run wherever there is a core, or on the server's alone.
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

/// Does nothing for that long.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here that it could block"
)]
pub(super) fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// The processes that came of this one, at whatever remove, and have not ended.
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

/// A process and its parent; `None` of one that has ended.
fn parent(process: u32) -> Option<(Pid, Pid)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X");
    let parent = Pid::from_raw(fields.next()?.parse().ok()?)?;
    let process = Pid::from_raw(process.try_into().ok()?)?;
    (!has_ended).then_some((process, parent))
}

/// The processor time of a process, all of its threads together.
pub(super) fn cpu_time(process: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in brackets, may hold anything; the fields behind it are numbers.
    let (_, fields) = stat.rsplit_once(')').ok_or_else(|| unknown(&stat))?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Result<Vec<u32>, _> = ticks.map(str::parse).collect();
    let ticks: u32 = ticks.map_err(|_| unknown(&stat))?.iter().sum();
    Ok(TICK * ticks)
}

/// The resident memory of a process, in KiB.
pub(super) fn resident_kib(process: u32) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.ok_or_else(|| unknown(&status))
}

fn unknown(text: &str) -> io::Error {
    io::Error::other(format!("cannot read {text:?}"))
}
