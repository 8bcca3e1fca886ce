//! From HTTP to a WebSocket: the handshake of RFC 6455, and the bare TCP stream behind it.
//!
//! axum's own upgrade keeps hyper's buffers for the life of the connection and hides the stream;
//! this one gives both up, which is worth several KiB a connection.

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

/// A request to become a WebSocket that keeps the rules.
pub(super) struct Handshake {
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
    /// What the client offers to speak, as far as we can too.
    pub(super) subprotocol: Option<&'static str>,
    /// Its offer to compress, if it can be kept.
    offer: Option<Offer>,
}

impl Handshake {
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

    /// The answer, what becomes the stream once the answer is out, and whether messages of `deflate_bytes`
    /// on go over it compressed.
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

/// The bare stream, and what the client sent right behind its handshake. `None` where the
/// connection broke in between or is not one of our listener's.
pub(super) async fn stream(on_upgrade: OnUpgrade) -> Option<(TcpStream, Bytes)> {
    let upgraded: Upgraded = on_upgrade.await.ok()?;
    let parts = upgraded
        .downcast::<TokioIo<WriteTimeoutStream<TcpStream>>>()
        .ok()?;
    // Even an empty slice would keep hyper's whole buffer alive.
    let leftover = Bytes::copy_from_slice(&parts.read_buf);
    // Registered anew: the old registration still knows how to wake the task of the handshake, and keeps
    // all of that task's memory for it.
    let stream = parts.io.into_inner().into_inner().into_std();
    match stream.and_then(TcpStream::from_std) {
        Ok(stream) => Some((stream, leftover)),
        Err(error) => {
            tracing::warn!(%error, "a connection is lost behind its handshake");
            None
        }
    }
}

/// Shows that the key was understood by a server that knows the protocol; it proves nothing else.
fn accept_key(key: &[u8]) -> Result<HeaderValue, Problem> {
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(key);
    digest.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    HeaderValue::from_str(&STANDARD.encode(digest.finish()))
        .map_err(|_| malformed("Sec-WebSocket-Key"))
}

/// The first of the client's offers that we speak. One that offers only others is refused, rather
/// than spoken to in a way it did not ask for.
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
    fn the_key_is_answered_as_in_the_rfc() {
        let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
