//! `Sec-WebSocket-Extensions`: the client's offers (RFC 6455, 9.1) and the accepted compression (RFC 7692).

use axum::http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};

use crate::protocol::{
    DeflateParams,
    deflate::{EXTENSION, MAX_WINDOW_BITS, MIN_WINDOW_BITS},
};

/// An offer of compression that the server can accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// Window size that the client requires of the server.
    server_max_window_bits: Option<u8>,
}

impl Offer {
    /// Returns the first acceptable offer. Headers that break the grammar contain no offer, because the boundaries
    /// between offers are unknown.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut found = None;
        for value in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
            for extension in extensions(value.as_bytes())? {
                found = found.or_else(|| Self::of(&extension));
            }
        }
        found
    }

    /// Returns `None` for another extension, and for unknown, repeated or invalid parameters.
    fn of(extension: &Extension) -> Option<Self> {
        let mut seen: Vec<&str> = Vec::new();
        let mut server_max_window_bits = None;
        if extension.name != EXTENSION {
            return None;
        }
        for (name, value) in &extension.parameters {
            if seen.contains(&name.as_str()) {
                return None;
            }
            seen.push(name);
            match (name.as_str(), value) {
                // Neither side keeps its window from one message to the next. A smaller client window is optional and
                // not used.
                (
                    "server_no_context_takeover"
                    | "client_no_context_takeover"
                    | "client_max_window_bits",
                    None,
                ) => {}
                ("client_max_window_bits", Some(bits)) => {
                    window_bits(bits)?;
                }
                ("server_max_window_bits", Some(bits)) => {
                    server_max_window_bits = Some(window_bits(bits)?);
                }
                _ => return None,
            }
        }
        Some(Self {
            server_max_window_bits,
        })
    }

    /// Accepts the offer for messages of at least `least` bytes.
    pub(super) fn agree(self, min_bytes: usize) -> Option<DeflateParams> {
        let bits = self.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS);
        DeflateParams::new(min_bytes, bits)
    }

    /// Returns the header value of the answer.
    pub(super) fn answer(self) -> HeaderValue {
        let both = "server_no_context_takeover; client_no_context_takeover";
        let window = match self.server_max_window_bits {
            Some(bits) => format!("; server_max_window_bits={bits}"),
            None => String::new(),
        };
        let answer = HeaderValue::try_from(format!("{EXTENSION}; {both}{window}"));
        answer.unwrap_or(HeaderValue::from_static(EXTENSION))
    }
}

/// Parses 8 to 15 in decimal without a leading zero.
fn window_bits(text: &str) -> Option<u8> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let bits = text.parse().ok().filter(|_| is_number)?;
    (MIN_WINDOW_BITS..=MAX_WINDOW_BITS)
        .contains(&bits)
        .then_some(bits)
}

/// Name of an extension and its parameters.
struct Extension {
    name: String,
    parameters: Vec<(String, Option<String>)>,
}

/// Parses a list of extensions. Returns `None` if it breaks the grammar.
fn extensions(value: &[u8]) -> Option<Vec<Extension>> {
    let mut text = Text(value);
    let mut found = Vec::new();
    loop {
        // A list may have empty elements (RFC 7230, 7).
        while text.skip(b',') {}
        if text.is_over() {
            return Some(found);
        }
        let name = text.token()?;
        let mut parameters = Vec::new();
        while text.skip(b';') {
            let name = text.token()?;
            let value = if text.skip(b'=') {
                Some(text.value()?)
            } else {
                None
            };
            parameters.push((name, value));
        }
        found.push(Extension { name, parameters });
        if !text.is_over() && !text.skip(b',') {
            return None;
        }
    }
}

/// The unread rest of a header value.
struct Text<'t>(&'t [u8]);

impl Text<'_> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    fn is_over(&mut self) -> bool {
        self.skip_blanks();
        self.0.is_empty()
    }

    /// Skips a character and the white space around it, if it comes next.
    fn skip(&mut self, sign: u8) -> bool {
        self.skip_blanks();
        let Some(rest) = self.0.strip_prefix(&[sign]) else {
            return false;
        };
        self.0 = rest;
        self.skip_blanks();
        true
    }

    fn token(&mut self) -> Option<String> {
        let length = self.0.iter().take_while(|byte| is_token(**byte)).count();
        let (token, rest) = self.0.split_at(length);
        self.0 = rest;
        let token = std::str::from_utf8(token).ok()?;
        (!token.is_empty()).then(|| token.to_owned())
    }

    /// Reads a token, or a quoted string that contains a token.
    fn value(&mut self) -> Option<String> {
        let Some(mut rest) = self.0.strip_prefix(b"\"") else {
            return self.token();
        };
        let mut value = String::new();
        loop {
            let byte = match rest {
                [b'"', after @ ..] => {
                    self.0 = after;
                    return (!value.is_empty()).then_some(value);
                }
                [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                    rest = after;
                    *byte
                }
                [] => return None,
            };
            if !is_token(byte) {
                return None;
            }
            value.push(char::from(byte));
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values = values.iter().filter_map(|value| {
            let value = HeaderValue::from_bytes(value).ok()?;
            Some((SEC_WEBSOCKET_EXTENSIONS, value))
        });
        values.collect()
    }

    fn answer(values: &[&str]) -> Option<String> {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        let answer = Offer::read(&headers(&values))?.answer();
        Some(answer.to_str().unwrap().to_owned())
    }

    const PLAIN: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    #[test]
    fn supported_offer_is_accepted() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate;client_max_window_bits=\"10\"",
            "permessage-deflate ; server_no_context_takeover\t;  client_no_context_takeover",
            ", ,permessage-deflate,,",
            "x-other; a=b; c=\"d\", permessage-deflate",
            "permessage-deflate; server_max_window_bits=\"1\\6\", permessage-deflate",
        ] {
            assert_eq!(answer(&[offer]).as_deref(), Some(PLAIN), "{offer}");
        }
        for bits in 8..=15 {
            let offer = format!("permessage-deflate; server_max_window_bits={bits}");
            let wanted = format!("{PLAIN}; server_max_window_bits={bits}");
            assert_eq!(answer(&[&offer]), Some(wanted));
        }
        let quoted = "permessage-deflate; server_max_window_bits=\"\\1\\0\"";
        assert!(answer(&[quoted]).unwrap().ends_with("=10"));
    }

    #[test]
    fn first_supported_offer_wins() {
        let several = "permessage-deflate; server_max_window_bits=7, \
            permessage-deflate; server_max_window_bits=9, permessage-deflate";
        let nine = format!("{PLAIN}; server_max_window_bits=9");
        assert_eq!(answer(&[several]).as_ref(), Some(&nine));
        let headers = [
            "permessage-bzip2",
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate",
        ];
        assert_eq!(answer(&headers), Some(nine));
    }

    #[test]
    fn unsupported_offer_is_declined() {
        for offer in [
            "",
            "permessage-bzip2",
            "permessage-deflat",
            "permessage-deflate; unknown",
            "permessage-deflate; unknown=1",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=true",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+10",
            "permessage-deflate; client_max_window_bits=0",
            "permessage-deflate; client_max_window_bits=256",
            // Not a list of extensions.
            "permessage-deflate; server_max_window_bits=",
            "permessage-deflate; server_max_window_bits=\"10",
            "permessage-deflate; server_max_window_bits=\"10\\",
            "permessage-deflate; server_max_window_bits=\"\"",
            "permessage-deflate; server_max_window_bits=\" 10\"",
            "permessage-deflate;",
            "permessage-deflate; =10",
            "permessage-deflate client_max_window_bits",
            "permessage-deflate, x-other; =",
            "(permessage-deflate)",
            "permessage-deflate \u{fc}",
        ] {
            assert_eq!(answer(&[offer]), None, "{offer}");
        }
        assert_eq!(answer(&["permessage-deflate", "x;"]), None);
    }

    #[test]
    fn disabled_compression_declines_every_offer() {
        let offer = Offer::read(&headers(&[b"permessage-deflate"])).unwrap();
        assert_eq!(offer.agree(0), None);
        assert_eq!(offer.agree(1024), DeflateParams::new(1024, 15));
    }

    proptest! {
        #[test]
        fn arbitrary_header_is_accepted_or_declined(value in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Offer::read(&headers(&[&value]));
        }

        #[test]
        fn mutated_offer_is_accepted_or_declined(
            value in "(permessage-deflate|server_max_window_bits|[;=,\"\\\\ 0-9]){1,12}"
        ) {
            let _ = answer(&[&value]);
        }
    }
}
