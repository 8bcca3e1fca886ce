//! The page's cookies: the same tokens that programs hold, where no script can read them.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::chat::Grant;

/// The refresh token is sent only where it is used.
const REFRESH_PATH: &str = "/api/auth";

/// The cookies of this server. A browser tells hosts apart and not ports, so that their names say
/// whose they are: two servers on one host must not sign each other's people out.
pub(super) struct Cookies {
    access: String,
    refresh: String,
    secure: bool,
}

impl Cookies {
    pub(super) fn new(issuer: &str, secure: bool) -> Self {
        // With these prefixes browsers take them only from the host itself, over TLS.
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

    /// The access token that came with a request.
    pub(super) fn access<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        get(headers, &self.access)
    }

    /// The refresh token that came with a request.
    pub(super) fn refresh<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        get(headers, &self.refresh)
    }

    /// `Set-Cookie` lines that hold the tokens.
    pub(super) fn set(&self, grant: &Grant) -> [(header::HeaderName, HeaderValue); 2] {
        let (access, refresh) = (&grant.access_token, &grant.refresh_token);
        self.lines(
            (access, grant.expires_in.as_secs()),
            (refresh, grant.refresh_expires_in.as_secs()),
        )
    }

    /// `Set-Cookie` lines that take them away.
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

/// The value of a cookie.
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
