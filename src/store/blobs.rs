//! Bytes of files on disk: `files/ab/<id>` for an id that begins with `ab`, the thumbnail beside it, and
//! `files/coming/<id>` during the upload. No file is ever in memory as a whole.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use ring::digest;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

use crate::domain::FileId;

/// Maximum number of uploads at a time, each with an open file.
const MAX_UPLOADS: usize = 24;
/// Maximum number of reads at a time, each of which opens its file.
const MAX_READS: usize = 8;
/// Free space in bytes that uploads leave on the disk for the database.
const SPARE: u64 = 64 * 1024 * 1024;

/// The folder of files. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Blobs(Arc<BlobsInner>);

struct BlobsInner {
    folder: PathBuf,
    pending: Arc<Semaphore>,
    reading: Semaphore,
}

/// A file or its thumbnail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The file.
    Whole,
    /// Its thumbnail.
    Thumbnail,
}

/// An upload in progress. Whoever works on its bytes holds the lock, so that a cancelled upload is removed only after
/// running work ends.
#[derive(Clone)]
pub(super) struct PendingFile(Arc<Mutex<Option<OpenFile>>>);

struct OpenFile {
    file: File,
    hash: digest::Context,
    name: TemporaryPath,
    _place: OwnedSemaphorePermit,
}

/// Path of an upload in progress. The file is removed if it still has this name when the value is dropped.
struct TemporaryPath(PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "an upload's temporary file stays until the next start");
        }
    }
}

impl Blobs {
    /// Opens the folder beside the database.
    pub(super) fn for_database(database: &Path) -> io::Result<Self> {
        let folder = database.with_file_name("files");
        let pending = folder.join("coming");
        if !pending.exists() {
            // All are created now, so that no file is stored in a folder whose own entry is not on disk yet.
            for first in 0..=u8::MAX {
                private_folder(&folder.join(hex(&[first])))?;
            }
            sync(&folder)?;
            sync(database.parent().unwrap_or(Path::new(".")))?;
            private_folder(&pending)?;
        }
        Ok(Self(Arc::new(BlobsInner {
            folder,
            pending: Arc::new(Semaphore::new(MAX_UPLOADS)),
            reading: Semaphore::new(MAX_READS),
        })))
    }

    /// Removes incomplete uploads after a crash.
    pub(super) async fn remove_incomplete_uploads(&self) -> io::Result<()> {
        let pending = self.0.folder.join("coming");
        blocking(move || {
            for left in fs::read_dir(&pending)? {
                fs::remove_file(left?.path())?;
            }
            Ok(())
        })
        .await
    }

    /// Returns the maximum number of open files.
    pub(super) fn files() -> usize {
        MAX_UPLOADS + MAX_READS
    }

    /// Returns whether the disk can take that many bytes and keep space for the database.
    pub(super) async fn has_room(&self, size: u64) -> io::Result<bool> {
        let folder = self.0.folder.clone();
        blocking(move || {
            let disk = rustix::fs::statvfs(&folder)?;
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            Ok(free >= size.saturating_add(SPARE))
        })
        .await
    }

    /// Begins an upload; `None` if the maximum number is in progress.
    pub(super) async fn begin(&self, id: FileId) -> io::Result<Option<PendingFile>> {
        let Ok(place) = self.0.pending.clone().try_acquire_owned() else {
            return Ok(None);
        };
        let path = self.pending_path(id);
        blocking(move || {
            let file = create(&path)?;
            Ok(Some(PendingFile(Arc::new(Mutex::new(Some(OpenFile {
                file,
                hash: digest::Context::new(&digest::SHA256),
                name: TemporaryPath(path),
                _place: place,
            }))))))
        })
        .await
    }

    /// Moves a complete file and its thumbnail to their final place. Their bytes and names are on disk when this
    /// returns.
    pub(super) async fn keep(
        &self,
        id: FileId,
        incoming: PendingFile,
        thumbnail: Option<Vec<u8>>,
    ) -> io::Result<String> {
        let blobs = self.clone();
        blocking(move || {
            // Locked until the end: a cancelled upload waits, then removes everything made here.
            let mut incoming = incoming.lock();
            let Some(writing) = incoming.take() else {
                return Err(upload_cancelled());
            };
            writing.file.sync_all()?;
            let (whole, small) = (blobs.path(id, Part::Whole), blobs.path(id, Part::Thumbnail));
            let folder = blobs.folder_of(id);
            if !folder.exists() {
                // A copied data folder may lack empty folders.
                private_folder(&folder)?;
                sync(&blobs.0.folder)?;
            }
            if let Some(thumbnail) = thumbnail {
                let mut file = create(&small)?;
                file.write_all(&thumbnail)?;
                file.sync_all()?;
            }
            fs::rename(&writing.name.0, whole)?;
            sync(&folder)?;
            Ok(hex(writing.hash.finish().as_ref()))
        })
        .await
    }

    /// Removes these files with their thumbnails, durably.
    pub(super) async fn remove(&self, ids: Vec<FileId>) -> io::Result<()> {
        let blobs = self.clone();
        blocking(move || {
            let mut folders = Vec::new();
            for id in ids {
                let kept = [Part::Whole, Part::Thumbnail].map(|part| blobs.path(id, part));
                for path in kept.into_iter().chain([blobs.pending_path(id)]) {
                    match fs::remove_file(path) {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                        _ => {}
                    }
                }
                folders.push(blobs.folder_of(id));
            }
            folders.sort_unstable();
            folders.dedup();
            // Their rows are deleted next. Bytes that a crash restored would then be unknown.
            for folder in folders.iter().filter(|folder| folder.exists()) {
                sync(folder)?;
            }
            Ok(())
        })
        .await
    }

    /// Removes an upload in progress, once running work on it has ended.
    pub(super) async fn cancel_upload(
        &self,
        id: FileId,
        incoming: Option<PendingFile>,
    ) -> io::Result<()> {
        let released = blocking(move || {
            if let Some(incoming) = incoming {
                incoming.lock().take();
            }
            Ok(())
        });
        released.await?;
        self.remove(vec![id]).await
    }

    /// Returns bytes of a file from `offset` on, at most as many as asked for.
    pub(super) async fn read(
        &self,
        id: FileId,
        part: Part,
        offset: u64,
        max_bytes: usize,
    ) -> io::Result<Bytes> {
        let place = self.0.reading.acquire().await.map_err(io::Error::other)?;
        let path = self.path(id, part);
        let bytes = blocking(move || {
            let file = File::open(path)?;
            let mut bytes = vec![0; max_bytes];
            let mut filled = 0;
            while filled < max_bytes {
                match file.read_at(&mut bytes[filled..], offset + filled as u64) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            bytes.truncate(filled);
            Ok(Bytes::from(bytes))
        })
        .await;
        drop(place);
        bytes
    }

    pub(super) fn pending_path(&self, id: FileId) -> PathBuf {
        self.0.folder.join("coming").join(id.to_string())
    }

    fn folder_of(&self, id: FileId) -> PathBuf {
        self.0.folder.join(&id.to_string()[..2])
    }

    fn path(&self, id: FileId, part: Part) -> PathBuf {
        let name = match part {
            Part::Whole => id.to_string(),
            Part::Thumbnail => format!("{id}.thumbnail"),
        };
        self.folder_of(id).join(name)
    }
}

impl PendingFile {
    /// Writes the bytes and returns the buffer, empty.
    pub(super) async fn write(&self, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let incoming = self.clone();
        blocking(move || {
            let mut writing = incoming.lock();
            let Some(OpenFile { file, hash, .. }) = writing.as_mut() else {
                return Err(upload_cancelled());
            };
            file.write_all(&bytes)?;
            hash.update(&bytes);
            bytes.clear();
            Ok(bytes)
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Option<OpenFile>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs slow work on files outside the async runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

fn create(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the entries of a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn upload_cancelled() -> io::Error {
    io::Error::other("the upload was given up")
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
