//! The pattern matcher, called as scripts call it. Each figure is of `CALLS` calls on a line of a log.

use crate::State;
use criterion::{Criterion, Throughput};

const LINE: &str =
    "2014-03-07 12:01:33 [worker-17] request GET /index.html?user=alice&page=3 took 0.0134 seconds";
const CALLS: f64 = 100.0;

/// Name, and an expression with the subject as `s`.
const CASES: [(&str, &str); 8] = [
    ("find plain", "s:find('took', 1, true)"),
    ("find class", "s:find('%d%d:%d%d:%d%d')"),
    ("match captures", "s:match('(%d+)-(%d+)-(%d+)')"),
    ("match lazy", "s:match('%[(.-)%]')"),
    ("match set", "s:match('[%w%.]+%?')"),
    ("find nothing", "s:find('%u%u%u%u')"),
    ("gsub words", "s:gsub('%w+', '<%0>')"),
    ("gmatch words", "(function() for w in s:gmatch('%a+') do end end)()"),
];

pub fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("patterns");
    group.throughput(Throughput::Elements(CALLS as u64));
    for (name, expression) in CASES {
        let state = State::with_function(&format!(
            "local s = '{LINE}' return function(n) for i = 1, n do local r = {expression} end end"
        ));
        group.bench_function(name, |b| b.iter(|| state.call(CALLS)));
    }
}
