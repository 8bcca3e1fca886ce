use std::{future::pending, time::Duration};

use tokio::time::timeout;

use super::{RunError, Server};
use crate::{config::Config, http::Readiness};

async fn server(folder: &tempfile::TempDir) -> Server {
    let mut config = Config::defaults().unwrap();
    config.listen = "127.0.0.1:0".parse().unwrap();
    config.data = folder.path().to_owned();
    Server::bind(config).await.unwrap()
}

/// Runs the server until it ends without a shutdown signal.
async fn ended(server: Server) -> (Result<(), RunError>, Readiness) {
    let readiness = server.readiness.clone();
    let ended = timeout(Duration::from_secs(20), server.run(pending()));
    (ended.await.unwrap(), readiness)
}

#[tokio::test]
async fn server_exits_with_error_when_the_writer_has_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    server.store.close().await;
    let (result, readiness) = ended(server).await;
    assert_eq!(result, Err(RunError::Writer));
    let reason = readiness.failure().unwrap();
    assert!(reason.contains("writes to the database"), "{reason}");
}
