//! File names of uploads and downloads.

use axum::http::{HeaderMap, header};
use mail_parser::parsers::MessageStream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::domain::FileName;

/// Characters to escape: those of RFC 8187 and a few more.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// Returns the name of an upload: the one in the address, else in `X-File-Name`, else in `Content-Disposition`.
pub(super) fn of(in_address: Option<String>, headers: &HeaderMap) -> FileName {
    let text = |name: &str| {
        let value = headers.get(name)?;
        // Some clients send UTF-8 without encoding, which header values do not allow.
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

/// Returns a `Content-Disposition` with the name in both forms of RFC 6266, for old and new clients.
pub(super) fn disposition(kind: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ';
    let ascii: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    let mut value = format!("{kind}; filename=\"{ascii}\"");
    if ascii != name {
        value.push_str("; filename*=UTF-8''");
        value.extend(utf8_percent_encode(name, ESCAPED));
    }
    value
}

/// Returns the file name in a `Content-Disposition` (RFC 6266). `mail-parser` gives `filename` and
/// `filename*` one name. `filename` is the substitute in ASCII for clients that cannot read the other.
fn in_disposition(value: &str) -> Option<String> {
    // The parser reads up to the end of the line. It would decode `=?utf-8?q?a?=` as e-mail does and HTTP does not; a
    // control character, which a header value cannot contain, prevents this.
    let line = format!("{}\n", value.replace("=?", "=\u{1}?"));
    let header = MessageStream::new(line.as_bytes()).parse_content_type();
    let header = header.into_content_type()?;
    let names = header.attributes.unwrap_or_default().into_iter();
    let names = names.filter(|attribute| attribute.name == "filename");
    let names = names.map(|attribute| attribute.value.replace('\u{1}', ""));
    names.max_by_key(|name| !name.is_ascii())
}

/// Decodes percent-encoding. Returns the text unchanged if the result is not UTF-8.
fn unescaped(text: &str) -> String {
    percent_decode_str(text)
        .decode_utf8()
        .map_or_else(|_| text.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use axum::http::HeaderValue;

    fn named(name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        of(None, &headers).as_str().to_owned()
    }

    #[test]
    fn name_is_read_from_path_or_header() {
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
        assert_eq!(
            named(
                header,
                "form-data; filename*=UTF-8''%e2%82%ac%3b.txt; filename=\"x\""
            ),
            "€;.txt"
        );
        let in_address = of(Some("photo.jpg".into()), &HeaderMap::new());
        assert_eq!(in_address.as_str(), "photo.jpg");
    }

    #[test]
    fn content_disposition_is_parsed_by_its_grammar() {
        for (value, name) in [
            ("attachment; filename=\"a;b.txt\"", "a;b.txt"),
            ("attachment; filename=\"a\\\"b.txt\"", "a\"b.txt"),
            ("attachment; FileName=a.txt ; size=4", "a.txt"),
            ("attachment; filename = \"a=b, c.txt\"", "a=b, c.txt"),
            ("attachment; filename=\"100%.txt\"", "100%.txt"),
            ("attachment; filename=\"naïve.txt\"", "naïve.txt"),
            ("attachment; filename*=utf-8'en'%c3%bc.txt", "ü.txt"),
            ("attachment; filename*=iso-8859-1''%fc.txt", "ü.txt"),
            ("attachment; filename=\"=?utf-8?q?a?=\"", "=?utf-8?q?a?="),
            ("attachment; filename=\"=?a.txt\"", "=?a.txt"),
            ("attachment; filename=\"\"", "file"),
            ("attachment; name=\"x\"", "file"),
            ("attachment; filename=\"never closed", "never closed"),
            ("; filename=x", "file"),
            ("", "file"),
        ] {
            assert_eq!(named("content-disposition", value), name, "{value}");
        }
    }

    #[test]
    fn hostile_content_disposition_is_parsed_in_linear_time() {
        for part in [
            ";", "\"", "'", "(", "*", "=", "\\", "=?", "=?a?q?", "a*=", "a*1*='", ";a=\"", "%",
        ] {
            let value = format!("attachment; filename*={}", part.repeat(60_000 / part.len()));
            let begun = std::time::Instant::now();
            let _ = in_disposition(&value);
            let took = begun.elapsed();
            assert!(took.as_secs() < 2, "{part}: {took:?}");
        }
    }

    #[test]
    fn content_disposition_of_a_download_is_escaped() {
        assert_eq!(
            disposition("inline", "photo.jpg"),
            "inline; filename=\"photo.jpg\""
        );
        assert_eq!(
            disposition("attachment", "\"; x=\"ü"),
            "attachment; filename=\"_; x=__\"; filename*=UTF-8''%22%3B%20x%3D%22%C3%BC"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn name_round_trips_through_content_disposition(text in r#"(\PC|[ -~]|=\?|\?=|[;"'*%\\]){0,40}"#) {
            let name = FileName::of(&text);
            let value = disposition("attachment", name.as_str());
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", value);
            let read = FileName::of(&in_disposition(&value).unwrap());
            prop_assert_eq!(read, name, "{}", value);
        }

        #[test]
        fn arbitrary_content_disposition_gives_a_valid_name(
            value in r#"(attachment|form-data|;|filename|\*|[0-9]|=|"|'|utf-8''|%[0-9a-f]{0,2}|\\|=\?utf-8\?[qb]\?|\?=|[ -~]|ü){0,30}"#
        ) {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&value).unwrap());
            let name = of(None, &headers);
            let name = name.as_str();
            prop_assert!(!name.is_empty() && name.chars().count() <= 200);
            prop_assert!(!name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')), "{:?}", name);
        }
    }
}
