//! Durable data, and the only module that uses `sqlx`.
//!
//! The supported databases are a closed set, hence an enum. Each method is one whole transaction with domain types as
//! input and output; no transaction stays open. The changes of a transaction come out of [`Commits`], in the order of
//! commits and after the commit.

mod admin_accounts;
mod audit;
mod blobs;
mod conversation;
mod deletion;
mod direct;
mod error;
mod files;
mod invites;
mod messages;
mod moderation;
mod offline;
mod people;
mod profile;
mod reports;
mod rooms;
mod search;
mod sqlite;
mod tokens;

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

pub use audit::AdminOutcome;
pub use blobs::Part;
pub use conversation::{
    AlterOutcome, Alteration, COMMAND_KEYS, COMMAND_KEYS_KEPT, PINS, REACTION_KINDS, REACTIONS,
    Versions,
};
pub use deletion::{DeleteAccountOutcome, OwnMessages};
pub use direct::DirectRoomOutcome;
pub use error::StoreError;
pub use files::{FileMetadata, FileQuota, NewFile, Upload, UploadOutcome};
pub use invites::{MAX_INVITES, NewInvite, RevokeInviteOutcome};
pub use messages::{
    Append, AppendOutcome, Changes, EncodedPage, Lag, PageLimit, PendingAppend, Receipt,
};
pub use people::{Credentials, NewUser, Rotation, SignUpOutcome};
pub use profile::{ProfileEdit, ProfileOutcome};
pub use reports::{CloseReportOutcome, ReportOutcome};
pub use rooms::{JoinOutcome, LeaveOutcome, MemberRow, NewRoom, RoomActionOutcome, RoomEdit};
pub use search::{IndexProgress, IndexSlice, Search, SearchOutcome, SearchPage};
pub use tokens::{CreateTokenOutcome, NewToken};

use crate::domain::Change;
use blobs::Blobs;

/// Location and limits of the store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Database file. It is created if it does not exist.
    pub path: PathBuf,
    /// Maximum number of queued writes before [`StoreError::Overloaded`].
    pub write_queue: usize,
    /// Maximum number of rooms of one user.
    pub rooms_per_user: i64,
    /// Maximum size of the database in MiB; 0 is no limit.
    pub max_mb: u64,
}

/// The database, and the bytes of files beside it. Cloning it is cheap.
#[derive(Clone)]
pub struct Store(Backend, Blobs);

#[derive(Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
}

/// Committed changes, transaction by transaction.
pub struct Commits(mpsc::Receiver<Vec<Change>>);

impl Commits {
    /// Returns the changes of the next commit; `None` once the store is closed and all were returned.
    pub async fn next(&mut self) -> Option<Vec<Change>> {
        self.0.recv().await
    }
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`] if a newer version wrote it, [`StoreError::Open`] if it cannot be opened.
    pub async fn open(options: StoreOptions) -> Result<(Self, Commits), StoreError> {
        let blobs = Blobs::for_database(&options.path)
            .map_err(|error| StoreError::Open(format!("the folder of files: {error}")))?;
        let (sqlite, commits) = sqlite::Sqlite::open(options).await?;
        Ok((Self(Backend::Sqlite(sqlite), blobs), Commits(commits)))
    }

    /// Cleans up uploads that were incomplete when the server last ended. No other process may use the data folder.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be cleared away.
    pub async fn remove_incomplete_uploads(&self) -> Result<(), StoreError> {
        self.1.remove_incomplete_uploads().await?;
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.remove_incomplete_uploads().await,
        }
    }

    /// Refuses new writes, finishes the queued ones, and closes the database.
    pub async fn close(&self) {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.close().await,
        }
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.ping().await,
        }
    }

    /// Returns the epoch of the database. It never changes while the store is open.
    #[must_use]
    pub fn epoch(&self) -> &str {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.epoch(),
        }
    }

    /// Gives the database at `path`, which no store has open, a new epoch and returns it.
    ///
    /// # Errors
    /// [`StoreError::Open`] if there is no database, [`StoreError::OtherSchema`] if another version
    /// wrote its schema.
    pub async fn renew_epoch(path: &Path) -> Result<String, StoreError> {
        sqlite::epoch::renew(path).await
    }

    /// Returns the maximum number of open files.
    #[must_use]
    pub fn files(&self) -> usize {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.files() + Blobs::files(),
        }
    }

    /// Returns why writes fail at present, in words for monitoring.
    #[must_use]
    pub fn health_error(&self) -> Option<&'static str> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.health_error(),
        }
    }
}
