//! Whether the disk takes what is written.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{Executor, SqliteConnection};

use crate::store::StoreError;

/// Whether the last write that met the disk failed there. Cloning it is cheap.
#[derive(Clone, Default)]
pub(in crate::store) struct Health(Arc<AtomicBool>);

impl Health {
    pub(in crate::store) fn is_failing(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Notes why a write failed, if that was not its own fault.
    pub(in crate::store) fn note(&self, error: &StoreError) {
        if matches!(error, StoreError::Disk(_)) {
            self.0.store(true, Ordering::Release);
        }
    }

    /// Tries whether the disk takes writes again. Only a trial can tell: a commit of few bytes may
    /// pass where a message would not, and who is told that a server is not ready sends it nothing.
    pub(in crate::store) async fn recover(&self, conn: &mut SqliteConnection) {
        match trial(conn).await {
            Ok(()) => {
                self.0.store(false, Ordering::Release);
                tracing::info!("the disk takes writes again");
            }
            Err(error) => {
                // If there is no transaction to take back, this fails, and that is as well.
                let _ = conn.execute("rollback").await;
                tracing::debug!(%error, "the disk does not take writes yet");
            }
        }
    }
}

/// Writes some pages more than there were and gives them back. A crash in between leaves them for
/// the next trial.
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
