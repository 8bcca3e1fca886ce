//! Why the database did not do what it was asked.

/// A failure of the store. What the database itself said is for the log, never for a client.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection was free in time.
    #[error("the database did not answer in time")]
    Unavailable,
    /// As many writes wait as may.
    #[error("too many writes are waiting")]
    Overloaded,
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Closed,
    /// The disk is full or fails, the quota is used up, or somebody else holds the database.
    #[error("the database cannot be written or read now: {0}")]
    Disk(String),
    /// The task that writes has ended, and not because the server is shutting down.
    #[error("the task that writes to the database has ended")]
    Gone,
    /// A newer version of the program has changed the schema.
    #[error("the database is from a newer version of Parlor; this is {}", env!("CARGO_PKG_VERSION"))]
    Newer,
    /// Another version of the program wrote the schema, and this one is not to change it.
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
    /// A statement failed, or a row holds what no row of ours can.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// The primary codes of SQLite that are no fault of a statement: busy, read-only, input or output
/// failed, corrupt, full, cannot be opened, no database.
const DISK: [u32; 7] = [5, 8, 10, 11, 13, 14, 26];

impl StoreError {
    /// What an error of the driver means, for who still needs the error itself.
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

/// The primary code is the low byte of the extended one, which says where exactly it failed.
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
