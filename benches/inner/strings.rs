//! Making strings: short ones are interned.

use crate::State;
use criterion::Criterion;
use lua52::object::string::hash_bytes;
use std::hint::black_box;

pub fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("strings");
    for length in [8, 40] {
        let text = vec![b'x'; length];
        group.bench_function(format!("hash/{length}"), |b| b.iter(|| hash_bytes(1, black_box(&text))));
        group.bench_function(format!("intern/{length}/known"), |b| {
            let state = State::new();
            let l = state.0;
            l.pushlstring(&text).expect("memory");
            b.iter(|| {
                l.pushlstring(black_box(&text)).expect("memory");
                l.settop(1);
            });
        });
    }
    // With what the collector takes to free them again.
    for length in [8, 40, 1000] {
        group.bench_function(format!("new/{length}"), |b| {
            let state = State::new();
            let l = state.0;
            let mut text = vec![b'x'; length];
            let mut n = 0u64;
            b.iter(|| {
                n += 1;
                text[..8].copy_from_slice(&n.to_ne_bytes());
                l.pushlstring(black_box(&text)).expect("memory");
                l.settop(0);
            });
        });
    }
}
