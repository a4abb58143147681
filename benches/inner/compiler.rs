//! Source text and binary chunks to functions.

use crate::State;
use criterion::{Criterion, Throughput};
use lua52::chunk;

const SOURCE: &[u8] = include_bytes!("../lua/json.lua");

/// Loads the chunk once and drops it.
fn load(state: &State, chunk: &[u8]) {
    let l = state.0;
    assert_eq!(l.aux_loadbufferx(chunk, Some(b"=bench"), None).expect("nothing foreign is called"), 0);
    l.settop(0);
}

pub fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("compiler");
    let lines = SOURCE.iter().filter(|&&b| b == b'\n').count();
    group.throughput(Throughput::Elements(lines as u64));
    let state = State::new();
    group.bench_function("compile", |b| b.iter(|| load(&state, SOURCE)));

    let l = state.0;
    l.aux_loadbufferx(SOURCE, Some(b"=bench"), None).expect("nothing foreign is called");
    let f = l.from_top(1).as_lua_closure().expect("a Lua function");
    let dump = || {
        let mut out = Vec::new();
        let write = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(0)
        };
        chunk::dump_to(write, f.proto, false).expect("writing does not fail");
        out
    };
    let binary = dump();
    group.bench_function("dump", |b| b.iter(dump));
    l.settop(0);
    group.bench_function("undump and verify", |b| b.iter(|| load(&state, &binary)));
}
