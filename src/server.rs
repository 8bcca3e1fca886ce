//! Assembles the server from store, hub, use cases and router, and defines the order of start and shutdown.

mod drain;
mod epoch;
mod files;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, TryLockError},
    io,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};

use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

use drain::Tasks;
pub use epoch::new_epoch;

use crate::{
    auth::{Passwords, SigningSecret, Tokens},
    chat::Chat,
    config::Config,
    domain::{Timestamp, fold_username},
    http::{self, AppState, Readiness},
    hub::{Connections, Hub, HubStats, LocalBus, Presence},
    socket,
    store::{Commits, IndexSlice, Store, StoreError, StoreOptions},
};

/// File name of the database in the data folder.
pub(crate) const DATABASE: &str = "parlor.db";
const SECRET: &str = "secret.key";
const LOCK: &str = "parlor.lock";
/// Length of the accept queue: the maximum that Linux uses by default. After a restart all clients connect at once,
/// and a client that finds the queue full retries only after a second.
const BACKLOG: u32 = 4096;
/// Mode bits that let the group or others read or write.
const OTHERS: u32 = 0o066;
/// Pages of the index that one step merges. Steps are large because no other writer waits.
const REINDEX_PAGES: i64 = 1000;
const REINDEX_SLICE: IndexSlice = IndexSlice {
    messages: 5000,
    bytes: 4 * 1024 * 1024,
};

/// A server that listens and is ready to run.
pub struct Server {
    config: Arc<Config>,
    listener: TcpListener,
    address: SocketAddr,
    store: Store,
    commits: Commits,
    chat: Chat,
    readiness: Readiness,
    /// Lock on the data folder, held as long as the server lives. Two processes would not see each other's events.
    _lock: File,
}

/// Access to the state of a running server.
#[derive(Clone)]
pub struct ServerHandle {
    hub: Hub,
}

/// Why a server cannot start. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("cannot use the data folder {path}: {error}")]
    Data {
        /// The folder, or a file in it.
        path: String,
        /// The reason.
        error: std::io::Error,
    },
    /// Another server uses the data folder.
    #[error("another Parlor uses the data folder {0}")]
    DataInUse(String),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}{}", another(.error))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        error: std::io::Error,
    },
}

/// Why a server ended without a shutdown signal. Acknowledged writes are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The writer task ended, so that nothing can be stored.
    #[error("the task that writes to the database ended early")]
    Writer,
    /// The publisher task ended, so that no events reach the clients.
    #[error("the task that publishes events ended early")]
    Publisher,
}

/// Returns the hint to add if another program uses the address.
fn another(error: &std::io::Error) -> &'static str {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        "; choose another with --listen"
    } else {
        ""
    }
}

fn store_options(config: &Config) -> StoreOptions {
    StoreOptions {
        path: config.data.join(DATABASE),
        write_queue: config.limits.write_queue,
        rooms_per_user: i64::try_from(config.limits.rooms_per_user).unwrap_or(i64::MAX),
        max_mb: config.store.max_mb,
    }
}

/// Makes a user a server admin, for the person who runs the server. A server may run on the folder meanwhile.
///
/// # Errors
/// A message for the terminal: there is no such database or account, or the schema is of another version.
pub async fn make_admin(config: &Config, name: &str) -> Result<(), String> {
    let path = config.data.join(DATABASE);
    if !path.exists() {
        return Err(format!("there is no database {}", path.display()));
    }
    match Store::make_admin(&path, fold_username(name), Timestamp::now()).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("there is no account {name:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Listens as `TcpListener::bind` does, with a longer accept queue.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A new server can use the address right after the old one stopped.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Server {
    /// Opens the data folder and starts to listen. Requests are answered only after [`run`](Self::run) starts.
    ///
    /// # Errors
    /// [`StartError`] if the address, the data folder or the database cannot be used.
    pub async fn bind(mut config: Config) -> Result<Self, StartError> {
        let listener = listen(config.listen).map_err(|error| StartError::Listen {
            address: config.listen,
            error,
        })?;
        let address = listener.local_addr().map_err(|error| StartError::Listen {
            address: config.listen,
            error,
        })?;

        let data = &config.data;
        let lock = lock_data_folder(data)?;
        let secret = data.join(SECRET);
        let secret = SigningSecret::load_or_create(&secret).map_err(failed(&secret))?;
        let (store, commits) = Store::open(store_options(&config)).await?;
        store.remove_incomplete_uploads().await?;
        let mode = fs::metadata(data)
            .map_err(failed(data))?
            .permissions()
            .mode();
        config.limits.connections =
            files::connection_limit(config.limits.connections, store.files());

        let limits = &config.limits;
        let per_user = if limits.rates {
            limits.connections_per_user
        } else {
            usize::MAX
        };
        let presence = Presence::new(Duration::from_millis(config.timing.presence_grace_ms));
        let hub = Hub::new(
            limits.room_backlog,
            presence,
            Connections::new(per_user),
            Box::new(LocalBus),
        );
        let tokens = Tokens::new(&secret, config.auth.access_ttl(), config.auth.refresh_ttl());
        let chat = Chat::new(&config, store.clone(), hub, Passwords::new(), tokens).await?;
        // This is the last step, so that a failed start prints only its error.
        if mode & OTHERS != 0 {
            tracing::warn!(
                folder = %config.data.display(), mode = %format_args!("{:03o}", mode & 0o777),
                "others on this machine can look into the data folder; chmod 700 keeps them out"
            );
        }
        Ok(Self {
            config: Arc::new(config),
            listener,
            address,
            store,
            commits,
            chat,
            readiness: Readiness::default(),
            _lock: lock,
        })
    }

    /// Returns the address that the server listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns a handle to inspect the server while it runs.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        ServerHandle {
            hub: self.chat.hub().clone(),
        }
    }

    /// Serves until `shutdown` completes, then shuts down in order.
    ///
    /// The server first stops accepting connections, then finishes open requests, closes the store and publishes the
    /// remaining events. Steps that exceed `timing.stop_ms` are abandoned and logged.
    ///
    /// # Errors
    /// [`RunError`] if the writer or the publisher ended early. The shutdown is the same in that case.
    #[expect(
        clippy::too_many_lines,
        reason = "start and shutdown in the order in which they happen"
    )]
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let Self {
            config,
            listener,
            store,
            commits,
            chat,
            readiness,
            _lock,
            ..
        } = self;
        let tasks = Tasks::default();
        let _guards = tasks.guards();
        let mut publisher = tokio::spawn(chat.clone().publish_commits(commits));
        let background = &tasks.background;
        background.spawn(chat.clone().run_presence(tasks.stop.clone()));
        background.spawn(chat.clone().run_janitor(tasks.stop.clone()));
        background.spawn(chat.clone().run_indexer(tasks.stop.clone()));
        let heartbeat = Arc::new(socket::Heartbeat::new(&config.timing));
        background.spawn(heartbeat.clone().run(tasks.stop.clone()));
        background.close();

        let context = socket::Context {
            chat: chat.clone(),
            limits: Arc::new(config.limits.clone()),
            timing: Arc::new(config.timing.clone()),
            draining: tasks.draining.clone(),
            read_permits: socket::Context::read_permits(),
            heartbeat,
            origin: config.public_url.trim_end_matches('/').into(),
        };
        let state = AppState::new(
            chat,
            config.clone(),
            Arc::new(context),
            tasks.sockets.clone(),
            readiness.clone(),
        );
        // Set this before the first connection is accepted, which would otherwise be refused as draining.
        readiness.set(true);
        let accepting = CancellationToken::new();
        let accept_loop = tokio::spawn(http::listen::serve(
            listener,
            http::router(state),
            config.clone(),
            accepting.clone(),
            tasks.close_open.clone(),
            tasks.connections.clone(),
        ));

        let ended = tokio::select! {
            () = shutdown => None,
            // The publisher ends normally after the writer has ended and all commits are published.
            ended = &mut publisher => Some(ended.map_or(RunError::Publisher, |()| RunError::Writer)),
        };
        if let Some(error) = ended {
            tracing::error!(%error, "the server cannot continue");
            readiness.fail(error.to_string());
        }
        tracing::info!("draining");
        readiness.set(false);
        accepting.cancel();
        let _ = accept_loop.await;

        let (publisher, ended) = match ended {
            None => (Some(publisher), Ok(())),
            Some(error) => (None, Err(error)),
        };
        let drained = tasks.drain(&config.timing, &store, publisher).await;
        tracing::info!("stopped");
        ended.and(drained)
    }
}

/// Rebuilds the search index of a data folder that no server uses. Calls `told` with the number of messages that are
/// processed so far.
///
/// # Errors
/// [`StartError`] if the folder is in use or the database fails. Messages indexed by then stay indexed.
pub async fn reindex(config: &Config, mut told: impl FnMut(usize)) -> Result<(), StartError> {
    let _lock = lock_data_folder(&config.data)?;
    let (store, _commits) = Store::open(store_options(config)).await?;
    let rebuilt = rebuild_index(&store, &mut told).await;
    store.close().await;
    Ok(rebuilt?)
}

async fn rebuild_index(store: &Store, told: &mut impl FnMut(usize)) -> Result<(), StoreError> {
    store.empty_index().await?;
    let mut rooms = store.rooms_to_index().await?;
    let mut messages = 0;
    while !rooms.is_empty() {
        let indexed = store.index(&rooms, REINDEX_SLICE).await?;
        rooms.retain(|room| !indexed.done.contains(room));
        messages += indexed.messages;
        told(messages);
        store.tidy_index(REINDEX_PAGES).await?;
    }
    while store.tidy_index(REINDEX_PAGES).await? {}
    Ok(())
}

/// Creates the data folder if it does not exist and locks it for this process until the file is dropped.
fn lock_data_folder(data: &Path) -> Result<File, StartError> {
    // The system would only report that the path exists.
    if data.exists() && !data.is_dir() {
        return Err(failed(data)(std::io::ErrorKind::NotADirectory.into()));
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(failed(data))?;
    let lock = data.join(LOCK);
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock)
        .map_err(failed(&lock))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StartError::DataInUse(data.display().to_string()),
        TryLockError::Error(error) => failed(data)(error),
    })?;
    Ok(lock)
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> StartError + use<> {
    let path = path.display().to_string();
    move |error| StartError::Data { path, error }
}

impl ServerHandle {
    /// Returns the numbers of rooms, connections and users in memory.
    #[must_use]
    pub fn stats(&self) -> HubStats {
        self.hub.stats()
    }
}
