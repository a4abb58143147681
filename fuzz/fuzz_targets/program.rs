//! Random programs, which the bytes choose: in native code they do what they do in the interpreter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use liblua_fuzz::programs::{compare, generate, tree};

fuzz_target!(|data: &[u8]| {
    let text = tree::text(&generate::program(data, false));
    if let Err(difference) = compare::compare(text.as_bytes()) {
        panic!("{difference}\n{text}");
    }
});
