//! Text of numbers and numbers of text.

use criterion::Criterion;
use lua52::num::{NUMBER_BUFFER, format_g14, parse};
use std::hint::black_box;

/// Kinds of numbers that scripts print and read.
const KINDS: [(&str, f64, &str); 4] = [
    ("integer", 1_234_567.0, "1234567"),
    ("short", 3.25, "3.25"),
    ("long", 0.123_456_789_012_345_67, "0.12345678901234567"),
    ("exponent", 6.022_140_76e23, "6.02214076e+23"),
];

pub fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("numbers");
    for (kind, value, text) in KINDS {
        group.bench_function(format!("format/{kind}"), |b| {
            let mut out = [0; NUMBER_BUFFER];
            b.iter(|| format_g14(black_box(value), &mut out));
        });
        group.bench_function(format!("parse/{kind}"), |b| b.iter(|| parse(black_box(text.as_bytes()))));
    }
}
