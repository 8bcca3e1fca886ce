//! The writer: one task takes all queued requests, runs them in one transaction, and answers each caller once that
//! transaction is on disk (group commit). So a hundred senders share one fsync.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::BoxFuture;
use sqlx::{Executor, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Duration, MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    domain::{Change, RoomId},
    store::{
        Append, PendingAppend, StoreError,
        sqlite::{
            append::{self, job::AppendJob, senders::Senders},
            cache::page_cache::PageCache,
            write::{
                health::Health,
                request::{Invalidates, WriteFn, WriteRequest, WriterState},
            },
        },
    },
};

/// Maximum number of writes in one transaction.
const BATCH: usize = 512;
/// Maximum number of commits that wait for publication before the writer waits, too.
const COMMITS: usize = 64;
/// Maximum number of bytes of queued messages.
const MAX_QUEUED_BYTES: usize = 32 << 20;
/// Interval between trials of a failed disk.
const TRIAL_EVERY: Duration = Duration::from_secs(1);

/// Handle of the writer's queue.
#[derive(Clone)]
pub(in crate::store) struct Writer {
    jobs: mpsc::Sender<WriteRequest>,
    closing: CancellationToken,
    health: Health,
    /// Bytes of the queued messages.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    pub(in crate::store) fn start(
        conn: SqliteConnection,
        queue: usize,
        page_cache: PageCache,
        tracker: &TaskTracker,
    ) -> (Self, mpsc::Receiver<Vec<Change>>) {
        let (jobs, queued) = mpsc::channel(queue);
        let (commits, committed) = mpsc::channel(COMMITS);
        let closing = CancellationToken::new();
        let health = Health::default();
        let tx = WriterState {
            conn,
            changes: Vec::new(),
            senders: Senders::default(),
            health: health.clone(),
        };
        let waiting = Arc::<AtomicUsize>::default();
        let task = write_all(
            tx,
            page_cache,
            queued,
            commits,
            closing.clone(),
            waiting.clone(),
        );
        tracker.spawn(task);
        let writer = Self {
            jobs,
            closing,
            health,
            waiting,
        };
        (writer, committed)
    }

    /// Refuses new writes. Queued ones are still done.
    pub(in crate::store) fn close(&self) {
        self.closing.cancel();
    }

    /// Returns why writes fail at present.
    pub(in crate::store) fn health_error(&self) -> Option<&'static str> {
        if self.jobs.is_closed() && !self.closing.is_cancelled() {
            Some("the task that writes to the database has ended")
        } else if self.health.is_failing() {
            Some("the disk did not take what was written last")
        } else {
            None
        }
    }

    /// Queues a message.
    pub(in crate::store) fn append(&self, append: Append) -> Result<PendingAppend, StoreError> {
        let size = weight(&append);
        if self.waiting.fetch_add(size, Ordering::Relaxed) + size > MAX_QUEUED_BYTES {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            return Err(StoreError::Overloaded);
        }
        let queued = self.queue_append(append);
        if queued.is_err() {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
        }
        queued
    }

    fn queue_append(&self, append: Append) -> Result<PendingAppend, StoreError> {
        let (reply, pending) = oneshot::channel();
        self.queue(WriteRequest::Append(Box::new(AppendJob {
            append,
            outcome: Err(StoreError::Closed),
            reply,
        })))?;
        Ok(PendingAppend(pending))
    }

    /// Queues a write and waits until it is on disk. If `work` fails, its changes are rolled back, and only its
    /// changes.
    pub(in crate::store) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut WriterState) -> BoxFuture<'c, Result<T, sqlx::Error>>
            + Send
            + 'static,
    {
        self.queue_call(work, Invalidates::All).await
    }

    /// Queues a write that changes no membership, name, restriction or counter, so that the writer's caches stay
    /// valid.
    pub(in crate::store) async fn write_uncached<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut WriterState) -> BoxFuture<'c, Result<T, sqlx::Error>>
            + Send
            + 'static,
    {
        self.queue_call(work, Invalidates::None).await
    }

    /// Queues a write that changes messages of one room. Its changes name them.
    pub(in crate::store) async fn write_in_room<T, F>(
        &self,
        room: RoomId,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut WriterState) -> BoxFuture<'c, Result<T, sqlx::Error>>
            + Send
            + 'static,
    {
        self.queue_call(work, Invalidates::Room(room)).await
    }

    async fn queue_call<T, F>(&self, work: F, invalidates: Invalidates) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut WriterState) -> BoxFuture<'c, Result<T, sqlx::Error>>
            + Send
            + 'static,
    {
        let (reply, pending) = oneshot::channel();
        let job = WriteFn::new(work, invalidates, reply);
        self.queue(WriteRequest::WriteOp(Box::new(job)))?;
        // The writer answers every request, unless it ends early.
        pending.await.unwrap_or(Err(StoreError::Gone))
    }

    fn queue(&self, job: WriteRequest) -> Result<(), StoreError> {
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) if self.closing.is_cancelled() => {
                StoreError::Closed
            }
            mpsc::error::TrySendError::Closed(_) => StoreError::Gone,
        })
    }
}

/// Returns the bytes that a queued message holds.
fn weight(append: &Append) -> usize {
    size_of::<Append>() + append.draft.body.as_str().len()
}

async fn write_all(
    mut tx: WriterState,
    page_cache: PageCache,
    mut queued: mpsc::Receiver<WriteRequest>,
    commits: mpsc::Sender<Vec<Change>>,
    closing: CancellationToken,
    waiting: Arc<AtomicUsize>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut trials = interval(TRIAL_EVERY);
    trials.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = trials.tick(), if tx.health.is_failing() => {
                let WriterState { conn, health, .. } = &mut tx;
                health.recover(conn).await;
                continue;
            }
            taken = queued.recv_many(&mut batch, BATCH) => if taken == 0 { break },
            () = closing.cancelled(), if !queued.is_closed() => {
                queued.close();
                continue;
            }
        }
        let taken = batch.iter().map(|job| match job {
            WriteRequest::Append(job) => weight(&job.append),
            WriteRequest::WriteOp(_) => 0,
        });
        waiting.fetch_sub(taken.sum(), Ordering::Relaxed);
        let scope = page_cache.begin(batch.iter().map(WriteRequest::invalidates));
        let result = write(&mut tx, &mut batch).await;
        let changes = std::mem::take(&mut tx.changes);
        let result = result.map_err(|error| StoreError::of(&error));
        if let Err(error) = &result {
            tracing::error!(%error, batch.writes = batch.len(), "commit failed");
            tx.health.note(error);
            tx.rollback().await;
        }
        // After the commit and before any answer. The changes of a failed transaction say nothing.
        page_cache.end(scope, result.is_ok().then_some(&changes));
        for job in batch.drain(..) {
            job.finish(result.clone());
        }
        if matches!(result, Err(StoreError::Gone)) {
            // The thread of the connection has died. Every further write would fail.
            return;
        }
        if result.is_ok() && !changes.is_empty() && commits.send(changes).await.is_err() {
            tracing::error!("nobody passes on what is committed");
        }
    }
}

/// Runs one transaction. On an error, nothing of it is written.
async fn write(tx: &mut WriterState, batch: &mut [WriteRequest]) -> Result<(), sqlx::Error> {
    // Try the batch in one commit. If it fails, retry each write in its own savepoint.
    if batch.iter().all(WriteRequest::is_append) {
        match append::append_alone(tx, &mut appends(batch)).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => {
                if !append::is_used_key(&error) {
                    tracing::warn!(%error, "messages are written with care");
                    tx.health.note(&StoreError::of(&error));
                }
                tx.rollback().await;
            }
        }
    }
    tx.conn.execute("begin immediate").await?;
    // A single write needs no savepoint, for which SQLite would copy every changed page: if it fails, the whole
    // transaction is rolled back.
    if batch.len() == 1 {
        run(tx, batch).await?;
    } else {
        for group in batch.chunk_by_mut(|one, next| one.is_append() && next.is_append()) {
            if attempt(tx, group).await? || group.len() == 1 {
                continue;
            }
            for one in group.chunks_mut(1) {
                attempt(tx, one).await?;
            }
        }
    }
    tx.conn.execute("commit").await?;
    Ok(())
}

/// Runs writes that succeed or fail together, and returns whether they succeeded. An error concerns the whole
/// transaction.
async fn attempt(tx: &mut WriterState, group: &mut [WriteRequest]) -> Result<bool, sqlx::Error> {
    let before = tx.changes.len();
    tx.conn.execute("savepoint job").await?;
    let done = run(tx, group).await;
    let stands = done.is_ok();
    if let Err(error) = done {
        tx.changes.truncate(before);
        tx.senders.forget();
        // A failing disk may have rolled back the whole transaction; then all writes fail.
        if tx.conn.execute("rollback to job").await.is_err() {
            return Err(error);
        }
    }
    tx.conn.execute("release job").await?;
    Ok(stands)
}

async fn run(tx: &mut WriterState, group: &mut [WriteRequest]) -> Result<(), sqlx::Error> {
    if let [WriteRequest::WriteOp(call)] = group {
        if call.invalidates() != Invalidates::None {
            tx.senders.forget();
        }
        return call.run(tx).await.inspect_err(|error| {
            tracing::error!(%error, "write failed");
            tx.health.note(&StoreError::of(error));
        });
    }
    let mut appends = appends(group);
    let result = append::append_all(tx, &mut appends).await;
    if let Err(error) = &result {
        tracing::error!(%error, batch.messages = appends.len(), "write failed");
        let error = StoreError::of(error);
        tx.health.note(&error);
        for job in appends {
            job.outcome = Err(error.clone());
        }
    }
    result
}

fn appends(group: &mut [WriteRequest]) -> Vec<&mut AppendJob> {
    let appends = group.iter_mut().filter_map(|job| match job {
        WriteRequest::Append(append) => Some(append.as_mut()),
        WriteRequest::WriteOp(_) => None,
    });
    appends.collect()
}

impl WriterState {
    /// Rolls back the transaction and its effects on the caches.
    async fn rollback(&mut self) {
        self.changes.clear();
        self.senders.forget();
        // Fails if there is no transaction, which is fine.
        let _ = self.conn.execute("rollback").await;
    }
}
