//! Memory of clients that request much and read nothing.

use serde_json::json;

use crate::{
    command_line::Running,
    support::{
        User, keys,
        wire::{TEXT, Wire},
    },
    uploads::resident,
};

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_response_is_not_buffered_for_a_stalled_client() {
    const CLIENTS: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), &["--set", "limits.rates=false"]).await;
    let (address, process) = (running.address(), running.child.id().unwrap());
    let ana = User::sign_up(address, "ana").await;
    let room = ana.create_room("lobby").await;
    let (mut socket, _) = ana.connect().await;
    // 16,000 bytes each, so that all of it is some 14 MB.
    let body = "\u{1f600}".repeat(4000);
    socket.flood(&room, &keys("f", 900), &body).await;
    let page = format!("/api/rooms/{}/messages?changed_since=0&limit=1000", room.id);
    // The first request allocates buffers that stay.
    ana.get(&page).await.expect(200);

    let before = resident(process);
    let mut stalled = Vec::with_capacity(2 * CLIENTS);
    for _ in 0..CLIENTS {
        let mut socket = Wire::open(address, "/ws", &ana.token).await;
        socket.frame_of(TEXT).await;
        let sync = json!({ "type": "sync", "rooms": { room.id.to_string(): 0 } });
        socket.send(TEXT, sync.to_string().as_bytes()).await;
        socket.frame_of(TEXT).await;
        let mut reader = Wire::connect_with_small_buffer(address).await;
        let ask = format!(
            "GET {page} HTTP/1.1\r\nhost: parlor\r\nauthorization: Bearer {}\r\n\r\n",
            ana.token
        );
        reader.write(ask.as_bytes()).await;
        let head = reader.http_head().await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        stalled.extend([socket, reader]);
    }
    let mut most = before;
    for _ in 0..20 {
        ana.get("/api/rooms").await.expect(200);
        most = most.max(resident(process));
    }
    let held = (most - before) / 1024;
    println!("{held} MiB more for {} clients", stalled.len());
    assert!(held < 96, "{held} MiB more for {} clients", stalled.len());
    running.ended_by(rustix::process::Signal::TERM).await;
}
