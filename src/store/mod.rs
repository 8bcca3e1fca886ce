//! The truth: everything durable, and the only place that names `sqlx`.
//!
//! The databases it can use are a closed set, hence an enum. Each method is one whole transaction
//! with domain types in and out; none begun here is left open to a caller. What a transaction
//! changed comes out of [`Commits`], in commit order and after the commit.

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

/// Where the data is, and how much may wait for it.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The database file; made if it is not there.
    pub path: PathBuf,
    /// Writes that may wait before [`StoreError::Overloaded`].
    pub write_queue: usize,
    /// Rooms one user can be in.
    pub rooms_per_user: i64,
    /// What the database may grow to, in MiB; 0 is no quota.
    pub max_mb: u64,
}

/// The database, and the bytes of files beside it. Cloning it is cheap.
#[derive(Clone)]
pub struct Store(Backend, Blobs);

#[derive(Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
}

/// What was committed, transaction group by transaction group.
pub struct Commits(mpsc::Receiver<Vec<Change>>);

impl Commits {
    /// The changes of the next commit; `None` once the store is closed and all are handed out.
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
        let blobs = Blobs::beside(&options.path)
            .map_err(|error| StoreError::Open(format!("the folder of files: {error}")))?;
        let (sqlite, commits) = sqlite::Sqlite::open(options).await?;
        Ok((Self(Backend::Sqlite(sqlite), blobs), Commits(commits)))
    }

    /// Gives up what came in when the server last ended. For who has the data folder to themselves.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be cleared away.
    pub async fn give_up_unfinished(&self) -> Result<(), StoreError> {
        self.1.give_up_unfinished().await?;
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.give_up_unfinished().await,
        }
    }

    /// Refuses new writes, finishes those that wait, and closes.
    pub async fn close(&self) {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.close().await,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.ping().await,
        }
    }

    /// The id of the history that the database holds. It never changes while the store is open.
    #[must_use]
    pub fn epoch(&self) -> &str {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.epoch(),
        }
    }

    /// Gives the database at `path`, which no store has open, another epoch and returns it.
    ///
    /// # Errors
    /// [`StoreError::Open`] if there is no database, [`StoreError::OtherSchema`] if another version
    /// wrote its schema.
    pub async fn renew_epoch(path: &Path) -> Result<String, StoreError> {
        sqlite::epoch::renew(path).await
    }

    /// How many files it holds open at most.
    #[must_use]
    pub fn files(&self) -> usize {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.files() + Blobs::files(),
        }
    }

    /// Why nothing can be written now, in words for whoever watches the server.
    #[must_use]
    pub fn health_error(&self) -> Option<&'static str> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.health_error(),
        }
    }
}
