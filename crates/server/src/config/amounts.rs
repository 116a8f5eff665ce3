//! What the numbers of settings mean: rates, sizes, spans of time and counts, with their units and bounds.
//!
//! Each reader takes one text and says what would be right otherwise, as those of `values.rs` do for everything else.
use super::values::{Read, text};
use crate::limits::Rate;
use std::ffi::OsStr;
use std::time::Duration;

/// More sockets than this no process gets; the figure is Linux's usual `fs.nr_open`.
const MAX_CONNECTIONS: usize = 1_048_576;
/// An hour: service managers kill long before.
const MAX_GRACE_SECONDS: u64 = 3600;
/// Ten years; browsers themselves keep no cookie longer than about one.
const MAX_SESSION_DAYS: u64 = 3650;
/// Clients hold a token for a whole evening and the one after.
const MIN_TOKEN_HOURS: u64 = 12;
/// A year.
const MAX_TOKEN_HOURS: u64 = 8760;
/// A day: whoever is away for longer makes another room.
const MAX_ROOM_GRACE_SECONDS: u64 = 86_400;
/// Slower than this no film can be watched, and it is surely a mistake (bits taken for megabits).
const LEAST_RATE: f64 = 100_000.0;
/// An unused line of 1 Tbit/s; more is a mistake.
const MOST_RATE: f64 = 1e12;
/// Shorter than this nothing of a room lasts.
const LEAST_TIME_MS: f64 = 100.0;
/// A day.
const MOST_TIME_MS: f64 = 24.0 * 3.6e6;
/// As many as any window of a room's chat counts.
const MOST_MESSAGES: usize = 100;
/// A petabyte: more than any disk holds.
const MOST_BYTES: f64 = 1e15;
/// A year.
const MOST_HOURS: u64 = 366 * 24;
/// Folders and lists stay usable.
const MOST_FILES: usize = 10_000;
/// No machine encodes more films in real time.
const MOST_ENCODES: usize = 64;
/// A year.
const MOST_EXPIRY_SECONDS: u64 = 366 * 24 * 3600;
/// A day ahead is everything.
const MOST_AHEAD_SECONDS: u64 = 24 * 3600;

/// A number and the unit after it, in lower case.
fn number_and_unit(text: &str) -> Option<(f64, String)> {
    let text = text.trim().to_ascii_lowercase();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim().to_owned()))
}

/// Bits a second, read as `20mbit`; answered in bytes a second. Nothing of anything is no limit.
pub fn rate(raw: &OsStr) -> Read<Option<f64>> {
    let bits = number_and_unit(text(raw)?).and_then(|(number, unit)| {
        let factor = match unit.as_str() {
            "" if number == 0.0 => 1.0,
            "bit" | "bit/s" | "bps" => 1.0,
            "kbit" | "kbit/s" | "kbps" => 1e3,
            "mbit" | "mbit/s" | "mbps" => 1e6,
            "gbit" | "gbit/s" | "gbps" => 1e9,
            _ => return None,
        };
        Some(number * factor)
    });
    bits.filter(|bits| *bits == 0.0 || (LEAST_RATE..=MOST_RATE).contains(bits))
        .map(|bits| (bits > 0.0).then_some(bits / 8.0))
        .ok_or_else(|| {
            "bits a second with their unit would be right, such as 20mbit, 800kbit or 1gbit"
                .to_owned()
        })
}

/// Whole seconds; 0 is off.
pub fn look_ahead(raw: &OsStr) -> Read<Option<Duration>> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| *seconds <= MOST_AHEAD_SECONDS);
    seconds
        .map(|seconds| (seconds > 0).then(|| Duration::from_secs(seconds)))
        .ok_or_else(|| {
            format!("a whole number of seconds up to {MOST_AHEAD_SECONDS} would be right")
        })
}

/// Bytes, read as `32mb`, `1.5 GB` or `0`.
pub fn size(raw: &OsStr) -> Read<u64> {
    let bytes = number_and_unit(text(raw)?).and_then(|(number, unit)| {
        let factor = match unit.as_str() {
            "" | "b" => 1.0,
            "kb" | "k" => 1e3,
            "mb" | "m" => 1e6,
            "mib" => 1_048_576.0,
            "gb" | "g" => 1e9,
            "tb" | "t" => 1e12,
            _ => return None,
        };
        Some(number * factor)
    });
    bytes
        .filter(|bytes| (0.0..=MOST_BYTES).contains(bytes))
        .map(|bytes| bytes as u64)
        .ok_or_else(|| "bytes with a unit would be right, such as 32mb, 1.5gb or 0".to_owned())
}

/// A time, read as `5s`, `500ms` or `2min`; whole seconds without a unit.
pub fn time(raw: &OsStr) -> Read<Duration> {
    let millis = number_and_unit(text(raw)?).and_then(|(number, unit)| {
        let factor = match unit.as_str() {
            "ms" => 1.0,
            "" | "s" => 1e3,
            "min" => 6e4,
            "h" => 3.6e6,
            _ => return None,
        };
        Some(number * factor)
    });
    millis
        .filter(|millis| (LEAST_TIME_MS..=MOST_TIME_MS).contains(millis))
        .map(|millis| Duration::from_millis(millis as u64))
        .ok_or_else(|| "a time with a unit would be right, such as 5s, 500ms or 2min".to_owned())
}

/// How many messages; a room keeps no more, and counts no further.
pub fn messages(raw: &OsStr) -> Read<usize> {
    let count = text(raw)?
        .parse()
        .ok()
        .filter(|count| (1..=MOST_MESSAGES).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MOST_MESSAGES} would be right"))
}

/// Encoders at once; at least one.
pub fn encodes(raw: &OsStr) -> Read<usize> {
    let count = text(raw)?
        .parse()
        .ok()
        .filter(|count| (1..=MOST_ENCODES).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MOST_ENCODES} would be right"))
}

/// How long an empty room of a dialect is kept.
pub fn room_expiry(raw: &OsStr) -> Read<Duration> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| (1..=MOST_EXPIRY_SECONDS).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!("a whole number of seconds from 1 to {MOST_EXPIRY_SECONDS} would be right")
    })
}

/// Whole hours, at least one.
pub fn hours(raw: &OsStr) -> Read<Duration> {
    let hours = text(raw)?
        .parse()
        .ok()
        .filter(|hours| (1..=MOST_HOURS).contains(hours));
    hours
        .map(|hours: u64| Duration::from_secs(hours * 3600))
        .ok_or_else(|| format!("a whole number of hours from 1 to {MOST_HOURS} would be right"))
}

/// A whole number of things, at least one.
pub fn count(raw: &OsStr) -> Read<usize> {
    let count = text(raw)?
        .parse()
        .ok()
        .filter(|count| (1..=MOST_FILES).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MOST_FILES} would be right"))
}

/// Whole days.
pub fn session_days(raw: &OsStr) -> Read<Duration> {
    let days = text(raw)?
        .parse::<u64>()
        .ok()
        .filter(|days| (1..=MAX_SESSION_DAYS).contains(days));
    days.map(|days| Duration::from_secs(days * 86_400))
        .ok_or_else(|| {
            format!("a whole number of days from 1 to {MAX_SESSION_DAYS} would be right")
        })
}

/// Whole hours.
pub fn token_hours(raw: &OsStr) -> Read<Duration> {
    let hours = text(raw)?
        .parse::<u64>()
        .ok()
        .filter(|hours| (MIN_TOKEN_HOURS..=MAX_TOKEN_HOURS).contains(hours));
    hours
        .map(|hours| Duration::from_secs(hours * 3600))
        .ok_or_else(|| {
            format!(
                "a whole number of hours from {MIN_TOKEN_HOURS} to {MAX_TOKEN_HOURS} would be right"
            )
        })
}

/// How often something may happen, or no limit.
pub fn limit(raw: &OsStr) -> Read<Option<Rate>> {
    match text(raw)? {
        "off" => Ok(None),
        rate => Rate::parse(rate).map(Some).ok_or_else(|| {
            "a count for each `s`, `min`, `hour` or `day` would be right, such as 10/min, or `off`".to_owned()
        }),
    }
}

/// At least one.
pub fn max_connections(raw: &OsStr) -> Read<usize> {
    let count = text(raw)?
        .parse()
        .ok()
        .filter(|count| (1..=MAX_CONNECTIONS).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MAX_CONNECTIONS} would be right"))
}

/// Whole seconds.
pub fn grace(raw: &OsStr) -> Read<Duration> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| *seconds <= MAX_GRACE_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!("a whole number of seconds from 0 to {MAX_GRACE_SECONDS} would be right")
    })
}

/// How long a room waits for its host.
pub fn room_grace(raw: &OsStr) -> Read<Duration> {
    let seconds = text(raw)?
        .parse()
        .ok()
        .filter(|seconds| *seconds <= MAX_ROOM_GRACE_SECONDS);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        format!("a whole number of seconds from 0 to {MAX_ROOM_GRACE_SECONDS} would be right")
    })
}
