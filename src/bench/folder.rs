//! Temporary folders.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::machine;

/// Time to wait for a process that still writes into a folder to be removed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folders of this process.
static FOLDERS: Mutex<Folders> = Mutex::new(Folders {
    made: 0,
    paths: Vec::new(),
});

pub(super) struct Folders {
    /// Number of folders created so far.
    made: u32,
    /// Existing folders.
    paths: Vec<PathBuf>,
}

/// A temporary folder. Dropping it removes the folder with its content.
pub(super) struct TempFolder(PathBuf);

impl TempFolder {
    /// Creates a folder within `parent`, on whose file system the fsync is measured.
    pub(super) fn within(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        let mut folders = folders();
        loop {
            let (process, number) = (std::process::id(), folders.made);
            folders.made += 1;
            let path = parent.join(format!("parlor-bench-{process}-{number}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    folders.paths.push(path.clone());
                    return Ok(Self(path));
                }
                // An earlier process with this id left it behind.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let mut folders = folders();
        // The result does not depend on the removal.
        let _ = fs::remove_dir_all(&self.0);
        folders.paths.retain(|path| *path != self.0);
    }
}

fn folders() -> MutexGuard<'static, Folders> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all folders. No folder can be created while the returned lock is held.
pub(super) fn remove_all() -> MutexGuard<'static, Folders> {
    let folders = folders();
    let start = Instant::now();
    for path in &folders.paths {
        while fs::remove_dir_all(path).is_err() && path.exists() && start.elapsed() < PATIENCE {
            machine::rest(Duration::from_millis(2));
        }
    }
    folders
}
