//! Parts of a file, and whether the client has it already: RFC 9110, as far as a file that never
//! changes needs it.

use axum::http::{HeaderMap, HeaderName, header};

/// What of a file a client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing: it has the file.
    Nothing,
    /// All of it.
    Whole,
    /// From the first byte up to and without the second.
    Part(u64, u64),
    /// What does not exist.
    Beyond,
}

/// Reads what a client wants of a file of that size and tag. Of several parts it gets the whole, as
/// the standard leaves to us.
pub(super) fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Wanted {
    let known = headers.get_all(header::IF_NONE_MATCH).iter();
    let known = known.filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
    if known.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag) {
        return Wanted::Nothing;
    }
    // A part of another file would be put together with what the client has of that one.
    if text(headers, &header::IF_RANGE).is_some_and(|tag| tag != etag) {
        return Wanted::Whole;
    }
    text(headers, &header::RANGE)
        .and_then(|range| part(range, size))
        .unwrap_or(Wanted::Whole)
}

fn part(range: &str, size: u64) -> Option<Wanted> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number too large to count is beyond every file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (first, end) = if first.is_empty() {
        let count = number(last)?;
        if count == 0 {
            return Some(Wanted::Beyond);
        }
        (size.saturating_sub(count), size)
    } else {
        let first = number(first)?;
        let end = match last {
            "" => size,
            last => number(last)?.saturating_add(1).min(size),
        };
        // The last one before the first is no range at all.
        if !last.is_empty() && number(last)? < first {
            return None;
        }
        (first, end)
    };
    Some(if first < end {
        Wanted::Part(first, end)
    } else {
        Wanted::Beyond
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(HeaderName, &str)]) -> Wanted {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        wanted(&headers, 10, "\"tag\"")
    }

    #[test]
    fn a_range_is_one_part_or_none() {
        for (range, answer) in [
            ("bytes=0-3", Wanted::Part(0, 4)),
            ("bytes=3-", Wanted::Part(3, 10)),
            ("bytes=-4", Wanted::Part(6, 10)),
            ("bytes=-40", Wanted::Part(0, 10)),
            ("bytes=9-99999999999999999999999", Wanted::Part(9, 10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=99999999999999999999999-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=4-3", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
        ] {
            assert_eq!(asked(&[(header::RANGE, range)]), answer, "{range}");
        }
    }

    #[test]
    fn a_client_that_has_it_gets_nothing() {
        for tag in ["\"tag\"", "W/\"tag\"", "\"a\", \"tag\"", "*"] {
            let range = (header::RANGE, "bytes=0-1");
            assert_eq!(
                asked(&[(header::IF_NONE_MATCH, tag), range]),
                Wanted::Nothing
            );
        }
        assert_eq!(asked(&[(header::IF_NONE_MATCH, "\"x\"")]), Wanted::Whole);
    }

    #[test]
    fn a_part_is_only_of_the_file_that_the_client_has() {
        let range = (header::RANGE, "bytes=0-1");
        let same = (header::IF_RANGE, "\"tag\"");
        let other = (header::IF_RANGE, "Tue, 24 Nov 2026 10:00:00 GMT");
        assert_eq!(asked(&[range.clone(), same]), Wanted::Part(0, 2));
        assert_eq!(asked(&[range, other]), Wanted::Whole);
    }
}
