//! Cookies of the page. They hold the same tokens that programs use, and scripts cannot read them.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::chat::Grant;

/// The browser sends the refresh token only to this path.
const REFRESH_PATH: &str = "/api/auth";

/// Names of this server's cookies. Browsers keep cookies by host, not by port, so two servers on one host need
/// different names.
pub(super) struct Cookies {
    access: String,
    refresh: String,
    secure: bool,
}

impl Cookies {
    pub(super) fn new(issuer: &str, secure: bool) -> Self {
        // Browsers accept names with these prefixes only from the host itself and over TLS.
        let (host, only_secure) = if secure {
            ("__Host-", "__Secure-")
        } else {
            ("", "")
        };
        Self {
            access: format!("{host}parlor_access_{issuer}"),
            refresh: format!("{only_secure}parlor_refresh_{issuer}"),
            secure,
        }
    }

    /// Returns the access token of a request.
    pub(super) fn access<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        get(headers, &self.access)
    }

    /// Returns the refresh token of a request.
    pub(super) fn refresh<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        get(headers, &self.refresh)
    }

    /// Returns the `Set-Cookie` headers that set the tokens.
    pub(super) fn set(&self, grant: &Grant) -> [(header::HeaderName, HeaderValue); 2] {
        let (access, refresh) = (&grant.access_token, &grant.refresh_token);
        self.lines(
            (access, grant.expires_in.as_secs()),
            (refresh, grant.refresh_expires_in.as_secs()),
        )
    }

    /// Returns the `Set-Cookie` headers that delete the tokens.
    pub(super) fn clear(&self) -> [(header::HeaderName, HeaderValue); 2] {
        self.lines(("", 0), ("", 0))
    }

    fn lines(
        &self,
        (access, access_s): (&str, u64),
        (refresh, refresh_s): (&str, u64),
    ) -> [(header::HeaderName, HeaderValue); 2] {
        [
            line(&self.access, access, "/", access_s, self.secure),
            line(&self.refresh, refresh, REFRESH_PATH, refresh_s, self.secure),
        ]
        .map(|line| (header::SET_COOKIE, line))
    }
}

/// Returns the value of a cookie.
fn get<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

fn line(name: &str, value: &str, path: &str, max_age: u64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let line = format!(
        "{name}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}"
    );
    // Tokens are base64url and dots: always a header value.
    HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static(""))
}
