//! A server of one's own, and users who may do only what users can do.

mod database;
pub(crate) mod deflate;
mod nobody;
mod process;
mod reply;
mod socket;
mod user;
pub(crate) mod wire;

use std::{
    future::Future,
    hash::{BuildHasher, Hasher, RandomState},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use parlor::{
    config::Config,
    hub::HubStats,
    server::{RunError, Server, ServerHandle},
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

pub(crate) use database::{database, execute, older_database};
pub(crate) use process::Process;
pub(crate) use reply::Reply;
pub(crate) use socket::{Closed, JsonSocket, Terminal, keys};
pub(crate) use user::{PASSWORD, Room, User};
pub(crate) use wire::Wire;

/// Time limit of everything that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits, and fails with `what` if it does not come.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {what}"))
}

/// A server in this process, on a port and a data folder of its own.
pub(crate) struct TestServer {
    pub address: SocketAddr,
    handle: ServerHandle,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), RunError>>,
    data: Data,
}

enum Data {
    Own(TempDir),
    Lent(PathBuf),
}

impl TestServer {
    /// A server without limits on rates.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a server with other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        Self::launch(Data::Own(folder), path, change).await
    }

    /// A server on a folder that outlives it.
    pub(crate) async fn on(folder: PathBuf, change: impl FnOnce(&mut Config)) -> Self {
        Self::launch(Data::Lent(folder.clone()), folder, change).await
    }

    async fn launch(data: Data, path: PathBuf, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::defaults().unwrap();
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.data = path;
        config.limits.rates = false;
        config.timing.presence_grace_ms = 100;
        config.timing.presence_tick_ms = 20;
        change(&mut config);
        let server = Server::bind(config).await.unwrap();
        let (address, handle) = (server.local_addr(), server.handle());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            handle,
            stop: Some(stop),
            task,
            data,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn folder(&self) -> PathBuf {
        match &self.data {
            Data::Own(folder) => folder.path().to_owned(),
            Data::Lent(folder) => folder.clone(),
        }
    }

    /// Returns statistics of the hub.
    pub(crate) fn stats(&self) -> HubStats {
        self.handle.stats()
    }

    /// Waits until what is in memory is as wanted.
    pub(crate) async fn stats_become(&self, what: &str, wanted: impl Fn(HubStats) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            while !wanted(self.stats()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(reached.await.is_ok(), "{what}: {:?}", self.stats());
    }

    /// Asks the server to go away; it is gone once [`stopped`](Self::stopped) returns.
    pub(crate) fn begin_stop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
    }

    /// Stops the server in order and waits for it.
    pub(crate) async fn stopped(mut self) {
        self.begin_stop();
        let ended = within("the server to stop", &mut self.task).await;
        ended.unwrap().unwrap();
    }

    /// Signs up a user.
    pub(crate) async fn user(&self, name: &str) -> User {
        User::sign_up(self.address, name).await
    }

    /// Many new people, signed up side by side.
    pub(crate) async fn users(&self, name: &str, count: usize) -> Vec<User> {
        let signed = stream::iter(0..count).map(|number| {
            let (address, name) = (self.address, format!("{name}{number}"));
            async move { User::sign_up(address, &name).await }
        });
        signed.buffered(8).collect().await
    }

    /// A private room, owned by the first of these new users, with all of them inside.
    pub(crate) async fn room_of<const N: usize>(&self, names: [&str; N]) -> (Room, [User; N]) {
        let mut users = Vec::new();
        for name in names {
            users.push(self.user(name).await);
        }
        let room = users[0].create_room("lobby").await;
        for user in &users[1..] {
            user.join(&room.code).await.expect(200);
        }
        (room, users.try_into().unwrap_or_else(|_| unreachable!()))
    }
}

/// A random number below `most`.
pub(crate) fn random(most: u64) -> u64 {
    RandomState::new().build_hasher().finish() % most
}
