//! Conditional requests of RFC 9110 section 13, as pure functions.
//!
//! Decides between the answer, 304 and 412, and whether a `Range` still holds (`If-Range`).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, header};

/// What the preconditions of a GET or HEAD lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answer as asked.
    Proceed,
    /// 304: the client has this version.
    NotModified,
    /// 412: the client wanted another version or none.
    PreconditionFailed,
}

/// The validators of a representation.
#[derive(Debug, Clone)]
pub struct Validators {
    /// A strong entity tag, quotes included.
    pub etag: String,
    /// Last modification.
    pub modified: SystemTime,
}

/// Evaluates the preconditions in the order of section 13.2.2.
pub fn evaluate(headers: &HeaderMap, is: &Validators) -> Verdict {
    if headers.contains_key(header::IF_MATCH) {
        if !names(headers, &header::IF_MATCH, &is.etag, Compare::Strong) {
            return Verdict::PreconditionFailed;
        }
    } else if let Some(date) = date(headers, &header::IF_UNMODIFIED_SINCE)
        && whole_seconds(is.modified) > date
    {
        return Verdict::PreconditionFailed;
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        if names(headers, &header::IF_NONE_MATCH, &is.etag, Compare::Weak) {
            return Verdict::NotModified;
        }
    } else if let Some(date) = date(headers, &header::IF_MODIFIED_SINCE)
        && whole_seconds(is.modified) <= date
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether the `Range` of a request counts: no `If-Range`, or one that names this very version.
///
/// A date counts only when it is exact and was at least a second old when the answer with it was made
/// (section 8.8.2.2): within a second a file can change twice under one date.
pub fn range_holds(headers: &HeaderMap, is: &Validators, now: SystemTime) -> bool {
    let mut values = headers.get_all(header::IF_RANGE).iter();
    let Some(value) = values.next() else {
        return true;
    };
    if values.next().is_some() {
        return false;
    }
    let Ok(value) = value.to_str() else {
        return false;
    };
    let value = value.trim();
    if value.starts_with('"') || value.starts_with("W/") {
        return value == is.etag; // strong comparison; our tag is never weak
    }
    let Ok(date) = httpdate::parse_http_date(value) else {
        return false;
    };
    let modified = whole_seconds(is.modified);
    date == modified
        && now
            .duration_since(modified)
            .is_ok_and(|age| age >= Duration::from_secs(1))
}

/// HTTP dates have no fractions.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

/// A date header; given twice or unreadable, it is ignored (sections 13.1.3 and 13.1.4).
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    httpdate::parse_http_date(value).ok()
}

#[derive(Clone, Copy, PartialEq)]
enum Compare {
    Strong,
    Weak,
}

/// Whether a list of entity tags (over several lines perhaps) has ours, or is `*`.
fn names(headers: &HeaderMap, name: &HeaderName, etag: &str, compare: Compare) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value.trim() == "*"
                || tags(value).any(|(weak, tag)| tag == etag && (compare == Compare::Weak || !weak))
        })
}

/// The tags of a list, as (weak?, tag with quotes). Commas are allowed inside the quotes; nonsense ends the list.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (weak, tag) = match rest.strip_prefix("W/") {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let end = tag.strip_prefix('"')?.find('"')? + 2;
        rest = &tag[end..];
        Some((weak, &tag[..end]))
    })
}

#[cfg(test)]
mod tests {
    use super::Verdict::{NotModified, PreconditionFailed, Proceed};
    use super::*;

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sunday, 06-Nov-94 08:49:38 GMT"; // the obsolete form counts too

    fn validators() -> Validators {
        let modified = httpdate::parse_http_date(THEN).unwrap() + Duration::from_millis(700);
        Validators {
            etag: "\"v,1\"".into(),
            modified,
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn preconditions_follow_rfc_9110() {
        type Case = (&'static [(&'static str, &'static str)], Verdict);
        let table: &[Case] = &[
            (&[], Proceed),
            (&[("if-none-match", "\"v,1\"")], NotModified),
            (&[("if-none-match", "W/\"v,1\"")], NotModified),
            (&[("if-none-match", "\"a\", \"v,1\"")], NotModified),
            (
                &[("if-none-match", "\"a\""), ("if-none-match", "\"v,1\"")],
                NotModified,
            ),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"v\"")], Proceed),
            (&[("if-none-match", "v,1")], Proceed),
            (&[("if-none-match", "\"unclosed")], Proceed),
            (&[("if-modified-since", THEN)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", BEFORE)], Proceed),
            (&[("if-modified-since", "yesterday")], Proceed),
            (
                &[("if-none-match", "\"x\""), ("if-modified-since", THEN)],
                Proceed,
            ), // the tag decides alone
            (&[("if-match", "\"v,1\"")], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "W/\"v,1\"")], PreconditionFailed),
            (&[("if-match", "\"x\"")], PreconditionFailed),
            (
                &[("if-match", "\"x\""), ("if-none-match", "\"v,1\"")],
                PreconditionFailed,
            ),
            (&[("if-unmodified-since", THEN)], Proceed),
            (&[("if-unmodified-since", BEFORE)], PreconditionFailed),
            (
                &[("if-match", "\"v,1\""), ("if-unmodified-since", BEFORE)],
                Proceed,
            ),
        ];
        for (pairs, expected) in table {
            assert_eq!(
                evaluate(&headers(pairs), &validators()),
                *expected,
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn if_range_needs_this_very_version() {
        let later = validators().modified + Duration::from_secs(60);
        for (pairs, holds) in [
            (&[][..], true),
            (&[("if-range", "\"v,1\"")][..], true),
            (&[("if-range", "W/\"v,1\"")][..], false),
            (&[("if-range", "\"other\"")][..], false),
            (&[("if-range", THEN)][..], true),
            (&[("if-range", AFTER)][..], false),
            (&[("if-range", BEFORE)][..], false),
            (&[("if-range", "nonsense")][..], false),
            (&[("if-range", THEN), ("if-range", THEN)][..], false),
        ] {
            assert_eq!(
                range_holds(&headers(pairs), &validators(), later),
                holds,
                "{pairs:?}"
            );
        }
        let young = validators().modified;
        assert!(
            !range_holds(&headers(&[("if-range", THEN)]), &validators(), young),
            "a date this young is weak"
        );
    }
}
