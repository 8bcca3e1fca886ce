//! The accept loop. `axum::serve` limits neither the time of a request's header nor the number of connections.

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
    client::{self, PeerAddress},
    stall::WriteTimeoutStream,
};
use crate::{config::Config, domain::session::network};

/// Size of hyper's buffer for the requests of one connection.
const BUFFER: usize = 16 * 1024;
/// Connections that may be refused with an answer at the same time, beyond the limit of connections.
pub const REFUSALS: usize = 64;
/// Pause after the system refused a connection, for example for lack of file descriptors.
const REST: Duration = Duration::from_millis(100);
/// Time limit of a refused connection.
const REFUSAL: Duration = Duration::from_secs(1);

const CROWDED: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\nretry-after: 5\r\n\
    connection: close\r\n\r\n{\"title\":\"Too many connections from your address\",\"status\":429,\
    \"code\":\"too_many_connections\",\"detail\":\"Too many connections from your address\"}\n";

/// Permit of one connection. It moves along with the stream if that becomes a WebSocket.
#[derive(Clone)]
pub(crate) struct ConnectionPermit {
    _places: Arc<PermitInner>,
}

struct PermitInner {
    _permit: OwnedSemaphorePermit,
    crowd: Arc<PerIpLimiter>,
    /// Address for which it counts; `None` for a trusted proxy.
    address: Option<IpAddr>,
}

/// Number of connections of each address.
struct PerIpLimiter {
    by_address: DashMap<IpAddr, usize>,
    max_per_address: usize,
    trusted: Vec<IpAddr>,
}

/// Accepts connections until `stop`, then refuses new ones. Open connections end when `close_open` is cancelled and
/// their current request is answered.
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
    let max_per_address = if limits.rates {
        limits.connections_per_address
    } else {
        usize::MAX
    };
    let crowd = Arc::new(PerIpLimiter {
        by_address: DashMap::new(),
        max_per_address,
        trusted: config.http.trusted_proxies.clone(),
    });
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    // Later than the server's own time limits: a WebSocket can still state the reason when it closes.
    let patience = Duration::from_millis(config.timing.stall_ms.saturating_add(5_000));
    loop {
        // If all permits are taken, further connections wait in the system's queue.
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
        let Some(permit) = crowd.try_acquire(address.ip(), permit) else {
            // If too many are refused at once, the rest are closed without an answer.
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
            permit,
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

/// Makes the system drop unsent data of a closed connection if the peer acknowledges nothing for `patience`.
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
    permit: ConnectionPermit,
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
        request.extensions_mut().insert(PeerAddress(peer));
        request.extensions_mut().insert(permit.clone());
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

/// Refuses a connection with an HTTP answer. Clients take an answer before their request, or a reset during it, for a
/// network error. So part of the request is read first, and the rest after the answer.
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
    fn try_acquire(
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
        if *count >= self.max_per_address {
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
