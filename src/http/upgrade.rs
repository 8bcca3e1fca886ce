//! The handshake from HTTP to WebSocket (RFC 6455), and the bare TCP stream behind it.
//!
//! axum's upgrade keeps hyper's buffers for the life of the connection and hides the stream. This one releases both,
//! which saves several KiB a connection.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header, request::Parts},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use tokio::net::TcpStream;

use super::{problem::Problem, stall::WriteTimeoutStream, ws_extensions::Offer};
use crate::protocol::{DeflateParams, SUBPROTOCOL_JSON, SUBPROTOCOL_TEXT};

/// A valid request for an upgrade.
pub(super) struct Handshake {
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
    /// The first offered subprotocol that the server speaks.
    pub(super) subprotocol: Option<&'static str>,
    /// The offer of compression, if the server can accept it.
    offer: Option<Offer>,
}

impl Handshake {
    /// Reads the handshake.
    ///
    /// # Errors
    /// A refusal that says what the request lacks.
    pub(super) fn read(parts: &mut Parts) -> Result<Self, Problem> {
        let headers = &parts.headers;
        let upgrades = parts.method == Method::GET
            && parts.version == Version::HTTP_11
            && has_token(headers, header::CONNECTION, "upgrade")
            && has_token(headers, header::UPGRADE, "websocket");
        if !upgrades {
            return Err(Problem::new(
                StatusCode::UPGRADE_REQUIRED,
                "upgrade_required",
                "This address speaks WebSocket: connect with a WebSocket client",
            ));
        }
        if headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .is_none_or(|version| version != "13")
        {
            return Err(Problem::new(
                StatusCode::UPGRADE_REQUIRED,
                "upgrade_required",
                "Sec-WebSocket-Version must be 13",
            ));
        }
        let key = headers
            .get(header::SEC_WEBSOCKET_KEY)
            .map(HeaderValue::as_bytes);
        let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == 16));
        let key = key.ok_or_else(|| malformed("Sec-WebSocket-Key must be 16 bytes in base64"))?;
        let accept = accept_key(key)?;
        let subprotocol = subprotocol(headers)?;
        let offer = Offer::read(headers);
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        let on_upgrade =
            on_upgrade.ok_or_else(|| malformed("This connection cannot be upgraded"))?;
        Ok(Self {
            accept,
            on_upgrade,
            subprotocol,
            offer,
        })
    }

    /// Returns the answer, the future stream, and the agreed compression for messages of at least `deflate_bytes`
    /// bytes.
    pub(super) fn accept(
        self,
        deflate_bytes: usize,
    ) -> (Response, OnUpgrade, Option<DeflateParams>) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(subprotocol) = self.subprotocol {
            headers.insert(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(subprotocol),
            );
        }
        let deflate = self.offer.and_then(|offer| {
            let deflate = offer.agree(deflate_bytes)?;
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, offer.answer());
            Some(deflate)
        });
        (response, self.on_upgrade, deflate)
    }
}

/// Returns the bare stream, and the bytes that the client sent directly after its handshake. Returns `None` if the
/// connection broke meanwhile or does not come from the listener.
pub(super) async fn stream(on_upgrade: OnUpgrade) -> Option<(TcpStream, Bytes)> {
    let upgraded: Upgraded = on_upgrade.await.ok()?;
    let parts = upgraded
        .downcast::<TokioIo<WriteTimeoutStream<TcpStream>>>()
        .ok()?;
    // A slice, even an empty one, would keep hyper's whole buffer alive.
    let leftover = Bytes::copy_from_slice(&parts.read_buf);
    // Registered again with the runtime: the old registration holds the waker of the handshake's task, and with it the
    // memory of that task.
    let stream = parts.io.into_inner().into_inner().into_std();
    match stream.and_then(TcpStream::from_std) {
        Ok(stream) => Some((stream, leftover)),
        Err(error) => {
            tracing::warn!(%error, "a connection is lost behind its handshake");
            None
        }
    }
}

/// Computes `Sec-WebSocket-Accept`, which shows that the server speaks the protocol.
fn accept_key(key: &[u8]) -> Result<HeaderValue, Problem> {
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(key);
    digest.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    HeaderValue::from_str(&STANDARD.encode(digest.finish()))
        .map_err(|_| malformed("Sec-WebSocket-Key"))
}

/// Returns the first offered subprotocol that the server speaks. A client that offers only unknown ones is refused.
fn subprotocol(headers: &HeaderMap) -> Result<Option<&'static str>, Problem> {
    let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offers: Vec<&str> = offers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|offer| !offer.is_empty())
        .collect();
    let known = |offer: &&str| {
        [SUBPROTOCOL_JSON, SUBPROTOCOL_TEXT]
            .into_iter()
            .find(|ours| ours == offer)
    };
    match offers.iter().find_map(known) {
        None if !offers.is_empty() => Err(malformed(
            "Of the subprotocols offered none is known; known are parlor.v1.json and parlor.v1.text",
        )),
        found => Ok(found),
    }
}

fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn malformed(title: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_key_equals_the_rfc_example() {
        let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
