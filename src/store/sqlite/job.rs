//! What waits in the writer's queue, and what it works with.

use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::{append_job::AppendJob, health::Health, senders::Senders};
use crate::{
    domain::{Change, RoomId},
    store::StoreError,
};

/// What the writer works with: its connection, what the transaction has changed so far, who has sent
/// of late, and how the disk does.
pub(super) struct Tx {
    pub(super) conn: SqliteConnection,
    pub(super) changes: Vec<Change>,
    pub(super) senders: Senders,
    pub(super) health: Health,
}

/// One write that waits in the queue.
pub(super) enum Job {
    Append(Box<AppendJob>),
    Call(Box<dyn Call>),
}

/// What a write may change of what is remembered from one transaction to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    /// Nobody's right to say something, nor a name, nor a membership, nor anything that is in a room.
    Aside,
    /// The messages of one room, and its numbers. Its changes say which.
    Room(RoomId),
    /// Anything.
    Everything,
}

/// Any other write: some statements that succeed or fail together.
pub(super) trait Call: Send {
    fn run<'c>(&'c mut self, tx: &'c mut Tx) -> BoxFuture<'c, Result<(), sqlx::Error>>;
    fn bearing(&self) -> Bearing;
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A [`Call`] whose work is a closure.
pub(super) struct Work<F, T> {
    todo: Option<F>,
    bearing: Bearing,
    outcome: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Work<F, T> {
    pub(super) fn new(
        todo: F,
        bearing: Bearing,
        reply: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        Self {
            todo: Some(todo),
            bearing,
            outcome: Err(StoreError::Closed),
            reply,
        }
    }
}

impl<F, T> Call for Work<F, T>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send,
{
    fn run<'c>(&'c mut self, tx: &'c mut Tx) -> BoxFuture<'c, Result<(), sqlx::Error>> {
        Box::pin(async move {
            let Some(work) = self.todo.take() else {
                return Ok(());
            };
            match work(tx).await {
                Ok(value) => {
                    self.outcome = Ok(value);
                    Ok(())
                }
                Err(error) => {
                    self.outcome = Err(StoreError::of(&error));
                    Err(error)
                }
            }
        })
    }

    fn bearing(&self) -> Bearing {
        self.bearing
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        // A caller that no longer waits is none of the writer's business: its write stands.
        let _ = self.reply.send(committed.and(self.outcome));
    }
}

impl Job {
    pub(super) fn is_append(&self) -> bool {
        matches!(self, Self::Append(_))
    }

    pub(super) fn bearing(&self) -> Bearing {
        match self {
            Self::Append(job) => Bearing::Room(job.append.room),
            Self::Call(call) => call.bearing(),
        }
    }

    pub(super) fn finish(self, committed: Result<(), StoreError>) {
        match self {
            Self::Append(job) => {
                let _ = job.reply.send(committed.and(job.outcome));
            }
            Self::Call(call) => call.finish(committed),
        }
    }
}
