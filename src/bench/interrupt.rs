//! Interruption: ending a measurement early leaves neither processes nor folders.
//!
//! A separate thread waits for the signal, without the cooperation of the measurement. It ends every
//! process that descends from this one, removes the folders and exits.

use std::{
    io::{self, Write, stderr},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Signal, getpid, kill_process, set_child_subreaper};
use tokio::signal::unix::{SignalKind, signal};

use super::{folder, machine};

/// Exit code after an interruption, as shells use it.
const INTERRUPTED: i32 = 130;
/// Time limit for the end of a process.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the interruption has begun.
static ENDING: AtomicBool = AtomicBool::new(false);
/// Number of processes that are being started.
static STARTING: AtomicUsize = AtomicUsize::new(0);

/// Starts to wait for SIGINT and SIGTERM.
pub(super) fn watch() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        )
    };
    let wait = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        end();
    };
    thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(wait)?;
    Ok(())
}

/// Starts a process on the server's core, unless the end has begun.
pub(super) fn start<T>(work: impl FnOnce() -> T) -> T {
    STARTING.fetch_add(1, Ordering::SeqCst);
    if is_under_way() {
        STARTING.fetch_sub(1, Ordering::SeqCst);
        hold();
    }
    let started = machine::on_server_core(work);
    STARTING.fetch_sub(1, Ordering::SeqCst);
    started
}

/// Returns whether the end has begun. Later failures are not reported.
pub(super) fn is_under_way() -> bool {
    ENDING.load(Ordering::SeqCst)
}

/// Stops the caller once the end has begun: failures that the end itself caused are not reported, and it sets the exit
/// code.
pub(super) fn hold() {
    while is_under_way() {
        thread::park();
    }
}

fn end() -> ! {
    ENDING.store(true, Ordering::SeqCst);
    // A closed standard error does not matter. A line of progress may precede it.
    let _ = writeln!(stderr(), "\ninterrupted");
    end_processes();
    // No folder can be created while this lock is held.
    let _held = folder::remove_all();
    std::process::exit(INTERRUPTED)
}

/// Ends all processes that descend from this one.
fn end_processes() {
    // A process that loses its parent becomes a child of this one and is found in the next pass.
    let _ = set_child_subreaper(Some(getpid()));
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        // In this order, every process that was started before is found.
        let starting = STARTING.load(Ordering::SeqCst);
        let processes = machine::descendants();
        if starting == 0 && processes.is_empty() {
            return;
        }
        for process in processes {
            // The process may have ended already.
            let _ = kill_process(process, Signal::KILL);
        }
        machine::rest(Duration::from_millis(2));
    }
}
