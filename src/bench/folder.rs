//! A folder that goes when it is no longer needed.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// Folders made by this process so far.
static MADE: AtomicU32 = AtomicU32::new(0);

/// A new folder. Dropping it removes it with all that is in it.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A folder within `parent`, on whose file system the fsync is measured.
    pub(super) fn within(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        loop {
            let number = MADE.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("parlor-bench-{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                // What a process of that number left behind once.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it any more.
        let _ = fs::remove_dir_all(&self.0);
    }
}
