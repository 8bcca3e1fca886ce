//! Requests in the writer's queue, and the state of the writer.

use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use crate::{
    domain::{Change, RoomId},
    store::{
        StoreError,
        sqlite::{
            append::{job::AppendJob, senders::Senders},
            write::health::Health,
        },
    },
};

/// State of the writer: its connection, the changes of the transaction, the recent senders, and the health of the
/// disk.
pub(in crate::store) struct WriterState {
    pub(in crate::store) conn: SqliteConnection,
    pub(in crate::store) changes: Vec<Change>,
    pub(in crate::store) senders: Senders,
    pub(in crate::store) health: Health,
}

/// A queued write.
pub(in crate::store) enum WriteRequest {
    Append(Box<AppendJob>),
    WriteOp(Box<dyn WriteOp>),
}

/// Caches that a write invalidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Invalidates {
    /// None: no right to post, name, membership or message changes.
    None,
    /// Those of one room: its messages and counters. The changes of the write name them.
    Room(RoomId),
    /// All.
    All,
}

/// A write other than a message: statements that succeed or fail together.
pub(in crate::store) trait WriteOp: Send {
    fn run<'c>(&'c mut self, tx: &'c mut WriterState) -> BoxFuture<'c, Result<(), sqlx::Error>>;
    fn invalidates(&self) -> Invalidates;
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A [`WriteOp`] made from a closure.
pub(in crate::store) struct WriteFn<F, T> {
    todo: Option<F>,
    invalidates: Invalidates,
    outcome: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> WriteFn<F, T> {
    pub(in crate::store) fn new(
        todo: F,
        invalidates: Invalidates,
        reply: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        Self {
            todo: Some(todo),
            invalidates,
            outcome: Err(StoreError::Closed),
            reply,
        }
    }
}

impl<F, T> WriteOp for WriteFn<F, T>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut WriterState) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send,
{
    fn run<'c>(&'c mut self, tx: &'c mut WriterState) -> BoxFuture<'c, Result<(), sqlx::Error>> {
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

    fn invalidates(&self) -> Invalidates {
        self.invalidates
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        // If the caller no longer waits, the write stays.
        let _ = self.reply.send(committed.and(self.outcome));
    }
}

impl WriteRequest {
    pub(in crate::store) fn is_append(&self) -> bool {
        matches!(self, Self::Append(_))
    }

    pub(in crate::store) fn invalidates(&self) -> Invalidates {
        match self {
            Self::Append(job) => Invalidates::Room(job.append.room),
            Self::WriteOp(call) => call.invalidates(),
        }
    }

    pub(in crate::store) fn finish(self, committed: Result<(), StoreError>) {
        match self {
            Self::Append(job) => {
                let _ = job.reply.send(committed.and(job.outcome));
            }
            Self::WriteOp(call) => call.finish(committed),
        }
    }
}
