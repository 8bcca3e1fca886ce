//! Checks that a request comes from the server's own page. Browsers send cookies with requests that other pages cause,
//! but do not let pages forge these headers.

use axum::http::{HeaderMap, HeaderValue, header};

/// Returns whether a page of the server's own origin made the request.
///
/// `Sec-Fetch-Site` decides where the browser sends it. Otherwise `Origin` must name this host or the public address.
/// A request with neither was not made by a page and may not use a cookie.
pub(super) fn is_same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    match text(headers.get("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => has_own_origin(headers, public_url),
    }
}

/// Returns whether `Origin` names this host or the public address.
pub(super) fn has_own_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let Some(origin) = text(headers.get(header::ORIGIN)) else {
        return false;
    };
    if !public_url.is_empty() {
        return origin.eq_ignore_ascii_case(public_url.trim_end_matches('/'));
    }
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let host = text(headers.get(header::HOST));
    matches!((authority, host), (Some(ours), Some(host)) if ours.eq_ignore_ascii_case(host))
}

/// Returns whether the browser states that another origin made the request.
pub(super) fn is_cross_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let says = headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
    says && !is_same_origin(headers, public_url)
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value.and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_the_own_page_is_same_origin() {
        for (pairs, same) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (
                vec![
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://a:1"),
                    ("host", "a:1"),
                ],
                false,
            ),
            (
                vec![
                    ("origin", "http://localhost:8000"),
                    ("host", "localhost:8000"),
                ],
                true,
            ),
            (
                vec![
                    ("origin", "http://evil.example"),
                    ("host", "localhost:8000"),
                ],
                false,
            ),
            (vec![("origin", "null"), ("host", "localhost:8000")], false),
            (
                vec![
                    ("origin", "https://chat.example.org"),
                    ("host", "inner:8000"),
                ],
                true,
            ),
            (
                vec![("origin", "http://inner:8000"), ("host", "inner:8000")],
                false,
            ),
            (vec![("host", "localhost:8000")], false),
        ] {
            let behind_proxy = pairs.contains(&("host", "inner:8000"));
            let public = if behind_proxy {
                "https://chat.example.org"
            } else {
                ""
            };
            assert_eq!(is_same_origin(&headers(&pairs), public), same, "{pairs:?}");
        }
    }
}
