//! Messages made wrong: seeds that mean something, changed as bytes, as text and as JSON.
//!
//! Deterministic by its seed, so that what broke something can be made again.
use serde_json::{Map, Value, json};

/// SplitMix64: fast, and the same on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `most`, which is not zero.
    pub fn below(&mut self, most: usize) -> usize {
        (self.roll() % most as u64) as usize
    }

    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// What readers of numbers, texts and lists stumble over.
const TOKENS: &[&str] = &[
    "NaN",
    "-Infinity",
    "1e309",
    "-1e309",
    "1e-400",
    "-0",
    "0",
    "-1",
    "0.1",
    "9007199254740993",
    "18446744073709551616",
    "-9223372036854775809",
    "1e15",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\u{202E}\"",
    "\"\u{10FFFF}\"",
    "[[[[[[[[",
    "]]]]",
    ",",
    ":",
    "\"",
    "\\",
    "\r\n",
    "\u{0}",
    "{\"\":",
    "é",
    "👨\u{200D}👩\u{200D}👧",
];

fn value(dice: &mut Dice) -> Value {
    match dice.below(16) {
        0 => Value::Null,
        1 => json!(dice.roll().is_multiple_of(2)),
        2 => json!(dice.roll()),
        3 => json!(dice.roll() as i64),
        4 => json!(f64::from_bits(dice.roll())),
        5 => json!(-0.0),
        6 => json!(1e308),
        7 => json!(""),
        8 => json!("x".repeat(dice.below(5000))),
        9 => json!("\u{0}\u{7f}\u{202E}\u{200B}\u{FEFF}"),
        10 => json!([]),
        11 => json!({}),
        12 => json!([[[[{"a": [1, null]}]]]]),
        13 => (0..dice.below(300)).map(|n| json!(n)).collect(),
        14 => json!("ünï🎉".repeat(dice.below(200))),
        _ => json!("2026-11-21T14:08:40Z"),
    }
}

/// Changes one thing somewhere in a value.
fn disturb(dice: &mut Dice, of: &mut Value) {
    let deeper = dice.below(4) > 0;
    match of {
        Value::Object(map) if deeper && !map.is_empty() => disturb_object(dice, map),
        Value::Array(list) if deeper && !list.is_empty() => {
            let place = dice.below(list.len());
            disturb(dice, &mut list[place]);
        }
        other => *other = value(dice),
    }
}

fn disturb_object(dice: &mut Dice, map: &mut Map<String, Value>) {
    let keys: Vec<String> = map.keys().cloned().collect();
    let key = dice.of(&keys).clone();
    match dice.below(6) {
        0 => {
            map.remove(&key);
        }
        1 => {
            let moved = map.remove(&key).unwrap_or_default();
            map.insert(dice.of(&keys).clone(), moved);
        }
        2 => {
            map.insert(format!("{key}{}", dice.below(3)), value(dice));
        }
        _ => {
            if let Some(inner) = map.get_mut(&key) {
                disturb(dice, inner);
            }
        }
    }
}

/// A message made of the seeds.
pub fn message(dice: &mut Dice, seeds: &[String]) -> Vec<u8> {
    let mut text = dice.of(seeds).clone();
    if let Ok(mut json) = serde_json::from_str::<Value>(&text)
        && dice.below(4) > 0
    {
        for _ in 0..=dice.below(3) {
            disturb(dice, &mut json);
        }
        text = json.to_string();
    }
    let mut bytes = text.into_bytes();
    if dice.below(2) == 0 {
        for _ in 0..=dice.below(3) {
            garble(dice, &mut bytes, seeds);
        }
    }
    bytes
}

/// Changes bytes.
fn garble(dice: &mut Dice, bytes: &mut Vec<u8>, seeds: &[String]) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + dice.below(16)).min(bytes.len());
    match dice.below(6) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => drop(bytes.drain(at..end)),
        2 => {
            let again = bytes[at..end].repeat(1 + dice.below(4));
            drop(bytes.splice(at..at, again));
        }
        3 => bytes.truncate(at),
        4 => {
            let token = dice.of(TOKENS).as_bytes().to_vec();
            drop(bytes.splice(at..end, token));
        }
        _ => {
            let other = dice.of(seeds).as_bytes();
            let rest = other[dice.below(other.len() + 1)..].to_vec();
            bytes.truncate(at);
            bytes.extend(rest);
        }
    }
}
