//! Health of the disk.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{Executor, SqliteConnection};

use crate::store::StoreError;

/// Whether the last write to the disk failed. Cloning it is cheap.
#[derive(Clone, Default)]
pub(in crate::store) struct Health(Arc<AtomicBool>);

impl Health {
    pub(in crate::store) fn is_failing(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Records a failed write if the disk is the cause.
    pub(in crate::store) fn note(&self, error: &StoreError) {
        if matches!(error, StoreError::Disk(_)) {
            self.0.store(true, Ordering::Release);
        }
    }

    /// Tries whether the disk accepts writes again. Only a trial can tell: a small commit may succeed where a message
    /// would fail, and clients send nothing to a server that is not ready.
    pub(in crate::store) async fn recover(&self, conn: &mut SqliteConnection) {
        match trial(conn).await {
            Ok(()) => {
                self.0.store(false, Ordering::Release);
                tracing::info!("the disk takes writes again");
            }
            Err(error) => {
                // Fails if there is no transaction, which is fine.
                let _ = conn.execute("rollback").await;
                tracing::debug!(%error, "the disk does not take writes yet");
            }
        }
    }
}

/// Allocates some pages and frees them. After a crash in between, the next trial frees them.
async fn trial(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for statement in [
        "begin immediate",
        "drop table if exists trial",
        "create table trial (filler blob) strict",
        "insert into trial values (zeroblob(65536))",
        "commit",
        "drop table trial",
    ] {
        conn.execute(statement).await?;
    }
    Ok(())
}
