//! Contract for files: rows in the database, bytes beside it.
//!
//! A row exists from before the first byte until after the last one, so that no file on disk is unknown. An upload
//! counts towards the quotas with its maximum size.

use std::{io, path::PathBuf};

use bytes::Bytes;

use super::{
    Backend, Store, StoreError,
    blobs::{Part, PendingFile},
};
use crate::domain::{
    Attachment, FileId, FileName, PostingRestriction, RoomId, StoredFile, Timestamp, UserId,
};

/// Number of bytes that are buffered before they are written.
const GATHER: usize = 128 * 1024;
/// Number of first bytes that identify the type of a file.
const HEAD: usize = 512;

/// A file to upload.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Room of the file.
    pub room: RoomId,
    /// Sender. Their membership is checked in the transaction.
    pub by: UserId,
    /// Name of the file.
    pub name: FileName,
    /// Maximum size in bytes.
    pub size: u64,
    /// Time at which the server received the request.
    pub at: Timestamp,
}

/// Quotas of files; 0 is no quota.
#[derive(Clone, Copy, Debug)]
pub struct FileQuota {
    /// Bytes of the files of one user.
    pub user: u64,
    /// Bytes of all files.
    pub total: u64,
    /// Uploads of one user at a time.
    pub at_once: usize,
}

/// Outcome of beginning or ending an upload.
#[derive(Debug)]
pub enum UploadOutcome<T> {
    /// The upload continues or is complete.
    Done(T),
    /// The sender is no longer in the room.
    NotMember,
    /// The sender may not post at present.
    Restrained(PostingRestriction),
    /// The sender has the maximum number of uploads in progress.
    TooMany,
    /// A quota is exceeded, or the disk is full.
    NoRoom(&'static str),
}

/// Properties of a complete file.
#[derive(Clone, Debug)]
pub struct FileMetadata {
    /// Media type.
    pub mime: String,
    /// Whether browsers may show it.
    pub inline: bool,
    /// Width and height of an image.
    pub pixels: Option<(u32, u32)>,
    /// Media type and bytes of its thumbnail.
    pub thumbnail: Option<(&'static str, Vec<u8>)>,
}

/// An upload in progress. Dropped before [`keep`](Self::keep), it leaves neither bytes nor a row.
pub struct Upload {
    store: Store,
    id: FileId,
    room: RoomId,
    by: UserId,
    name: FileName,
    size: u64,
    head: Vec<u8>,
    gathered: Vec<u8>,
    incoming: Option<PendingFile>,
    kept: bool,
}

impl Store {
    /// Begins an upload and reserves its size in the quotas, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn begin_upload(
        &self,
        new: NewFile,
        quota: FileQuota,
    ) -> Result<UploadOutcome<Upload>, StoreError> {
        let id = FileId::generate().map_err(|error| StoreError::Failed(error.to_string()))?;
        if !self.1.has_room(new.size).await? {
            return Ok(UploadOutcome::NoRoom("the disk has no room for this file"));
        }
        // Created first, so that a caller who gives up during the insert leaves no row.
        let mut upload = Upload {
            store: self.clone(),
            id,
            room: new.room,
            by: new.by,
            name: new.name.clone(),
            size: 0,
            head: Vec::new(),
            gathered: Vec::new(),
            incoming: None,
            kept: false,
        };
        let begun = match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.begin_file(id, new, quota).await?,
        };
        Ok(match begun {
            UploadOutcome::Done(()) => {
                upload.incoming = self.1.begin(id).await?;
                if upload.incoming.is_none() {
                    return Err(StoreError::Overloaded);
                }
                UploadOutcome::Done(upload)
            }
            other => {
                // There is no row to delete.
                upload.kept = true;
                other.and_nothing()
            }
        })
    }

    /// Returns a file that `reader` may read: of a message in their rooms, or their own upload.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn file(&self, id: FileId, reader: UserId) -> Result<Option<StoredFile>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.file(id, reader).await,
        }
    }

    /// Returns bytes of a file from `offset` on, at most as many as asked for.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if they could not be read.
    pub async fn file_bytes(
        &self,
        id: FileId,
        part: Part,
        offset: u64,
        max_bytes: usize,
    ) -> Result<Bytes, StoreError> {
        Ok(self.1.read(id, part, offset, max_bytes).await?)
    }

    /// Deletes up to `slice` uploads that are older than `before` and in no message. Returns `false` if none are left.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was written.
    pub async fn drop_unsent_files(
        &self,
        before: Timestamp,
        slice: i64,
    ) -> Result<bool, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.drop_unsent_files(before, slice).await,
        }
    }

    /// Removes the bytes of up to `slice` deleted files, and then their rows. Returns `false` if none are left.
    ///
    /// # Errors
    /// [`StoreError`] if some could not be removed.
    pub async fn purge_gone_files(&self, slice: i64) -> Result<bool, StoreError> {
        let gone = match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.gone_files(slice).await?,
        };
        if gone.is_empty() {
            return Ok(false);
        }
        self.1.remove(gone.clone()).await?;
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_files(gone).await?,
        }
        Ok(true)
    }

    async fn cancel_upload(
        &self,
        id: FileId,
        incoming: Option<PendingFile>,
    ) -> Result<(), StoreError> {
        self.1.cancel_upload(id, incoming).await?;
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_files(vec![id]).await,
        }
    }
}

impl Upload {
    /// Returns the number of bytes received.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the first bytes.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Returns the name of the file.
    #[must_use]
    pub fn name(&self) -> &FileName {
        &self.name
    }

    /// Appends bytes. Waits if too many are buffered.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if it could not be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.size += bytes.len() as u64;
        let wanted = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHER {
            self.flush().await?;
        }
        Ok(())
    }

    /// Writes the buffered bytes and returns the path of the file, for inspection.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if it could not be written.
    pub async fn complete(&mut self) -> Result<PathBuf, StoreError> {
        self.flush().await?;
        Ok(self.store.1.pending_path(self.id))
    }

    /// Moves the file to its final place. It is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError`] if the file is not kept. Then nothing of it remains.
    pub async fn keep(
        mut self,
        found: FileMetadata,
    ) -> Result<UploadOutcome<Attachment>, StoreError> {
        self.flush().await?;
        let Some(incoming) = self.incoming.clone() else {
            return Err(StoreError::Closed);
        };
        let FileMetadata {
            mime,
            inline,
            pixels,
            thumbnail,
        } = found;
        let small = thumbnail
            .as_ref()
            .map(|(mime, bytes)| ((*mime).to_owned(), bytes.len() as u64));
        let bytes = thumbnail.map(|(_, bytes)| bytes);
        let hash = self.store.1.keep(self.id, incoming, bytes).await;
        let file = StoredFile {
            about: Attachment {
                id: self.id,
                name: self.name.as_str().to_owned(),
                mime,
                size: self.size,
                pixels,
                thumbnail: small.is_some(),
            },
            room: self.room,
            by: self.by,
            hash: hash?,
            inline,
            thumbnail: small,
        };
        let about = file.about.clone();
        let kept = match &self.store.0 {
            Backend::Sqlite(sqlite) => sqlite.keep_file(file).await?,
        };
        self.kept = kept;
        Ok(if kept {
            UploadOutcome::Done(about)
        } else {
            UploadOutcome::NotMember
        })
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let Some(incoming) = &self.incoming else {
            return Err(StoreError::Closed);
        };
        if !self.gathered.is_empty() {
            let bytes = std::mem::take(&mut self.gathered);
            self.gathered = incoming.write(bytes).await?;
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        // Without a runtime the process is about to end. The next start cleans up.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (store, id, incoming) = (self.store.clone(), self.id, self.incoming.take());
        runtime.spawn(async move {
            if let Err(error) = store.cancel_upload(id, incoming).await {
                tracing::warn!(%error, file = %id, "what is left of an upload goes later");
            }
        });
    }
}

impl<T> UploadOutcome<T> {
    /// Converts a refusal to another success type.
    fn and_nothing<U>(self) -> UploadOutcome<U> {
        match self {
            Self::Done(_) | Self::NotMember => UploadOutcome::NotMember,
            Self::Restrained(restraint) => UploadOutcome::Restrained(restraint),
            Self::TooMany => UploadOutcome::TooMany,
            Self::NoRoom(why) => UploadOutcome::NoRoom(why),
        }
    }
}

/// Every error of the file system means that the disk failed.
impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}
