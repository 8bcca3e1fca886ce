//! Addresses that the server hands out, such as those of invites.

use axum::http::{HeaderMap, header};

/// Returns the address of `path`: below the public address if it is set, else below the host of the request, else the
/// path alone. A `Host` header that is not a host is ignored.
pub(super) fn of(public_url: &str, headers: &HeaderMap, path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| host.chars().all(plain));
    match (public_url.trim_end_matches('/'), host) {
        ("", Some(host)) => format!("http://{host}{path}"),
        (origin, _) => format!("{origin}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_uses_the_public_address() {
        let public = "https://chat.example.org/";
        for (public, host, expected) in [
            (public, Some("inner:8000"), "https://chat.example.org/i/K7"),
            ("", Some("127.0.0.1:8000"), "http://127.0.0.1:8000/i/K7"),
            ("", Some("a/b?"), "/i/K7"),
            ("", None, "/i/K7"),
        ] {
            let host = host.map(|host| (header::HOST, host.parse().unwrap()));
            let headers: HeaderMap = host.into_iter().collect();
            assert_eq!(of(public, &headers, "/i/K7"), expected);
        }
    }
}
