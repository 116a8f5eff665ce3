//! The `Range` header of RFC 9110 section 14, as a pure function.
//!
//! One range is answered as asked. Several are answered as one when they touch or overlap; otherwise the
//! whole is sent, which section 14.2 allows and every client must accept: no player we know asks for
//! `multipart/byteranges`, and answering it is how servers were made to send a file a hundred times over.

use std::ops::Range;

/// Most ranges looked at in one header. Players send one; more is an attack (RFC 9110 section 17.15).
const MAX_RANGES: usize = 16;

/// What a `Range` header asks of a representation of known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeAnswer {
    /// 200 with everything: no range, another unit, bad syntax, or ranges far apart.
    Whole,
    /// 206 with these bytes, never empty and always inside the length.
    Part(Range<u64>),
    /// 416: well-formed, but nothing of it exists.
    Unsatisfiable,
}

/// Answers a `Range` header value for a representation of `length` bytes.
pub fn answer(header: &str, length: u64) -> RangeAnswer {
    let Some((unit, set)) = header.split_once('=') else {
        return RangeAnswer::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return RangeAnswer::Whole;
    }
    let mut union: Option<Range<u64>> = None;
    let mut apart = false;
    let mut asked = 0;
    let mut parts = Vec::new();
    for item in set.split(',') {
        let item = item.trim_matches([' ', '\t']);
        if item.is_empty() {
            continue; // RFC 9110 5.6.1: empty list elements are ignored
        }
        asked += 1;
        if asked > MAX_RANGES {
            return RangeAnswer::Whole;
        }
        match parse_item(item, length) {
            None => return RangeAnswer::Whole, // one bad item makes the whole header invalid
            Some(part) if part.is_empty() => {}
            Some(part) => parts.push(part),
        }
    }
    if asked == 0 {
        return RangeAnswer::Whole;
    }
    parts.sort_by_key(|part| part.start);
    for part in parts {
        match &mut union {
            None => union = Some(part),
            Some(whole) if part.start <= whole.end => whole.end = whole.end.max(part.end),
            Some(_) => apart = true,
        }
    }
    match union {
        _ if apart => RangeAnswer::Whole,
        Some(part) => RangeAnswer::Part(part),
        // A suffix of an empty file is satisfiable, but no Content-Range can say so: send the (empty) whole.
        None if length == 0 && set.split(',').any(|item| item.trim().starts_with('-')) => {
            RangeAnswer::Whole
        }
        None => RangeAnswer::Unsatisfiable,
    }
}

/// One `first-last`, `first-` or `-suffix`. `None` is bad syntax, an empty range is one that doesn't exist.
fn parse_item(item: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = item.split_once('-')?;
    if first.is_empty() {
        let suffix = digits(last)?;
        return Some(length.saturating_sub(suffix)..length);
    }
    let first = digits(first)?;
    let end = if last.is_empty() {
        length
    } else {
        let last = digits(last)?;
        if last < first {
            return None;
        }
        last.saturating_add(1).min(length)
    };
    Some(first.min(length)..end.max(first.min(length)))
}

/// Digits only (no sign, no blank); a number past `u64` is as good as the largest one.
fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.bytes().fold(0, |n: u64, b| {
        n.saturating_mul(10).saturating_add(u64::from(b - b'0'))
    }))
}

#[cfg(test)]
mod tests {
    use super::RangeAnswer::{Part, Unsatisfiable, Whole};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_answered_as_rfc_9110_says() {
        let table: &[(&str, u64, RangeAnswer)] = &[
            ("bytes=0-499", 10_000, Part(0..500)),
            ("bytes=500-999", 10_000, Part(500..1000)),
            ("bytes=-500", 10_000, Part(9500..10_000)),
            ("bytes=9500-", 10_000, Part(9500..10_000)),
            ("bytes=0-0", 10_000, Part(0..1)),
            ("bytes=0-", 10_000, Part(0..10_000)),
            ("bytes=0-99999", 10_000, Part(0..10_000)),
            ("bytes=-99999", 10_000, Part(0..10_000)),
            ("bytes=9999-9999", 10_000, Part(9999..10_000)),
            ("bytes=0-99999999999999999999999", 10, Part(0..10)),
            ("Bytes = 1-2", 10, Part(1..3)),
            ("bytes=,1-2,", 10, Part(1..3)),
            // several
            ("bytes=0-4,5-9", 100, Part(0..10)),
            ("bytes=5-9, 0-6", 100, Part(0..10)),
            ("bytes=0-4,200-300", 100, Part(0..5)),
            ("bytes=0-0,-1", 100, Whole),
            ("bytes=0-0,2-2", 100, Whole),
            // nothing there
            ("bytes=10000-", 10_000, Unsatisfiable),
            ("bytes=10000-10001", 10_000, Unsatisfiable),
            ("bytes=99999999999999999999999-", 10, Unsatisfiable),
            ("bytes=-0", 10_000, Unsatisfiable),
            ("bytes=0-", 0, Unsatisfiable),
            ("bytes=-5", 0, Whole),
            // bad syntax, other units
            ("bytes=5-4", 10_000, Whole),
            ("bytes=", 10_000, Whole),
            ("bytes=-", 10_000, Whole),
            ("bytes=a-b", 10_000, Whole),
            ("bytes=+1-2", 10_000, Whole),
            ("bytes=1 -2", 10_000, Whole),
            ("bytes=1-2-3", 10_000, Whole),
            ("bytes=0x1-2", 10_000, Whole),
            ("bytes=0-1,zzz", 10_000, Whole),
            ("bytes 0-1", 10_000, Whole),
            ("seconds=1-2", 10_000, Whole),
            ("", 10_000, Whole),
        ];
        for (header, length, expected) in table {
            assert_eq!(&answer(header, *length), expected, "{header:?} of {length}");
        }
    }

    #[test]
    fn a_swarm_of_ranges_gets_the_whole_file_once() {
        let header = format!("bytes={}", vec!["0-"; 1000].join(","));
        assert_eq!(answer(&header, 100), Whole);
    }

    #[derive(Debug, Clone)]
    enum Item {
        Closed(u64, u64),
        Open(u64),
        Suffix(u64),
    }

    fn item() -> impl Strategy<Value = Item> {
        prop_oneof![
            (0..60u64, 0..60u64).prop_map(|(a, b)| Item::Closed(a, b)),
            (0..60u64).prop_map(Item::Open),
            (0..60u64).prop_map(Item::Suffix),
        ]
    }

    proptest! {
        /// Against a model that marks every single byte.
        #[test]
        fn answer_agrees_with_a_model_that_marks_bytes(items in prop::collection::vec(item(), 1..5), length in 1..50u64) {
            let header = items.iter().map(|item| match item {
                Item::Closed(a, b) => format!("{a}-{b}"),
                Item::Open(a) => format!("{a}-"),
                Item::Suffix(n) => format!("-{n}"),
            }).collect::<Vec<_>>().join(",");
            let got = answer(&format!("bytes={header}"), length);
            if items.iter().any(|item| matches!(item, Item::Closed(a, b) if b < a)) {
                prop_assert_eq!(got, Whole);
                return Ok(());
            }
            let wanted = |byte: u64| items.iter().any(|item| match item {
                Item::Closed(a, b) => (*a..=*b).contains(&byte),
                Item::Open(a) => byte >= *a,
                Item::Suffix(n) => byte + n >= length,
            });
            let marked: Vec<u64> = (0..length).filter(|byte| wanted(*byte)).collect();
            let contiguous = marked.windows(2).all(|pair| pair[1] == pair[0] + 1);
            prop_assert_eq!(got, match (marked.first(), marked.last()) {
                (Some(first), Some(last)) if contiguous => Part(*first..last + 1),
                (Some(_), _) => Whole,
                (None, _) => Unsatisfiable,
            });
        }

        #[test]
        fn no_header_panics_or_leaves_the_file(header in "(bytes=)?[0-9,a-z \\-]{0,40}", length: u64) {
            if let Part(part) = answer(&header, length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
        }
    }
}
