//! `cargo bench`: inner pieces one by one, for work on one of them. `make bench` compares the whole with PUC's Lua.
//!
//! `cargo bench -- tables/` runs one group; criterion compares each figure with the one of the run before.

#![deny(clippy::undocumented_unsafe_blocks)]

mod boundary;
mod compiler;
mod interpreter;
mod numbers;
mod patterns;
mod strings;
mod tables;

use criterion::{Criterion, criterion_group, criterion_main};
use lua52::api::Lua;
use lua52::api::by_name::newstate;
use lua52::vm::state;
use std::time::Duration;

/// A state with the standard libraries, closed when dropped.
struct State(Lua);

impl State {
    fn new() -> State {
        let l = newstate().expect("memory for a state");
        l.aux_openlibs().expect("the libraries open");
        State(l)
    }

    /// A state in which `chunk` returned a function, which is alone on the stack.
    fn with_function(chunk: &str) -> State {
        let state = State::new();
        let status = state
            .0
            .aux_loadbufferx(chunk.as_bytes(), Some(b"=bench"), None)
            .expect("nothing foreign is called");
        assert_eq!(status, 0, "{chunk}");
        state.0.call(0, 1).expect("the chunk runs");
        state
    }

    /// Calls the function on the stack with one number and drops the result.
    fn call(&self, n: f64) {
        let l = self.0;
        l.pushvalue(1);
        l.pushnumber(n);
        l.call(1, 0).expect("the function runs");
    }
}

impl Drop for State {
    fn drop(&mut self) {
        state::close_state(*self.0);
    }
}

criterion_group! {
    name = pieces;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = numbers::all, strings::all, tables::all, patterns::all, compiler::all, interpreter::all, boundary::all
}
criterion_main!(pieces);
