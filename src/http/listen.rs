//! Taking connections: an accept loop of our own, for `axum::serve` sets no time limit on a
//! request's header and no limit on how many connections there are.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use dashmap::DashMap;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{
    client::{self, Peer},
    stall::WriteTimeoutStream,
};
use crate::{config::Config, domain::session::network};

/// What hyper may buffer of one connection's requests.
const BUFFER: usize = 16 * 1024;
/// Connections that are told at once that there are too many; they come on top of the places.
pub const REFUSALS: usize = 64;
/// After the system refused a connection (out of file descriptors, say), this long a rest.
const REST: Duration = Duration::from_millis(100);
/// A connection that is refused is gone after this.
const REFUSAL: Duration = Duration::from_secs(1);

const CROWDED: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\nretry-after: 5\r\n\
    connection: close\r\n\r\n{\"title\":\"Too many connections from your address\",\"status\":429,\
    \"code\":\"too_many_connections\",\"detail\":\"Too many connections from your address\"}\n";

/// One connection's claim on the limits. It goes on with the stream when that becomes a WebSocket.
#[derive(Clone)]
pub(crate) struct ConnectionPermit {
    _places: Arc<PermitInner>,
}

struct PermitInner {
    _permit: OwnedSemaphorePermit,
    crowd: Arc<PerIpLimiter>,
    /// Where it counts; a proxy's connections do not.
    address: Option<IpAddr>,
}

/// How many connections each address has.
struct PerIpLimiter {
    by_address: DashMap<IpAddr, usize>,
    most: usize,
    trusted: Vec<IpAddr>,
}

/// Takes connections until `stop`, then refuses new ones; those open end once `close_open` is
/// cancelled and their present request is answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: Arc<Config>,
    stop: CancellationToken,
    close_open: CancellationToken,
    tasks: TaskTracker,
) {
    let limits = &config.limits;
    let places = Arc::new(Semaphore::new(
        limits.connections.min(Semaphore::MAX_PERMITS),
    ));
    let most = if limits.rates {
        limits.connections_per_address
    } else {
        usize::MAX
    };
    let crowd = Arc::new(PerIpLimiter {
        by_address: DashMap::new(),
        most,
        trusted: config.http.trusted_proxies.clone(),
    });
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    // Later than our own time limits, of which a WebSocket's can still say why.
    let patience = Duration::from_millis(config.timing.stall_ms.saturating_add(5_000));
    loop {
        // Where all places are taken the system's own queue holds the next ones.
        let accepted = tokio::select! {
            accepted = accept(&listener, &places, patience) => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, address, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        let Some(claim) = crowd.claim(address.ip(), permit) else {
            // With too many of them at once, the rest are cut without a word.
            if let Ok(place) = refusals.clone().try_acquire_owned() {
                tasks.spawn(refuse(stream, place));
            }
            continue;
        };
        let router = router.clone();
        let close = close_open.clone();
        tasks.spawn(connection(
            stream,
            address,
            claim,
            router,
            config.clone(),
            close,
        ));
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    patience: Duration,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = places
        .clone()
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    limit_unread(&stream, patience);
    Ok((stream, address, permit))
}

/// What is still in the system's own buffers when we let go of a connection, the system gives up after
/// `patience` without an acknowledgement.
#[cfg(target_os = "linux")]
fn limit_unread(stream: &TcpStream, patience: Duration) {
    let millis = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, millis) {
        tracing::debug!(%error, "no time limit on what the system sends");
    }
}

#[cfg(not(target_os = "linux"))]
fn limit_unread(_: &TcpStream, _: Duration) {}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    claim: ConnectionPermit,
    router: Router,
    config: Arc<Config>,
    close: CancellationToken,
) {
    let header_timeout = Duration::from_millis(config.timing.header_ms);
    let stream = WriteTimeoutStream::new(stream, Duration::from_millis(config.timing.stall_ms));
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        let peer = client::address(
            address.ip(),
            request.headers(),
            &config.http.trusted_proxies,
        );
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(claim.clone());
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(
                router
                    .oneshot(request)
                    .await
                    .unwrap_or_else(|never| match never {}),
            )
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        () = close.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended");
    }
}

/// Refuses in the words of HTTP. A client that is answered before it has asked, or reset while it
/// still asks, takes that for a broken connection: so something is read first, and the rest after.
async fn refuse(mut stream: TcpStream, _place: OwnedSemaphorePermit) {
    let answer = async {
        let mut asked = [0; 1024];
        let _ = timeout(REFUSAL / 2, stream.read(&mut asked)).await;
        stream.write_all(CROWDED.as_bytes()).await?;
        stream.shutdown().await?;
        while stream.read(&mut asked).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = timeout(REFUSAL, answer).await;
}

impl PerIpLimiter {
    fn claim(
        self: &Arc<Self>,
        address: IpAddr,
        permit: OwnedSemaphorePermit,
    ) -> Option<ConnectionPermit> {
        if self.trusted.contains(&address.to_canonical()) {
            let places = PermitInner {
                _permit: permit,
                crowd: self.clone(),
                address: None,
            };
            return Some(ConnectionPermit {
                _places: Arc::new(places),
            });
        }
        let address = network(address);
        let mut count = self.by_address.entry(address).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(count);
        let places = PermitInner {
            _permit: permit,
            crowd: self.clone(),
            address: Some(address),
        };
        Some(ConnectionPermit {
            _places: Arc::new(places),
        })
    }
}

impl Drop for PermitInner {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        if let Some(mut count) = self.crowd.by_address.get_mut(&address) {
            *count -= 1;
        }
        self.crowd
            .by_address
            .remove_if(&address, |_, count| *count == 0);
    }
}
