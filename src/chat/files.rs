//! Upload and download of files.

use std::{fs::File, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{Caller, Chat, ChatError};
use crate::{
    domain::{Attachment, FileId, FileName, Invalid, RoomId, StoredFile, Timestamp},
    media::{self, MediaType, Thumbnail},
    store::{FileMetadata, FileQuota, NewFile, Part, StoreError, Upload, UploadOutcome},
};

/// Bytes of a file to read at once. They stay in memory until the client has received them.
const PIECE: usize = 64 * 1024;
/// Maximum time that a picture waits for the thumbnail permit. After it, the picture gets no thumbnail.
const TURN: Duration = Duration::from_secs(10);
const MIB: u64 = 1024 * 1024;

/// Makes thumbnails one at a time, because each can take much memory.
#[derive(Clone)]
pub(super) struct Thumbnails(Arc<Semaphore>);

impl Chat {
    /// Receives a file for a room piece by piece. The file is on disk when this returns. If this fails or is dropped,
    /// nothing of the file remains.
    ///
    /// # Errors
    /// [`ChatError::TooLarge`], [`ChatError::NoRoom`], [`ChatError::TooManyUploads`],
    /// [`ChatError::NotFound`] if the caller is not in the room, and errors of `pieces`.
    pub async fn upload_file(
        &self,
        caller: &Caller,
        room: RoomId,
        name: FileName,
        declared: Option<u64>,
        pieces: impl Stream<Item = Result<Bytes, ChatError>> + Send,
    ) -> Result<Attachment, ChatError> {
        let limits = &self.inner.limits;
        let max_bytes = limits.file_bytes;
        if declared.is_some_and(|declared| declared > max_bytes) {
            return Err(ChatError::TooLarge(max_bytes));
        }
        let new = NewFile {
            room,
            by: caller.user_in(room)?,
            name,
            size: declared.unwrap_or(max_bytes),
            at: Timestamp::now(),
        };
        let quota = FileQuota {
            user: limits.files_per_user_mb.saturating_mul(MIB),
            total: limits.files_total_mb.saturating_mul(MIB),
            at_once: limits.uploads_per_user,
        };
        let begun = self.inner.store.begin_upload(new, quota).await;
        let mut upload = brought(begun.map_err(on_disk)?)?;
        let mut pieces = std::pin::pin!(pieces);
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if upload.size() + piece.len() as u64 > max_bytes {
                return Err(ChatError::TooLarge(max_bytes));
            }
            upload.write(&piece).await.map_err(on_disk)?;
        }
        if upload.size() == 0 {
            return Err(Invalid::new("file", "must not be empty").into());
        }
        let found = self.look_into(&mut upload).await?;
        brought(upload.keep(found).await.map_err(on_disk)?)
    }

    /// Determines the type, dimensions and thumbnail of an upload from its bytes.
    async fn look_into(&self, upload: &mut Upload) -> Result<FileMetadata, ChatError> {
        let path = upload.complete().await.map_err(on_disk)?;
        let Some(kind) = MediaType::of(upload.head()) else {
            return Ok(FileMetadata {
                mime: media::mime_of_name(upload.name().as_str()),
                inline: false,
                pixels: None,
                thumbnail: None,
            });
        };
        let mut found = FileMetadata {
            mime: kind.mime().to_owned(),
            inline: true,
            pixels: None,
            thumbnail: None,
        };
        if kind.is_image() {
            found.pixels = pixels(kind, path.clone()).await;
            // A picture without dimensions cannot be decoded.
            if found.pixels.is_some()
                && let Some(made) = self.inner.thumbnails.make(kind, path).await
            {
                found.pixels = Some(made.seen);
                found.thumbnail = Some((made.mime, made.bytes));
            }
        }
        Ok(found)
    }

    /// Returns a file that the caller may download.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such file or the caller may not see it.
    pub async fn file(&self, caller: &Caller, id: FileId) -> Result<StoredFile, ChatError> {
        let file = self.inner.store.file(id, caller.user()).await?;
        file.filter(|file| caller.rooms().includes(file.room))
            .ok_or(ChatError::NotFound("file"))
    }

    /// Returns the bytes of a file from `first` to before `end` as a stream. This waits for the first piece.
    ///
    /// # Errors
    /// [`ChatError`] if the first piece could not be read.
    pub async fn file_pieces(
        &self,
        id: FileId,
        part: Part,
        first: u64,
        end: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, StoreError>> + Send + use<>, ChatError> {
        let store = self.inner.store.clone();
        let read = async move |at: u64| {
            let max_bytes = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
            let piece = store.file_bytes(id, part, at, max_bytes).await?;
            if piece.is_empty() {
                return Err(StoreError::Disk("a stored file is truncated".into()));
            }
            Ok(piece)
        };
        let head = if first < end {
            Some(read(first).await?)
        } else {
            None
        };
        let next = first + head.as_ref().map_or(0, |head| head.len() as u64);
        let rest = stream::try_unfold((next, read), move |(at, read)| async move {
            if at >= end {
                return Ok(None);
            }
            let piece = read(at).await?;
            let next = at + piece.len() as u64;
            Ok(Some((piece, (next, read))))
        });
        Ok(stream::iter(head.map(Ok)).chain(rest))
    }
}

impl Thumbnails {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Makes a thumbnail. Returns `None` if the picture cannot be decoded, is too large, or takes too long.
    async fn make(&self, kind: MediaType, path: PathBuf) -> Option<Thumbnail> {
        self.run_with_permit(move || media::thumbnail(kind, &path))
            .await
    }

    /// Makes a thumbnail of a picture in memory.
    pub(super) async fn of_bytes(&self, kind: MediaType, bytes: Vec<u8>) -> Option<Thumbnail> {
        self.run_with_permit(move || media::thumbnail_of(kind, bytes))
            .await
    }

    async fn run_with_permit<E: std::fmt::Display + Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<Thumbnail, E> + Send + 'static,
    ) -> Option<Thumbnail> {
        let turn = timeout(TURN, self.0.clone().acquire_owned())
            .await
            .ok()?
            .ok()?;
        let made = spawn_blocking(move || {
            // The permit belongs to the work, even if the caller is dropped.
            let _turn = turn;
            work()
        });
        match made.await {
            Ok(Ok(made)) => Some(made),
            Ok(Err(error)) => {
                tracing::debug!(%error, "thumbnail failed");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "thumbnail thread failed");
                None
            }
        }
    }
}

async fn pixels(kind: MediaType, path: PathBuf) -> Option<(u32, u32)> {
    let found = spawn_blocking(move || media::dimensions(kind, &mut File::open(path)?));
    found.await.ok()?.ok()?
}

fn brought<T>(outcome: UploadOutcome<T>) -> Result<T, ChatError> {
    match outcome {
        UploadOutcome::Done(done) => Ok(done),
        UploadOutcome::NotMember => Err(ChatError::NotFound("room")),
        UploadOutcome::Restrained(restraint) => Err(restraint.into()),
        UploadOutcome::TooMany => Err(ChatError::TooManyUploads),
        UploadOutcome::NoRoom(why) => Err(ChatError::NoRoom(why)),
    }
}

/// Maps a store error of an upload. A failing disk is reported as full, because the two cannot be told apart.
fn on_disk(error: StoreError) -> ChatError {
    if let StoreError::Disk(cause) = &error {
        tracing::warn!(cause, "upload not stored");
        return ChatError::NoRoom("the server's disk does not take this file");
    }
    error.into()
}
