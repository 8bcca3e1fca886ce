//! Range requests and conditional requests (RFC 9110) for files that never change.

use std::ops::Bound;

use axum::http::HeaderMap;
use headers::{ETag, HeaderMapExt, IfRange, Range};

use super::statics::is_known;

/// Part of a file that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RangeRequest {
    /// Nothing: the client has the file.
    Nothing,
    /// The whole file.
    Whole,
    /// The bytes from the first number up to the second, exclusive.
    Part(u64, u64),
    /// Bytes behind the end of the file.
    Beyond,
}

/// Returns the part that a client asks for of a file with this size and tag. For several ranges it returns the whole
/// file, which the standard allows.
pub(super) fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> RangeRequest {
    if is_known(headers, etag) {
        return RangeRequest::Nothing;
    }
    // Without this check, the client would join parts of different files.
    let is_same = match headers.typed_try_get::<IfRange>() {
        Ok(None) => true,
        Ok(Some(condition)) => !condition.is_modified(etag.parse::<ETag>().ok().as_ref(), None),
        Err(_) => false,
    };
    match headers.typed_get::<Range>() {
        Some(range) if is_same => part(&range, size),
        _ => RangeRequest::Whole,
    }
}

fn part(range: &Range, size: u64) -> RangeRequest {
    let (first, end) = match single(range, size) {
        Some((Bound::Included(first), Bound::Included(last))) if last < first => {
            return RangeRequest::Whole;
        }
        Some((Bound::Included(first), Bound::Included(last))) => {
            (first, last.saturating_add(1).min(size))
        }
        Some((Bound::Included(first), _)) => (first, size),
        // `headers` drops a suffix range that is longer than the file. It means the whole file.
        None if single(range, u64::MAX).is_some() => (0, size),
        _ => return RangeRequest::Whole,
    };
    if first < end {
        RangeRequest::Part(first, end)
    } else {
        RangeRequest::Beyond
    }
}

/// Returns the one range of the header, or `None` if there are several or none.
fn single(range: &Range, size: u64) -> Option<(Bound<u64>, Bound<u64>)> {
    let mut ranges = range.satisfiable_ranges(size);
    let first = ranges.next()?;
    ranges.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use axum::http::{HeaderName, header};

    use super::*;

    fn asked(pairs: &[(HeaderName, &str)]) -> RangeRequest {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        wanted(&headers, 10, "\"tag\"")
    }

    #[test]
    fn only_single_ranges_are_served() {
        for (range, answer) in [
            ("bytes=0-3", RangeRequest::Part(0, 4)),
            ("bytes=3-", RangeRequest::Part(3, 10)),
            ("bytes=-4", RangeRequest::Part(6, 10)),
            ("bytes=-40", RangeRequest::Part(0, 10)),
            ("bytes=-10", RangeRequest::Part(0, 10)),
            ("bytes=9-18446744073709551615", RangeRequest::Part(9, 10)),
            ("bytes=10-", RangeRequest::Beyond),
            ("bytes=18446744073709551615-", RangeRequest::Beyond),
            ("bytes=-0", RangeRequest::Beyond),
            ("bytes=4-3", RangeRequest::Whole),
            ("bytes=0-1,3-4", RangeRequest::Whole),
            ("bytes=a-b", RangeRequest::Whole),
            ("bytes=0-99999999999999999999999", RangeRequest::Whole),
            ("lines=1-2", RangeRequest::Whole),
            ("bytes=-", RangeRequest::Whole),
        ] {
            assert_eq!(asked(&[(header::RANGE, range)]), answer, "{range}");
        }
    }

    #[test]
    fn matching_etag_gets_not_modified() {
        for tag in [
            "\"tag\"",
            "W/\"tag\"",
            "\"a\", \"tag\"",
            "\"a,b\", W/\"tag\"",
            "*",
        ] {
            let range = (header::RANGE, "bytes=0-1");
            assert_eq!(
                asked(&[(header::IF_NONE_MATCH, tag), range]),
                RangeRequest::Nothing
            );
        }
        for tag in ["\"x\"", "tag", "\"x, \"tag", "\"a b\"", "\"x\\\"tag\"", ""] {
            let answer = asked(&[(header::IF_NONE_MATCH, tag)]);
            assert_eq!(answer, RangeRequest::Whole, "{tag}");
        }
        let two = [
            (header::IF_NONE_MATCH, "\"x\""),
            (header::IF_NONE_MATCH, "\"tag\""),
        ];
        assert_eq!(asked(&two), RangeRequest::Nothing);
    }

    #[test]
    fn if_range_mismatch_gets_the_whole_file() {
        let range = (header::RANGE, "bytes=0-1");
        let same = (header::IF_RANGE, "\"tag\"");
        assert_eq!(asked(&[range.clone(), same]), RangeRequest::Part(0, 2));
        for other in [
            "Tue, 24 Nov 2026 10:00:00 GMT",
            "\"other\"",
            "W/\"tag\"",
            "tag",
        ] {
            let other = (header::IF_RANGE, other);
            assert_eq!(asked(&[range.clone(), other]), RangeRequest::Whole);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn served_part_is_within_the_file(
            range in "(bytes|lines)?=?(-|,| |[0-9]{1,20}|18446744073709551615){0,8}",
            size in prop_oneof![0_u64..20, any::<u64>()],
        ) {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().unwrap());
            if let RangeRequest::Part(first, end) = wanted(&headers, size, "\"tag\"") {
                prop_assert!(first < end && end <= size, "{}-{}", first, end);
            }
        }
    }
}
