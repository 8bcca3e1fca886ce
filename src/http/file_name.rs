//! What a file is called, on its way in and on its way out.

use std::fmt::Write;

use axum::http::{HeaderMap, header};

use crate::domain::FileName;

/// The name that came with a file: in the address, else in `X-File-Name`, else in
/// `Content-Disposition`.
pub(super) fn of(in_address: Option<String>, headers: &HeaderMap) -> FileName {
    let text = |name: &str| {
        let value = headers.get(name)?;
        // Some clients write UTF-8 as it is, which is more than a header's value is meant to hold.
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let named = in_address
        .filter(|name| !name.is_empty())
        .or_else(|| text("x-file-name").map(|name| unescaped(&name)))
        .or_else(|| {
            let value = text(header::CONTENT_DISPOSITION.as_str())?;
            in_disposition(&value)
        });
    FileName::of(&named.unwrap_or_default())
}

/// A `Content-Disposition` with that name, for old clients and for all others (RFC 6266).
pub(super) fn disposition(kind: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ';
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let mut value = format!("{kind}; filename=\"{ascii}\"");
    if ascii != name {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
                value.push(char::from(byte));
            } else {
                let _ = write!(value, "%{byte:02X}");
            }
        }
    }
    value
}

fn in_disposition(value: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        value.split(';').skip(1).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let named = name.trim().eq_ignore_ascii_case(wanted);
            named.then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let extended = parameter("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_, name) = rest.split_once('\'')?;
        charset
            .eq_ignore_ascii_case("utf-8")
            .then(|| unescaped(name))
    });
    extended.or_else(|| parameter("filename"))
}

/// Text with its `%41` read; as it is if that would not be text.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *first == b'%');
        let byte = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        of(None, &headers).as_str().to_owned()
    }

    #[test]
    fn names_come_by_several_ways() {
        assert_eq!(
            named("x-file-name", "na%C3%AFve%20plan.txt"),
            "naïve plan.txt"
        );
        assert_eq!(named("x-file-name", "100%.txt"), "100%.txt");
        let header = "content-disposition";
        assert_eq!(named(header, "attachment; filename=\"a b.txt\""), "a b.txt");
        assert_eq!(
            named(
                header,
                "form-data; filename=x; filename*=UTF-8''%e2%82%ac.txt"
            ),
            "€.txt"
        );
        assert_eq!(named(header, "inline"), "file");
        let in_address = of(Some("photo.jpg".into()), &HeaderMap::new());
        assert_eq!(in_address.as_str(), "photo.jpg");
    }

    #[test]
    fn names_go_out_in_a_form_that_cannot_be_misread() {
        assert_eq!(
            disposition("inline", "photo.jpg"),
            "inline; filename=\"photo.jpg\""
        );
        assert_eq!(
            disposition("attachment", "\"; x=\"ü"),
            "attachment; filename=\"_; x=__\"; filename*=UTF-8''%22%3B%20x%3D%22%C3%BC"
        );
    }
}
