//! Compresses an answer once that is sent many times.
//!
//! Gzip is the only encoding. At the speed that a fresh answer needs, Brotli takes three times as long for as many
//! bytes.

use std::{io::Write, sync::OnceLock};

use axum::{
    extract::Request,
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version, header},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

/// Smaller answers are not compressed.
const MIN_BYTES: usize = 128;
/// Larger answers are compressed while they are sent, piece by piece.
const MAX_BYTES: usize = 64 * 1024;
const NAME: HeaderValue = HeaderValue::from_static("gzip");
const VARY: HeaderValue = HeaderValue::from_static("accept-encoding");

/// Marks an answer that the compression layer must not compress.
#[derive(Clone)]
pub(crate) struct NoCompression;

/// Returns whether the compression layer may compress an answer.
pub(super) fn may_compress(
    _: StatusCode,
    _: Version,
    _: &HeaderMap,
    extensions: &Extensions,
) -> bool {
    extensions.get::<NoCompression>().is_none()
}

/// The compressed bytes, made on first use; `None` if compression does not make them smaller.
pub(crate) type Smaller = OnceLock<Option<Bytes>>;

/// Returns the bytes in the encoding that the client accepts, with the matching headers.
pub(crate) fn encode(
    request: &HeaderMap,
    plain: &Bytes,
    smaller: &Smaller,
    answer: &mut HeaderMap,
) -> Bytes {
    answer.insert(header::VARY, VARY);
    if !(MIN_BYTES..=MAX_BYTES).contains(&plain.len()) || !accepts_gzip(request) {
        return plain.clone();
    }
    let Some(smaller) = smaller.get_or_init(|| compress(plain)) else {
        return plain.clone();
    };
    answer.insert(header::CONTENT_ENCODING, NAME);
    smaller.clone()
}

fn compress(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::default());
    // Writing to memory does not fail.
    encoder.write_all(plain).ok()?;
    let smaller = encoder.finish().ok()?;
    (smaller.len() < plain.len()).then(|| smaller.into_boxed_slice().into())
}

/// Reduces `Accept-Encoding` to gzip or nothing. A request that accepts no available encoding gets an uncompressed
/// answer instead of 406, since its effect may have happened already.
pub(super) fn normalize_accept_encoding(mut request: Request) -> Request {
    let headers = request.headers_mut();
    if accepts_gzip(headers) {
        headers.insert(header::ACCEPT_ENCODING, NAME);
    } else {
        headers.remove(header::ACCEPT_ENCODING);
    }
    request
}

/// Returns whether the client accepts gzip and does not prefer an uncompressed answer.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let accepted = request.get_all(header::ACCEPT_ENCODING).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let (mut gzip, mut any, mut identity) = (None, None, 0.0);
    for coding in accepted.flat_map(|value| value.split(',')) {
        let (name, rest) = coding.split_once(';').unwrap_or((coding, ""));
        let name = name.trim();
        let quality = quality(rest);
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(quality);
        } else if name == "*" {
            any = Some(quality);
        } else if name.eq_ignore_ascii_case("identity") {
            identity = quality;
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    gzip > 0.0 && gzip >= identity
}

/// Returns the `q` parameter of a coding. An invalid one counts as 0.
fn quality(parameters: &str) -> f32 {
    let mut weights = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    match weights.next_back() {
        None => 1.0,
        Some(value) => value.parse().unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asks(accepted: &[&str]) -> HeaderMap {
        let values = accepted
            .iter()
            .map(|value| HeaderValue::from_bytes(value.as_bytes()));
        values
            .map(|value| (header::ACCEPT_ENCODING, value.unwrap()))
            .collect()
    }

    #[test]
    fn accept_encoding_is_normalized() {
        for (accepted, taken) in [
            (&[][..], false),
            (&["gzip"], true),
            (&["br, GZIP;q=0.5"], true),
            (&["br", "x-gzip"], true),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["gzip; q=0.001"], true),
            (&["gzip;q=0.2, identity;q=0.3"], false),
            (&["identity"], false),
            (&["identity;q=0.5, gzip"], true),
            (&["br, zstd"], false),
            (&["gzip;q=many"], false),
            (&["gzip;q=NaN"], false),
            (&["", ",;,=", "\u{fc}"], false),
        ] {
            assert_eq!(accepts_gzip(&asks(accepted)), taken, "{accepted:?}");
        }
    }

    #[test]
    fn body_is_compressed_once_and_only_if_smaller() {
        let text = Bytes::from("again and again ".repeat(100));
        let smaller = Smaller::new();
        let mut answer = HeaderMap::new();
        let once = encode(&asks(&["gzip"]), &text, &smaller, &mut answer);
        assert!(once.len() < 100);
        assert_eq!(answer[header::CONTENT_ENCODING], "gzip");
        assert_eq!(answer[header::VARY], "accept-encoding");
        let twice = encode(&asks(&["gzip"]), &text, &smaller, &mut answer);
        assert_eq!(once.as_ptr(), twice.as_ptr());

        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        });
        let noise: Bytes = noise.take(1000).collect();
        for (request, body) in [
            (asks(&[]), &text),
            (asks(&["gzip"]), &noise),
            (asks(&["gzip"]), &text.slice(..100)),
            (asks(&["gzip"]), &Bytes::from(vec![b' '; MAX_BYTES + 1])),
        ] {
            let mut answer = HeaderMap::new();
            let sent = encode(&request, body, &Smaller::new(), &mut answer);
            assert_eq!(&sent, body);
            assert!(!answer.contains_key(header::CONTENT_ENCODING));
            assert_eq!(answer[header::VARY], "accept-encoding");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn normalized_accept_encoding_is_gzip_or_absent(
            value in "(gzip|x-gzip|identity|\\*|br|;q=|q=|[01]|\\.|5|,|;| |=|-|e|[!-~]){0,12}"
        ) {
            let request = Request::builder()
                .header(header::ACCEPT_ENCODING, &value)
                .body(axum::body::Body::empty())
                .unwrap();
            let request = normalize_accept_encoding(request);
            let values: Vec<_> = request.headers().get_all(header::ACCEPT_ENCODING).iter().collect();
            prop_assert!(values.is_empty() || values == ["gzip"], "{:?}", values);
        }
    }
}
