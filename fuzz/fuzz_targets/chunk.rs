//! Changed binary chunks: what the verifier accepts may do anything but harm.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use liblua_fuzz::sandbox::mutate::{Random, change_chunk};

fuzz_target!(|data: &[u8]| {
    liblua_fuzz::try_input(data, b"b");
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed.is_multiple_of(8) {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut chunk = data[..size].to_vec();
    change_chunk(&mut chunk, &mut Random::new(seed as u64));
    liblua_fuzz::put_back(&chunk, data, max_size)
});
