//! Single kinds of instructions of the interpreter, in loops of their own.

use crate::State;
use criterion::{Criterion, Throughput};

const ROUNDS: f64 = 1000.0;

/// Name, what is declared before the loop, and the loop's body.
const CASES: [(&str, &str, &str); 14] = [
    ("empty loop", "", ""),
    ("arithmetic", "local x = 0", "x = x * 3 + i - 1"),
    ("compare", "local x = 0", "if i < 500 then x = i end"),
    ("global", "", "local f = print"),
    ("field", "local t = {x = 1}", "t.x = t.x + 1"),
    ("index", "local t = {1, 2, 3, 4}", "t[2] = t[3]"),
    ("upvalue", "", "up = up + 1"),
    ("call", "local function f(a) return a end", "f(i)"),
    ("call vararg", "local function f(...) return ... end", "f(i, i)"),
    ("method", "local o = setmetatable({}, {__index = {m = function(self) end}})", "o:m()"),
    ("library function", "local floor = math.floor", "local x = floor(i)"),
    ("closure", "", "local f = function() return i end"),
    ("pcall", "local function f() end", "pcall(f)"),
    ("error", "", "pcall(error)"),
];

pub fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("interpreter");
    group.throughput(Throughput::Elements(ROUNDS as u64));
    for (name, before, body) in CASES {
        let state = State::with_function(&format!(
            "local up = 0 return function(n) {before} for i = 1, n do {body} end end"
        ));
        group.bench_function(name, |b| b.iter(|| state.call(ROUNDS)));
    }
}
