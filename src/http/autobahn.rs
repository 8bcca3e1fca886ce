//! The Autobahn cases against the handshake, the codec and the compression of WebSockets.

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    listen,
    upgrade::{self, Handshake},
};
use crate::{
    config::Config,
    protocol::{CloseReason, DeflateParams, deflate, ws_frame},
    socket::codec::{Decoder, Incoming},
};

/// The largest message of the cases has 16 MiB.
const LIMIT: usize = 20 << 20;
/// First bytes of frames that are whole messages.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
/// Bit of compressed messages in the first byte.
const COMPRESSED: u8 = 0x40;

async fn echo(request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let handshake = match Handshake::read(&mut parts) {
        Ok(handshake) => handshake,
        Err(problem) => return problem.into_response(),
    };
    let (response, on_upgrade, deflate) = handshake.accept(1);
    tokio::spawn(async move {
        if let Some((stream, leftover)) = upgrade::stream(on_upgrade).await {
            // A peer that is gone ends the case.
            let _ = serve(stream, leftover, deflate).await;
        }
    });
    response
}

/// Echoes messages until the connection closes.
async fn serve(
    mut stream: TcpStream,
    leftover: Bytes,
    deflate: Option<DeflateParams>,
) -> std::io::Result<()> {
    let mut decoder = Decoder::new(LIMIT, deflate.is_some());
    decoder.feed(&leftover);
    let mut buffer = vec![0; 64 * 1024];
    'open: loop {
        loop {
            match answer(&mut decoder, deflate) {
                Ok(Some((frame, is_last))) => {
                    stream.write_all(&frame).await?;
                    if is_last {
                        break 'open;
                    }
                }
                Ok(None) => break,
                Err(reason) => {
                    stream.write_all(&ws_frame::close(reason)).await?;
                    break 'open;
                }
            }
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => decoder.feed(&buffer[..length]),
        }
    }
    stream.shutdown().await?;
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// Returns the frame that answers the next message, and whether it is the last one. An answer to a pong is empty.
fn answer(
    decoder: &mut Decoder,
    deflate: Option<DeflateParams>,
) -> Result<Option<(Bytes, bool)>, CloseReason> {
    Ok(decoder.next()?.map(|incoming| match incoming {
        Incoming::Text(text) => (message(TEXT, text.as_bytes(), deflate.is_some()), false),
        Incoming::Binary(payload) => (message(BINARY, &payload, deflate.is_some()), false),
        Incoming::Ping(payload) => (ws_frame::pong(&payload), false),
        Incoming::Pong => (Bytes::new(), false),
        Incoming::Close(code) => (ws_frame::close_echo(code), true),
    }))
}

/// Returns the frame of a message, always compressed if that is agreed: `kosoku` 0.1 fails on uncompressed answers then.
fn message(first: u8, payload: &[u8], is_compressed: bool) -> Bytes {
    if !is_compressed {
        return ws_frame::build(first, payload);
    }
    let small = deflate::deflate(payload).unwrap_or_else(|| stored(payload));
    ws_frame::build(first | COMPRESSED, &small)
}

/// Returns the payload in stored blocks of deflate, for messages that do not become smaller.
fn stored(payload: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(payload.len() + 16);
    for piece in payload.chunks(usize::from(u16::MAX)) {
        let length = u16::try_from(piece.len()).unwrap();
        blocks.push(0);
        blocks.extend_from_slice(&length.to_le_bytes());
        blocks.extend_from_slice(&(!length).to_le_bytes());
        blocks.extend_from_slice(piece);
    }
    blocks.push(0);
    blocks
}

/// Runs the cases of `kosoku`, whose path is in the environment. `scripts/test` installs it and sets the variable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn autobahn_cases_pass() {
    let Ok(kosoku) = std::env::var("AUTOBAHN_KOSOKU") else {
        return;
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = Config::defaults().unwrap();
    config.limits.rates = false;
    config.limits.connections = 16;
    let stop = CancellationToken::new();
    let server = tokio::spawn(listen::serve(
        listener,
        Router::new().route("/", get(echo)),
        Arc::new(config),
        stop.clone(),
        CancellationToken::new(),
        TaskTracker::new(),
    ));
    let reports = tempfile::tempdir().unwrap();
    let mut command = Command::new(kosoku);
    command.args(["--mode", "fuzzingclient", "--parallelism", "8", "--outdir"]);
    command.arg(reports.path());
    // The other cases of groups 12 and 13 send the same messages with other texts; these take seconds, those minutes.
    for group in [
        "1.", "2.", "3.", "4.", "5.", "6.", "7.", "9.", "10.", "12.1.", "12.2.6", "13.1.",
        "13.3.6", "13.5.6",
    ] {
        command.args(["--include", &format!("{group}*")]);
    }
    let output = command.arg(address.to_string()).output().await.unwrap();
    let cases = read(reports.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(cases.len() > 300, "{} cases: {said}", cases.len());
    let bad: Vec<String> = cases
        .iter()
        .filter(|(_, case)| !is_good(&case["behavior"]) || !is_good(&case["behaviorClose"]))
        .map(|(name, case)| format!("{name}: {} {}", case["behavior"], case["behaviorClose"]))
        .collect();
    assert!(bad.is_empty(), "{} cases failed: {bad:#?}", bad.len());
    assert!(output.status.success(), "{said}");
    stop.cancel();
    server.await.unwrap();
}

fn is_good(behavior: &serde_json::Value) -> bool {
    matches!(
        behavior.as_str(),
        Some("OK" | "NON-STRICT" | "INFORMATIONAL")
    )
}

/// Reads the results of all cases.
fn read(reports: &Path) -> Vec<(String, serde_json::Value)> {
    let index = std::fs::read(reports.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let agents = index.as_object().unwrap().values();
    agents
        .filter_map(serde_json::Value::as_object)
        .flat_map(|cases| {
            cases
                .iter()
                .map(|(name, case)| (name.clone(), case.clone()))
        })
        .collect()
}
