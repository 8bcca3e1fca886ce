//! The real binary.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::process::{Child, Command};

use super::within;

/// A server in a process of its own.
pub(crate) struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// Starts it with further variables in its environment.
    pub(crate) async fn start_with(folder: &Path, variables: &[(&str, &str)]) -> Self {
        // Free a moment ago; a port that the system has just given out it gives to nobody else soon.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_parlor"))
            .args(["--listen", &address.to_string()])
            .arg("--data")
            .arg(folder.join("data"))
            .current_dir(folder)
            .env("PARLOR_LIMITS_RATES", "false")
            .env("PARLOR_TIMING_PRESENCE_GRACE_MS", "100")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut process = Self { child, address };
        within("the server to be ready", process.ready(folder)).await;
        process
    }

    async fn ready(&mut self, folder: &Path) {
        let url = format!("http://{}/readyz", self.address);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let log = std::fs::read_to_string(folder.join("log")).unwrap();
                panic!("the server ended with {status}: {log}");
            }
            match reqwest::get(&url).await {
                Ok(answer) if answer.status().is_success() => return,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
