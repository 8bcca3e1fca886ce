//! Why the database did not do what it was asked.

/// A failure of the store. What the database itself said is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
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
    /// A newer version of the program has changed the schema.
    #[error("the database is from a newer version of Parlor; this is {}", env!("CARGO_PKG_VERSION"))]
    Newer,
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// A statement failed, or a row holds what no row of ours can.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Unavailable,
            sqlx::Error::PoolClosed => Self::Closed,
            other => Self::Failed(other.to_string()),
        }
    }
}
