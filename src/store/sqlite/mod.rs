//! The store in one SQLite file.
//!
//! One connection writes (see [`mod@write`]), a pool of others reads; in WAL mode neither waits for
//! the other. `synchronous=FULL` makes each commit an fsync, so that what is acked is on disk.

mod admin_accounts;
mod admins;
mod append;
mod audit;
mod bans;
mod cache;
mod command_keys;
mod conversation;
mod deletion;
mod direct;
pub(super) mod epoch;
mod files;
mod invites;
mod json;
mod members;
mod memberships;
mod messages;
mod migrate;
mod moderation;
mod offline;
mod people;
mod pins;
mod profile;
mod reactions;
mod read;
mod receipts;
mod reports;
mod restraints;
mod rooms;
mod search;
mod sessions;
mod tokens;
mod write;

use std::{
    fs::OpenOptions, io::ErrorKind, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc,
    time::Duration,
};

use futures_util::future::try_join_all;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{StoreError, StoreOptions};
use crate::domain::Change;
use cache::page_cache::PageCache;
use write::writer::Writer;

pub(super) use admin_accounts::make_admin;

/// Maximum time that a read waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Interval between checkpoints, which move the log into the database outside the writer's task.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// Connections that are not for reading: of the writer, of the checkpoints, and of the final checkpoint.
const OTHERS: usize = 3;
/// Pages have 4 KiB, SQLite's default.
const PAGES_PER_MB: u64 = 256;
/// SQLite's own limit.
const MAX_PAGES: u64 = 4_294_967_294;

#[derive(Clone)]
pub(super) struct Sqlite {
    readers: SqlitePool,
    writer: Writer,
    page_cache: PageCache,
    rooms_per_user: i64,
    /// Epoch of the database.
    epoch: Arc<str>,
    /// Frequencies of trigrams, for search.
    sampled: search::SharedFrequencies,
    connect: SqliteConnectOptions,
    tasks: Arc<BackgroundTasks>,
}

struct BackgroundTasks {
    tracker: TaskTracker,
    stop_checkpoints: CancellationToken,
}

impl Sqlite {
    pub(super) async fn open(
        options: StoreOptions,
    ) -> Result<(Self, mpsc::Receiver<Vec<Change>>), StoreError> {
        create_private(&options.path)?;
        let connect = connect_options(&options.path);
        let mut connection = migrate::open_migrated(&options.path, &connect).await?;
        set_quota(&mut connection, options.max_mb)
            .await
            .map_err(open_error)?;
        search::prepare(&mut connection).await.map_err(open_error)?;
        let epoch = epoch::read(&mut connection).await.map_err(open_error)?;
        let readers = open_readers(&connect).await.map_err(open_error)?;

        let tracker = TaskTracker::new();
        let stop_checkpoints = CancellationToken::new();
        let checkpointer = connect.connect().await.map_err(open_error)?;
        tracker.spawn(
            stop_checkpoints
                .clone()
                .run_until_cancelled_owned(checkpoint(checkpointer)),
        );
        let page_cache = PageCache::default();
        let (writer, commits) = Writer::start(
            connection,
            options.write_queue,
            page_cache.clone(),
            &tracker,
        );
        tracker.close();

        let tasks = Arc::new(BackgroundTasks {
            tracker,
            stop_checkpoints,
        });
        let sqlite = Self {
            readers,
            writer,
            page_cache,
            rooms_per_user: options.rooms_per_user,
            epoch: epoch.into(),
            sampled: search::SharedFrequencies::default(),
            connect,
            tasks,
        };
        Ok((sqlite, commits))
    }

    pub(super) async fn close(&self) {
        self.writer.close();
        self.tasks.stop_checkpoints.cancel();
        self.tasks.tracker.wait().await;
        self.readers.close().await;
        if let Err(error) = self.carry_over().await {
            tracing::warn!(%error, "the log beside the database stays; the next start reads it");
        }
    }

    /// Moves the rest of the log into the database, so that the file alone is complete. Closing the last connection
    /// would do so if it could write; the last one is a reader.
    async fn carry_over(&self) -> Result<(), sqlx::Error> {
        let mut last = self.connect.connect().await?;
        sqlx::raw_sql("pragma wal_checkpoint(truncate)")
            .execute(&mut last)
            .await?;
        last.close().await
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query_scalar!("select 1 as \"one!: i64\"")
            .fetch_one(&self.readers)
            .await?;
        Ok(())
    }

    /// Each connection has the database and the log open. The shared memory file is open once.
    pub(super) fn files(&self) -> usize {
        let readers = usize::try_from(self.readers.options().get_max_connections());
        2 * (readers.unwrap_or(usize::MAX / 4) + OTHERS) + 1
    }

    pub(super) fn health_error(&self) -> Option<&'static str> {
        self.writer.health_error()
    }
}

/// Opens all readers at once and keeps them: later, clients may have taken the remaining file descriptors.
async fn open_readers(connect: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let count = u32::try_from(cores + 2).unwrap_or(4).min(16);
    let readers = SqlitePoolOptions::new()
        .max_connections(count)
        .min_connections(count)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(connect.clone().read_only(true))
        .await?;
    let open = async |_| {
        let mut reader = readers.acquire().await?;
        // SQLite opens the log at the first read. This read does not load the schema, of which each connection keeps a
        // copy.
        sqlx::raw_sql("pragma schema_version")
            .execute(&mut *reader)
            .await?;
        Ok::<_, sqlx::Error>(reader)
    };
    // All are held until the last one is open, so that none is opened twice.
    try_join_all((0..count).map(open)).await?;
    Ok(readers)
}

/// Sets the quota of the writing connection, after the migrations; 0 is no quota. A database that is larger already
/// keeps its data and does not grow.
async fn set_quota(connection: &mut SqliteConnection, max_mb: u64) -> Result<(), sqlx::Error> {
    if max_mb == 0 {
        return Ok(());
    }
    let pages = max_mb.saturating_mul(PAGES_PER_MB).min(MAX_PAGES);
    let pragma = format!("pragma max_page_count = {pages}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(pragma))
        .execute(connection)
        .await?;
    Ok(())
}

fn open_error(error: impl std::fmt::Display) -> StoreError {
    StoreError::Open(error.to_string())
}

/// Creates the file for its owner alone before SQLite does. SQLite gives the log the same mode.
fn create_private(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::Open(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Returns the options that every connection needs, without any that change the file.
fn base_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging()
}

fn connect_options(path: &Path) -> SqliteConnectOptions {
    base_options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", "4000")
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "memory")
        .statement_cache_capacity(100)
}

/// Runs a checkpoint every second. The writer runs one itself only if the log grows to 4,000 pages.
async fn checkpoint(mut connection: SqliteConnection) {
    let mut tick = tokio::time::interval(CHECKPOINT_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let result = sqlx::raw_sql("pragma wal_checkpoint(passive)")
            .execute(&mut connection)
            .await;
        if let Err(error) = result {
            tracing::warn!(%error, "checkpoint failed");
            if connection.ping().await.is_err() {
                return;
            }
        }
    }
}
