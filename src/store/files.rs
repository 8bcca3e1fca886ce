//! The contract for files: rows in the database, bytes beside it.
//!
//! A row is there before the first byte and goes after the last, so that nothing on disk is unknown.
//! What comes in counts towards the quotas with all that it may grow to.

use std::{io, path::PathBuf};

use bytes::Bytes;

use super::{
    Backend, Store, StoreError,
    blobs::{Part, PendingFile},
};
use crate::domain::{
    Attachment, FileId, FileName, PostingRestriction, RoomId, StoredFile, Timestamp, UserId,
};

/// Bytes that are gathered before they are written.
const GATHER: usize = 128 * 1024;
/// The first bytes, which tell what a file is.
const HEAD: usize = 512;

/// A file that somebody wants to bring.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// For which room.
    pub room: RoomId,
    /// Who. Their place in the room is looked at in the transaction.
    pub by: UserId,
    /// What it is called.
    pub name: FileName,
    /// What it may grow to.
    pub size: u64,
    /// When the server took it.
    pub at: Timestamp,
}

/// How much may be stored; 0 is no quota.
#[derive(Clone, Copy, Debug)]
pub struct FileQuota {
    /// Bytes of one user's files.
    pub user: u64,
    /// Bytes of all files.
    pub total: u64,
    /// Files that one user brings at once.
    pub at_once: usize,
}

/// What came of beginning or ending an upload.
#[derive(Debug)]
pub enum UploadOutcome<T> {
    /// It goes on, or is done.
    Done(T),
    /// Who brings it is not in the room (any more).
    NotMember,
    /// They may not write there just now.
    Restrained(PostingRestriction),
    /// They bring as many at once as one may.
    TooMany,
    /// A quota is used up, or the disk has no room.
    NoRoom(&'static str),
}

/// What was found out about a file that has come.
#[derive(Clone, Debug)]
pub struct FileMetadata {
    /// What it is.
    pub mime: String,
    /// Whether browsers may show it.
    pub inline: bool,
    /// Across and down, of an image.
    pub pixels: Option<(u32, u32)>,
    /// A small picture of it, and what that is.
    pub thumbnail: Option<(&'static str, Vec<u8>)>,
}

/// A file that comes in. Dropped before it is kept, it leaves nothing: neither bytes nor a row.
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
    /// Begins an upload; its place in the quotas is taken in the same transaction.
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
        // Made first, so that whoever gives up while the row is written leaves none.
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
                // There is no row to take back.
                upload.kept = true;
                other.and_nothing()
            }
        })
    }

    /// A file that `reader` may have: of a message in a room they are in, or their own upload.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn file(&self, id: FileId, reader: UserId) -> Result<Option<StoredFile>, StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.file(id, reader).await,
        }
    }

    /// Bytes of a file from `offset` on, as many as asked for or as there are.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if they could not be read.
    pub async fn file_bytes(
        &self,
        id: FileId,
        part: Part,
        offset: u64,
        most: usize,
    ) -> Result<Bytes, StoreError> {
        Ok(self.1.read(id, part, offset, most).await?)
    }

    /// Takes up to `slice` uploads away that are older than `before` and in no message. `false` once
    /// none is left.
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

    /// Removes the bytes of up to `slice` files that nobody can have any more, and then their rows.
    /// `false` once none is left.
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

    async fn give_up(&self, id: FileId, incoming: Option<PendingFile>) -> Result<(), StoreError> {
        self.1.give_up(id, incoming).await?;
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.forget_files(vec![id]).await,
        }
    }
}

impl Upload {
    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The first bytes.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &FileName {
        &self.name
    }

    /// Takes what comes next, and waits until there is room for more.
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

    /// Writes what was gathered, and answers where the bytes are now, for who looks into them.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if it could not be written.
    pub async fn complete(&mut self) -> Result<PathBuf, StoreError> {
        self.flush().await?;
        Ok(self.store.1.coming(self.id))
    }

    /// Puts the file where it stays. It is on disk once this returns.
    ///
    /// # Errors
    /// [`StoreError`] if it is not kept; then nothing of it is.
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
        // Without a runtime the process is about to end, and the next start clears away.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (store, id, incoming) = (self.store.clone(), self.id, self.incoming.take());
        runtime.spawn(async move {
            if let Err(error) = store.give_up(id, incoming).await {
                tracing::warn!(%error, file = %id, "what is left of an upload goes later");
            }
        });
    }
}

impl<T> UploadOutcome<T> {
    /// The same refusal of something else.
    fn and_nothing<U>(self) -> UploadOutcome<U> {
        match self {
            Self::Done(_) | Self::NotMember => UploadOutcome::NotMember,
            Self::Restrained(restraint) => UploadOutcome::Restrained(restraint),
            Self::TooMany => UploadOutcome::TooMany,
            Self::NoRoom(why) => UploadOutcome::NoRoom(why),
        }
    }
}

/// Whatever the system says of a file, the disk did not do what it should.
impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}
