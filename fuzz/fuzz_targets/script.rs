//! Changed source texts: compiled, and run when they compile.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use liblua_fuzz::sandbox::mutate::{Random, change_script};

fuzz_target!(|data: &[u8]| {
    liblua_fuzz::try_input(data, b"t");
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed.is_multiple_of(8) {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut text = data[..size].to_vec();
    change_script(&mut text, &mut Random::new(seed as u64));
    liblua_fuzz::put_back(&text, data, max_size)
});
