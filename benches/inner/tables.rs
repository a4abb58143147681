//! Reading, writing and growing tables, below the API.

use crate::State;
use criterion::Criterion;
use lua52::object::string::intern;
use lua52::object::{Gc, Str, Table, Value};
use std::hint::black_box;

const ITEMS: i64 = 64;

pub fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("tables");
    let state = State::new();
    let l = state.0;
    // A table with a list and fields, kept alive by the stack.
    l.createtable(0, 0).expect("memory");
    let t: Gc<Table> = l.from_top(1).as_table().expect("a table");
    let mut keys: Vec<Gc<Str>> = Vec::new();
    for i in 1..=ITEMS {
        let key = intern(*l, format!("key{i}").as_bytes()).expect("memory");
        t.set_str(*l, key, Value::number(i as f64)).expect("memory");
        t.set_int(*l, i, Value::TRUE).expect("memory");
        keys.push(key);
    }
    let absent = intern(*l, b"absent").expect("memory");
    l.pushlstring(b"absent").expect("memory");

    group.bench_function("get/integer", |b| {
        let mut i = 0;
        b.iter(|| {
            i = i % ITEMS + 1;
            t.get_int(black_box(i))
        });
    });
    group.bench_function("get/string", |b| {
        let mut i = 0;
        b.iter(|| {
            i = (i + 1) % keys.len();
            t.get_short(black_box(keys[i]))
        });
    });
    group.bench_function("get/absent string", |b| b.iter(|| t.get_short(black_box(absent))));
    group.bench_function("get/fraction", |b| b.iter(|| t.get(l.global(), black_box(Value::number(0.5)))));
    group.bench_function("set/integer", |b| {
        let mut i = 0;
        b.iter(|| {
            i = i % ITEMS + 1;
            t.set_int(*l, black_box(i), Value::FALSE)
        });
    });
    group.bench_function("set/string", |b| {
        let mut i = 0;
        b.iter(|| {
            i = (i + 1) % keys.len();
            t.set_str(*l, black_box(keys[i]), Value::FALSE)
        });
    });
    group.bench_function("length", |b| b.iter(|| black_box(t).length(l.global())));
    group.bench_function("next/all", |b| {
        b.iter(|| {
            let (mut at, mut n) = (0, 0);
            while let Some((next, ..)) = t.next_from(at) {
                at = next;
                n += 1;
            }
            n
        });
    });
    // From nothing to `ITEMS` items and away.
    group.bench_function("grow/list", |b| {
        b.iter(|| {
            l.createtable(0, 0).expect("memory");
            for i in 1..=ITEMS as i32 {
                l.pushboolean(true);
                l.rawseti(-2, i).expect("memory");
            }
            l.settop(2);
        });
    });
    group.bench_function("grow/fields", |b| {
        b.iter(|| {
            l.createtable(0, 0).expect("memory");
            let t = l.from_top(1).as_table().expect("a table");
            for &key in &keys {
                t.set_str(*l, key, Value::TRUE).expect("memory");
            }
            l.settop(2);
        });
    });
}
