//! Errors of the store.

/// A failure of the store. Texts of the database are for the log, never for a client.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection was free in time.
    #[error("the database did not answer in time")]
    Unavailable,
    /// The queue of writes is full.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Closed,
    /// The disk is full or fails, the quota is exceeded, or another process holds the database.
    #[error("the database cannot be written or read now: {0}")]
    Disk(String),
    /// The writer has ended, and not because of a shutdown.
    #[error("the task that writes to the database has ended")]
    Gone,
    /// A newer version of the program has changed the schema.
    #[error("the database is from a newer version of Parlor; this is {}", env!("CARGO_PKG_VERSION"))]
    Newer,
    /// Another version of the program wrote the schema. This version must not change it.
    #[error(
        "the database has schema {found}, and this program, Parlor {}, needs {own}: {}",
        env!("CARGO_PKG_VERSION"),
        if found < own {
            "start the server of this version once, which brings the schema up to date"
        } else {
            "use the newer program that the server runs"
        }
    )]
    OtherSchema {
        /// The last migration of the database.
        found: i64,
        /// The last migration that this program knows.
        own: i64,
    },
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// A migration failed, and the copy from before it was restored.
    #[error("a migration of the database failed, and the database is as it was before: {0}")]
    Migration(String),
    /// A statement failed, or a row holds a value that the program never writes.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// Primary codes of SQLite that do not come from a statement: busy, read-only, I/O error, corrupt, full, cannot open,
/// not a database.
const DISK: [u32; 7] = [5, 8, 10, 11, 13, 14, 26];

impl StoreError {
    /// Classifies an error of the driver, for callers that still need the error itself.
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Unavailable,
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::WorkerCrashed => Self::Gone,
            other if is_disk(other) => Self::Disk(other.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// The primary code is the low byte of the extended one.
fn is_disk(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| DISK.contains(&(code & 0xff)))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::of(&error)
    }
}
