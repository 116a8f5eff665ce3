//! What the staged page reads from strangers.
#![no_main]
use libfuzzer_sys::fuzz_target;
use watchalong_server::dialects::decode::decoder;

fuzz_target!(|bytes: &[u8]| decoder("staged")(bytes));
