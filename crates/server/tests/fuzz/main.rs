//! Nonsense for the decoders of all dialects, and for their connections: nothing may panic, hang or take anybody along.
//!
//! A couple of seconds for each decoder and each door by default; `WATCHALONG_FUZZ_SECONDS` makes it longer (a minute in CI). What is sent is told by the
//! time and a seed that is printed, so that what failed can be made again with `WATCHALONG_FUZZ_SEED`. The same decoders
//! are targets for `cargo fuzz` in `fuzz/`, which learns from coverage and needs a nightly compiler.
#![allow(clippy::unwrap_used, missing_docs)]

mod doors;
mod mutate;
mod seeds;

use mutate::Dice;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use watchalong_server::dialects::decode::{DECODERS, Decoder};

/// How long one test may send nonsense.
fn budget() -> Duration {
    let seconds = std::env::var("WATCHALONG_FUZZ_SECONDS");
    let seconds = seconds.ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(2.0))
}

fn dice() -> Dice {
    let given = std::env::var("WATCHALONG_FUZZ_SEED");
    let given = given.ok().and_then(|text| text.parse().ok());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seed = given.unwrap_or(now.unwrap().as_nanos() as u64);
    println!("WATCHALONG_FUZZ_SEED={seed}");
    Dice(seed)
}

#[test]
fn no_decoder_panics_whatever_it_reads() {
    let mut dice = dice();
    // Side by side, so that each has the whole time.
    std::thread::scope(|all| {
        for (name, decode) in DECODERS {
            let dice = Dice(dice.roll());
            all.spawn(move || feed(name, decode, dice));
        }
    });
}

/// Sends one decoder nonsense for as long as there is time.
fn feed(name: &str, decode: Decoder, mut dice: Dice) {
    let seeds = seeds::of(name, "11111111-2222-4333-8444-555555555555");
    for seed in &seeds {
        decode(seed.as_bytes());
    }
    let (begun, mut count) = (Instant::now(), 0_u64);
    while begun.elapsed() < budget() {
        let message = if name == "frames" {
            frames(&mut dice, &seeds)
        } else {
            mutate::message(&mut dice, &seeds)
        };
        // One that never comes back would hold up the test, which shows it as well.
        if std::panic::catch_unwind(|| decode(&message)).is_err() {
            panic!("{name} panics at {:?}", String::from_utf8_lossy(&message));
        }
        count += 1;
    }
    println!("{name}: {count} messages");
}

/// Targets of cargo-fuzz are compiled by nobody but whoever runs them; at least none may be missing.
#[test]
fn every_dialect_has_a_target_and_a_door() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in DECODERS {
        let target = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs")));
        let target = target.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(target.contains(&format!("decoder(\"{name}\")")), "{name}");
        let path = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&path), "{name} is not in fuzz/Cargo.toml");
        assert!(
            name == "frames" || doors::DIALECTS.contains(&name),
            "{name}"
        );
    }
    let dialects = watchalong_server::config::Config::parse(["--dialects", "all"]).unwrap();
    for name in dialects.dialects {
        assert!(DECODERS.iter().any(|(known, _)| *known == name), "{name}");
    }
}

/// WebSocket frames, right and wrong, in a row.
fn frames(dice: &mut Dice, seeds: &[String]) -> Vec<u8> {
    let mut all = Vec::new();
    for _ in 0..=dice.below(4) {
        let payload = mutate::message(dice, seeds);
        let opcode = *dice.of(&[0x81_u8, 0x82, 0x01, 0x80, 0x89, 0x8a, 0x88, 0x8f, 0xc1]);
        let length = match dice.below(8) {
            0 => dice.roll(),
            1 => payload.len() as u64 + 1,
            _ => payload.len() as u64,
        };
        let mask = (dice.roll() as u32).to_be_bytes();
        all.push(opcode);
        match length {
            0..=125 => all.push(0x80 | length as u8),
            126..=65_535 => {
                all.push(0x80 | 126);
                all.extend((length as u16).to_be_bytes());
            }
            _ => {
                all.push(0x80 | 127);
                all.extend(length.to_be_bytes());
            }
        }
        all.extend(mask);
        let masked = payload
            .iter()
            .enumerate()
            .map(|(at, byte)| byte ^ mask[at % 4]);
        all.extend(masked);
    }
    if dice.below(3) == 0 {
        let at = dice.below(all.len());
        all[at] ^= 1 << dice.below(8);
    }
    all
}
