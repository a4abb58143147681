//! Random sequences of API calls, the bytes that tests/sequences interprets: any of them may do anything but harm, and
//! gives back all memory.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use liblua_fuzz::sandbox::mutate::Random;
use liblua_fuzz::sequences::{HEADER, RECORD, run};

fuzz_target!(|data: &[u8]| run(data));

// Whole records are dropped, doubled, moved and made up, or one byte changes.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed.is_multiple_of(4) || size < HEADER + RECORD {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut r = Random::new(seed as u64);
    let mut bytes = data[..size].to_vec();
    for _ in 0..=r.below(3) {
        let records = (bytes.len() - HEADER) / RECORD;
        let at = HEADER + r.below(records + 1) * RECORD;
        match r.below(5) {
            0 if records > 1 && at < bytes.len() => drop(bytes.drain(at..bytes.len().min(at + RECORD))),
            1 => {
                let from = HEADER + r.below(records) * RECORD;
                let copied = bytes[from..(from + RECORD * (1 + r.below(3))).min(bytes.len())].to_vec();
                drop(bytes.splice(at..at, copied));
            }
            2 => {
                let made: Vec<u8> = (0..RECORD).map(|_| r.below(256) as u8).collect();
                drop(bytes.splice(at..at, made));
            }
            _ => {
                let at = r.below(bytes.len());
                bytes[at] = r.below(256) as u8;
            }
        }
    }
    liblua_fuzz::put_back(&bytes, data, max_size)
});
