//! Control between C and the library. The C functions are Rust functions with C's calling convention.

use crate::State;
use criterion::{Criterion, Throughput};
use lua52::abi::lua_State;
use lua52::abi::lua_h::{lua_error, lua_pushnumber, lua_resume, lua_settop, lua_tonumberx, lua_yieldk};
use std::ffi::c_int;
use std::ptr;

const ROUNDS: f64 = 1000.0;

unsafe extern "C-unwind" fn nothing(_: *mut lua_State) -> c_int {
    0
}

unsafe extern "C-unwind" fn add_one(l: *mut lua_State) -> c_int {
    // SAFETY: a C function is called with a live thread and room on the stack.
    unsafe {
        lua_pushnumber(l, lua_tonumberx(l, 1, ptr::null_mut()) + 1.0);
    }
    1
}

unsafe extern "C-unwind" fn raise(l: *mut lua_State) -> c_int {
    // SAFETY: a C function is called with a live thread and room on the stack.
    unsafe {
        lua_pushnumber(l, 1.0);
        lua_error(l)
    }
}

unsafe extern "C-unwind" fn yield_nothing(l: *mut lua_State) -> c_int {
    // SAFETY: a C function is called with a live thread; it runs in a coroutine.
    unsafe { lua_yieldk(l, 0, 0, None) }
}

pub fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("boundary");
    group.bench_function("host calls C", |b| {
        let state = State::new();
        let l = state.0;
        b.iter(|| {
            l.pushcclosure(nothing, 0).expect("no memory needed");
            l.call(0, 0).expect("it does not raise");
        });
    });
    group.bench_function("host calls Lua", |b| {
        let state = State::with_function("return function(n) end");
        b.iter(|| state.call(1.0));
    });
    group.bench_function("error in C to pcall of the host", |b| {
        let state = State::new();
        let l = state.0;
        b.iter(|| {
            l.pushcclosure(raise, 0).expect("no memory needed");
            let status = l.pcall(0, 0, 0).expect("it ends here");
            l.settop(0);
            status
        });
    });
    group.bench_function("resume of a yield in C", |b| {
        let state = State::new();
        let co = state.0.newthread().expect("memory");
        co.aux_openlibs().expect("the libraries open");
        co.pushcclosure(yield_nothing, 0).expect("no memory needed");
        co.setglobal(b"yield").expect("memory");
        let status = co.aux_loadbufferx(b"while true do yield() end", Some(b"=bench"), None).expect("memory");
        assert_eq!(status, 0);
        let co = co.as_ptr().cast();
        b.iter(|| {
            // SAFETY: the coroutine is on its state's stack, and suspended or about to start.
            unsafe {
                lua_resume(co, ptr::null_mut(), 0);
                lua_settop(co, 0);
            }
        });
    });

    group.throughput(Throughput::Elements(ROUNDS as u64));
    group.bench_function("Lua calls C", |b| {
        let state = State::with_function("return function(n) for i = 1, n do f(i) end end");
        state.0.pushcclosure(add_one, 0).expect("no memory needed");
        state.0.setglobal(b"f").expect("memory");
        b.iter(|| state.call(ROUNDS));
    });
    group.bench_function("error in C to pcall in Lua", |b| {
        let state = State::with_function("return function(n) for i = 1, n do pcall(f) end end");
        state.0.pushcclosure(raise, 0).expect("no memory needed");
        state.0.setglobal(b"f").expect("memory");
        b.iter(|| state.call(ROUNDS));
    });
}
