//! The suites, in the order in which they run.

/// When a suite runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// with each run
    Always,
    /// only with `--full`
    Full,
}

/// How a suite says what it counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// the last line of the form "N passed, N failed"
    Line,
    /// the lines "test result:" of cargo
    Cargo,
    /// nothing: it is one test, passed when the command succeeds
    Exit,
}

pub struct Suite {
    pub name: &'static str,
    pub when: When,
    pub counts: Counts,
    /// commands that must be there
    pub needs: &'static [&'static str],
    /// For the shell, at the top of the repository. `$BUILD` is the build directory, `$REFERENCE` where the reference is
    /// installed, `$FULL` is `--full` or nothing.
    pub command: &'static str,
}

use Counts::{Cargo, Exit, Line};
use When::{Always, Full};

const fn suite(
    name: &'static str,
    when: When,
    counts: Counts,
    needs: &'static [&'static str],
    command: &'static str,
) -> Suite {
    Suite { name, when, counts, needs, command }
}

#[rustfmt::skip] // one line says more than seven
pub const SUITES: &[Suite] = &[
    suite("format", Always, Exit, &[], "cargo fmt --all --check"),
    suite("clippy", Always, Exit, &[], "cargo clippy --quiet --workspace --all-targets -- -D warnings"),
    suite("clippy-freestanding", Always, Exit, &[],
        r#"cargo clippy --quiet --lib --features freestanding --config 'profile.dev.panic="abort"' -- -D warnings"#),
    suite("test-runner", Always, Cargo, &[], "cargo test -p xtask"),
    suite("rust", Always, Cargo, &["luac5.2"], "cargo test"),
    suite("headers", Always, Line, &["cc", "c++"], "tests/headers.py"),
    suite("held", Always, Line, &[], "cargo run --quiet -p xtask -- held"),
    suite("docs", Always, Line, &["python3"], "tests/docs.py"),
    suite("exports", Always, Line, &["nm", "cc"], "tests/exports $BUILD"),
    suite("capi-tests", Always, Line, &["cc", "c++"], "capi-tests/run $REFERENCE $BUILD/lib $BUILD/include"),
    suite("oracle", Always, Line, &["lua5.2"], "tests/oracle/run $FULL $BUILD"),
    suite("sequences", Always, Line, &["cc"], "tests/sequences/run $BUILD"),
    suite("c-examples", Always, Line, &["cc", "c++"], "c-examples/run $BUILD"),
    suite("program-units", Always, Cargo, &[],
        "LIBLUA_DIR=$(realpath $BUILD)/lib cargo test -p lua-programs --target-dir target/programs"),
    suite("programs", Always, Line, &["lua5.2", "luac5.2"], "tests/programs $BUILD"),
    suite("repl", Always, Line, &["python3"], "tests/repl $BUILD"),
    suite("chunks", Always, Line, &["luac5.2"], "tests/chunks $BUILD"),
    suite("asan", Always, Line, &["cc"],
        "CAPI_TESTS_QUICK=1 capi-tests/run --asan $REFERENCE $BUILD/lib $BUILD/include"),
    // What is fast enough for each run; valgrind-full does the rest.
    suite("valgrind", Always, Line, &["valgrind"],
        "CAPI_TESTS_QUICK=1 capi-tests/run --valgrind $REFERENCE $BUILD/lib $BUILD/include \
         calls coroutines hooks userdata notables oom cxx_destructors cxx_exceptions"),
    suite("gdb", Always, Line, &["gdb"], "tests/gdb $BUILD"),
    suite("aarch64", Always, Line, &["aarch64-linux-gnu-g++", "qemu-aarch64"], "tests/cross $FULL aarch64"),
    suite("riscv64", Always, Line, &["riscv64-linux-gnu-g++", "qemu-riscv64"], "tests/cross $FULL riscv64"),
    suite("mlua", Always, Line, &["pkg-config"], "tests/mlua/run $BUILD"),
    suite("stress", Always, Line, &["cc"], "tests/stress $FULL $BUILD"),
    suite("benchmarks", Always, Line, &["lua5.2"], "tests/checksums $BUILD"),
    suite("bench-report", Always, Line, &["python3"], "tests/bench_report.py"),
    suite("hook-events", Always, Line, &["cc"], "tests/hook_events $BUILD"),
    suite("hosts", Always, Line, &["highlight", "vim.nox"], "tests/hosts $BUILD"),
    suite("install", Always, Line, &["pkg-config", "cmake"], "tests/install $BUILD"),
    suite("plain-library", Always, Line, &["cc", "nm"], "tests/plain_library"),
    suite("public-api", Always, Line, &["python3"], "tests/public_api.py"),

    suite("out-of-memory", Full, Line, &["cc"],
        "CAPI_TESTS_OOM_RUNS=100000 CAPI_TESTS_TIMEOUT=900 capi-tests/run $REFERENCE $BUILD/lib $BUILD/include oom"),
    // same_at_limits compiles texts of megabytes: at a collection for each allocation it takes more than minutes.
    suite("stress-gc", Full, Cargo, &[], "cargo test --features stress-gc,heapcheck -- --skip same_at_limits"),
    suite("stress-stack", Full, Cargo, &[], "cargo test --features stress-stack"),
    suite("clippy-jit", Full, Exit, &[],
        "cargo clippy --quiet --lib --tests --features stress-jit -- -D warnings"),
    suite("native-encoder", Full, Cargo, &["objdump"], "cargo test --lib --features jit jit::"),
    suite("native-rust", Full, Cargo, &["luac5.2", "objdump"],
        "LIBLUA_JIT=always cargo test --features stress-jit"),
    suite("native", Full, Line, &["cc", "lua5.2"], "tests/native $BUILD"),
    suite("native-stress", Full, Line, &["cc", "lua5.2"], "tests/native --stress $BUILD"),
    suite("apicheck", Full, Line, &["cc"], "tests/variant apicheck --apicheck"),
    suite("sequences-c", Full, Line, &["cc"], "tests/sequences/run --count 200000 --seed 2 $BUILD"),
    suite("sequences-c++", Full, Line, &["cc"], "tests/sequences/run --count 200000 --seed 3 --flavour c++ $BUILD"),
    suite("sequences-asan", Full, Line, &["cc"], "tests/sequences/run --asan --count 200000 --seed 5 $BUILD"),
    suite("sequences-apicheck", Full, Line, &["cc"],
        "tests/sequences/run --ours-only --count 50000 --seed 4 $BUILD/variant-apicheck"),
    // Moving the stack at each step makes deep recursion quadratic: the areas without it.
    suite("stress-stack-capi", Full, Line, &["cc"],
        "tests/variant stress-stack stack convert operate tables coroutines chunks debug hooks userdata collector \
         auxlib buffer stream compat memory notables"),
    suite("fuzz-unguided", Full, Cargo, &[],
        "FUZZ_CHUNKS=10000000 FUZZ_SCRIPTS=100000 cargo test --test untrusted_chunks"),
    suite("fuzz-chunk", Full, Exit, &[], "fuzz/run chunk -max_total_time=120"),
    suite("fuzz-script", Full, Exit, &[], "fuzz/run script -max_total_time=120"),
    suite("fuzz-sequence", Full, Exit, &[], "fuzz/run sequence -max_total_time=120"),
    suite("boundary-cxx", Full, Cargo, &["c++"], "cargo test --features cxx --test boundary"),
    suite("clippy-portable", Full, Exit, &[],
        "cargo clippy --quiet --lib --tests --features portable-boundary -- -D warnings"),
    suite("portable-boundary", Full, Cargo, &["cc"], "cargo test --features portable-boundary --test boundary"),
    suite("portable-boundary-cxx", Full, Cargo, &["c++"],
        "cargo test --features portable-boundary,cxx --test boundary"),
    suite("portable-boundary-capi", Full, Line, &["cc"], "tests/variant portable-boundary"),
    // Without an unwinder: everything but destructors and exceptions.
    suite("plain-c-boundary", Full, Line, &["cc"],
        "CFLAGS=-DLUA52_PLAIN_C tests/variant portable-boundary auxlib buffer calls chunks collector compat convert \
         coroutines debug hooks memory notables operate stack stream tables threads userdata"),
    // Without the pool that hides single objects from the checkers.
    suite("valgrind-full", Full, Line, &["valgrind"], "CAPI_TESTS_TIMEOUT=900 tests/variant system-alloc --valgrind"),
    suite("asan-full", Full, Line, &["cc"], "CAPI_TESTS_TIMEOUT=900 tests/variant system-alloc --asan"),
];
