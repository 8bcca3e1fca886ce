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

use super::extract::Peer;
use crate::config::Config;

/// What hyper may buffer of one connection's requests.
const BUFFER: usize = 16 * 1024;
/// After the system refused a connection (out of file descriptors, say), this long a rest.
const REST: Duration = Duration::from_millis(100);
/// A connection that is refused is gone after this.
const REFUSAL: Duration = Duration::from_secs(1);

const CROWDED: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\nretry-after: 5\r\n\
    connection: close\r\n\r\n{\"title\":\"Too many connections from your address\",\"status\":429,\
    \"code\":\"too_many_connections\",\"detail\":\"Too many connections from your address\"}\n";

/// One connection's claim on the limits. It goes on with the stream when that becomes a WebSocket.
#[derive(Clone)]
pub(crate) struct Claim {
    _places: Arc<Places>,
}

struct Places {
    _permit: OwnedSemaphorePermit,
    crowd: Arc<Crowd>,
    address: IpAddr,
}

/// How many connections each address has.
struct Crowd {
    by_address: DashMap<IpAddr, usize>,
    most: usize,
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
    let crowd = Arc::new(Crowd {
        by_address: DashMap::new(),
        most,
    });
    let header_timeout = Duration::from_millis(config.timing.header_ms);
    loop {
        // Where all places are taken the system's own queue holds the next ones.
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
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
        let claim = match crowd.claim(address.ip(), permit) {
            Ok(claim) => claim,
            Err(permit) => {
                tasks.spawn(refuse(stream, permit));
                continue;
            }
        };
        let router = router.clone();
        let close = close_open.clone();
        tasks.spawn(connection(
            stream,
            address,
            claim,
            router,
            header_timeout,
            close,
        ));
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = places
        .clone()
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, permit))
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    claim: Claim,
    router: Router,
    header_timeout: Duration,
    close: CancellationToken,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(Peer(address));
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

impl Crowd {
    fn claim(
        self: &Arc<Self>,
        address: IpAddr,
        permit: OwnedSemaphorePermit,
    ) -> Result<Claim, OwnedSemaphorePermit> {
        let address = address.to_canonical();
        let mut count = self.by_address.entry(address).or_insert(0);
        if *count >= self.most {
            return Err(permit);
        }
        *count += 1;
        drop(count);
        let places = Places {
            _permit: permit,
            crowd: self.clone(),
            address,
        };
        Ok(Claim {
            _places: Arc::new(places),
        })
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        if let Some(mut count) = self.crowd.by_address.get_mut(&self.address) {
            *count -= 1;
        }
        self.crowd
            .by_address
            .remove_if(&self.address, |_, count| *count == 0);
    }
}
