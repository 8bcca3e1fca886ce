//! The page's cookies: the same tokens that programs hold, where no script can read them.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::chat::Grant;

pub(super) const ACCESS: &str = "parlor_access";
pub(super) const REFRESH: &str = "parlor_refresh";
/// The refresh token is sent only where it is used.
const REFRESH_PATH: &str = "/api/auth";

/// The value of a cookie.
pub(super) fn get<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
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

/// `Set-Cookie` lines that hold the tokens.
pub(super) fn set(grant: &Grant, secure: bool) -> [(header::HeaderName, HeaderValue); 2] {
    let access = line(
        ACCESS,
        &grant.access_token,
        "/",
        grant.expires_in.as_secs(),
        secure,
    );
    let refresh = line(
        REFRESH,
        &grant.refresh_token,
        REFRESH_PATH,
        grant.refresh_expires_in.as_secs(),
        secure,
    );
    [(header::SET_COOKIE, access), (header::SET_COOKIE, refresh)]
}

/// `Set-Cookie` lines that take them away.
pub(super) fn clear(secure: bool) -> [(header::HeaderName, HeaderValue); 2] {
    let access = line(ACCESS, "", "/", 0, secure);
    let refresh = line(REFRESH, "", REFRESH_PATH, 0, secure);
    [(header::SET_COOKIE, access), (header::SET_COOKIE, refresh)]
}

fn line(name: &str, value: &str, path: &str, max_age: u64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let line = format!(
        "{name}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}"
    );
    // Tokens are base64url and dots: always a header value.
    HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static(""))
}
