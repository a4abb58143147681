//! The suites, in the order in which they start.

/// When a suite runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// with each run
    Always,
    /// only with `--full`
    Full,
}

/// What else may run meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Nothing: the suite measures time or keeps all cores busy.
    Alone,
    /// Any suite of this kind: it writes nothing that another one reads, and mostly needs one core.
    Beside,
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
    pub company: Company,
    pub counts: Counts,
    /// commands that must be there
    pub needs: &'static [&'static str],
    /// For the shell, at the top of the repository. `$BUILD` is the build directory, `$REFERENCE` where the reference
    /// is installed, `$FULL` is `--full` or nothing.
    pub command: &'static str,
}

use Company::{Alone, Beside};
use Counts::{Cargo, Exit, Line};
use When::{Always, Full};

const fn suite(
    name: &'static str,
    when: When,
    company: Company,
    counts: Counts,
    needs: &'static [&'static str],
    command: &'static str,
) -> Suite {
    Suite { name, when, company, counts, needs, command }
}

#[rustfmt::skip] // one line says more than seven
pub const SUITES: &[Suite] = &[
    suite("format", Always, Alone, Exit, &[], "cargo fmt --all --check"),
    suite("clippy", Always, Alone, Exit, &[], "cargo clippy --quiet --workspace --all-targets -- -D warnings"),
    suite("clippy-freestanding", Always, Beside, Exit, &[],
        r#"cargo clippy --quiet --lib --features freestanding --config 'profile.dev.panic="abort"' -- -D warnings"#),
    suite("clippy-without-native", Always, Beside, Exit, &[],
        "cargo clippy --quiet --lib --no-default-features --features internals -- -D warnings"),
    // As other crates see it: without the feature `internals`.
    suite("clippy-public", Always, Beside, Exit, &[], "cargo clippy --quiet --lib -- -D warnings"),
    suite("clippy-portable", Always, Beside, Exit, &["cc"],
        "cargo clippy --quiet --lib --tests --features portable-boundary -- -D warnings"),
    suite("test-runner", Always, Beside, Cargo, &[], "cargo test -p xtask"),
    suite("rust", Always, Alone, Cargo, &["luac5.2"], "cargo test"),
    suite("headers", Always, Beside, Line, &["cc", "c++"], "tests/headers.py"),
    suite("held", Always, Beside, Line, &[], "cargo run --quiet -p xtask -- held"),
    suite("docs", Always, Beside, Line, &["python3"], "tests/docs.py"),
    suite("exports", Always, Beside, Line, &["nm", "cc"], "tests/exports $BUILD"),
    suite("capi-tests", Always, Beside, Line, &["cc", "c++"], "capi-tests/run $REFERENCE $BUILD/lib $BUILD/include"),
    suite("oracle", Always, Alone, Line, &["lua5.2"], "tests/oracle/run $FULL $BUILD"),
    suite("sequences", Always, Alone, Line, &["cc"], "tests/sequences/run $BUILD"),
    suite("random-programs", Always, Beside, Line, &["lua5.2"], "tests/random_programs/run $BUILD"),
    suite("c-examples", Always, Beside, Line, &["cc", "c++"], "c-examples/run $BUILD"),
    suite("program-units", Always, Alone, Cargo, &[],
        "LIBLUA_DIR=$(realpath $BUILD)/lib cargo test -p lua-programs --target-dir target/programs"),
    suite("programs", Always, Beside, Line, &["lua5.2", "luac5.2"], "tests/programs $BUILD"),
    suite("switches", Always, Beside, Line, &["nm", "python3"], "tests/switches $BUILD"),
    suite("limits", Always, Beside, Line, &["timeout"], "tests/limits $BUILD"),
    suite("repl", Always, Alone, Line, &["python3"], "tests/repl $BUILD"),
    suite("chunks", Always, Alone, Line, &["luac5.2"], "tests/chunks $BUILD"),
    suite("asan", Always, Beside, Line, &["cc"],
        "CAPI_TESTS_BUILD=$BUILD/capi-tests-asan CAPI_TESTS_QUICK=1 \
         capi-tests/run --asan $REFERENCE $BUILD/lib $BUILD/include"),
    // What is fast enough for each run; valgrind-full does the rest.
    suite("valgrind", Always, Beside, Line, &["valgrind"],
        "CAPI_TESTS_BUILD=$BUILD/capi-tests-valgrind CAPI_TESTS_QUICK=1 \
         capi-tests/run --valgrind $REFERENCE $BUILD/lib $BUILD/include \
         calls coroutines hooks userdata notables oom cxx_destructors cxx_exceptions"),
    suite("gdb", Always, Beside, Line, &["gdb"], "tests/gdb $BUILD"),
    suite("aarch64", Always, Beside, Line, &["aarch64-linux-gnu-g++", "qemu-aarch64"], "tests/cross $FULL aarch64"),
    suite("riscv64", Always, Beside, Line, &["riscv64-linux-gnu-g++", "qemu-riscv64"], "tests/cross $FULL riscv64"),
    suite("mlua", Always, Beside, Line, &["pkg-config"], "tests/mlua/run $BUILD"),
    suite("stress", Always, Beside, Line, &["cc"], "tests/stress $FULL $BUILD"),
    suite("benchmarks", Always, Beside, Line, &["lua5.2"], "tests/checksums $BUILD"),
    suite("bench-report", Always, Beside, Line, &["python3"], "tests/bench_report.py"),
    suite("hook-events", Always, Beside, Line, &["cc"], "tests/hook_events $BUILD"),
    suite("hosts", Always, Beside, Line, &["highlight", "vim.nox"], "tests/hosts $BUILD"),
    suite("install", Always, Beside, Line, &["pkg-config", "cmake", "meson", "dh", "lintian"], "tests/install $BUILD"),
    suite("abi", Always, Beside, Line, &["abidiff"], "tests/abi $BUILD"),
    suite("sbom", Always, Beside, Line, &["python3"], "tests/sbom"),
    suite("commands", Always, Beside, Line, &["python3", "cc"], "tests/commands $FULL $BUILD"),
    suite("plain-library", Always, Beside, Line, &["cc", "nm"], "tests/plain_library"),
    suite("public-api", Always, Beside, Line, &["python3"], "tests/public_api.py"),
    suite("native", Always, Beside, Line, &["cc", "lua5.2"], "tests/native $BUILD"),
    suite("native-limits", Always, Beside, Line, &["cc"], "tests/native_limits $BUILD"),

    suite("out-of-memory", Full, Alone, Line, &["cc"],
        "CAPI_TESTS_OOM_RUNS=100000 CAPI_TESTS_TIMEOUT=900 capi-tests/run $REFERENCE $BUILD/lib $BUILD/include oom"),
    // same_at_limits compiles texts of megabytes: at a collection for each allocation it takes more than minutes.
    suite("stress-gc", Full, Alone, Cargo, &[], "cargo test --features stress-gc,heapcheck -- --skip same_at_limits"),
    suite("stress-stack", Full, Alone, Cargo, &[], "cargo test --features stress-stack"),
    suite("clippy-jit", Full, Alone, Exit, &[],
        "cargo clippy --quiet --lib --tests --features stress-jit -- -D warnings"),
    suite("native-rust", Full, Alone, Cargo, &["luac5.2", "objdump"],
        "LIBLUA_JIT=always cargo test --features stress-jit"),
    suite("native-stress", Full, Alone, Line, &["cc", "lua5.2"], "tests/native --stress $BUILD"),
    // Whatever `make test` runs, where each function is compiled before it first runs, and where none is.
    suite("all-always", Full, Alone, Line, &[],
        "LIBLUA_JIT=always cargo run --quiet -p xtask -- test --build $BUILD"),
    suite("all-off", Full, Alone, Line, &[], "LIBLUA_JIT=off cargo run --quiet -p xtask -- test --build $BUILD"),
    suite("without-native", Full, Alone, Line, &["cc", "lua5.2"], "tests/without_native $BUILD"),
    suite("apicheck", Full, Alone, Line, &["cc"], "tests/variant apicheck --apicheck"),
    suite("sequences-c", Full, Alone, Line, &["cc"], "tests/sequences/run --count 200000 --seed 2 $BUILD"),
    suite("sequences-c++", Full, Alone, Line, &["cc"],
        "tests/sequences/run --count 200000 --seed 3 --flavour c++ $BUILD"),
    suite("sequences-asan", Full, Alone, Line, &["cc"], "tests/sequences/run --asan --count 200000 --seed 5 $BUILD"),
    suite("sequences-apicheck", Full, Alone, Line, &["cc"],
        "tests/sequences/run --ours-only --count 50000 --seed 4 $BUILD/variant-apicheck"),
    // Moving the stack at each step makes deep recursion quadratic: the areas without it.
    suite("stress-stack-capi", Full, Alone, Line, &["cc"],
        "tests/variant stress-stack stack convert operate tables coroutines chunks debug hooks userdata collector \
         auxlib buffer stream compat memory notables"),
    suite("fuzz-unguided", Full, Alone, Cargo, &[],
        "FUZZ_CHUNKS=10000000 FUZZ_SCRIPTS=100000 cargo test --test untrusted_chunks"),
    suite("fuzz-chunk", Full, Alone, Exit, &[], "fuzz/run chunk -max_total_time=120"),
    suite("fuzz-script", Full, Alone, Exit, &[], "fuzz/run script -max_total_time=120"),
    suite("fuzz-sequence", Full, Alone, Exit, &[], "fuzz/run sequence -max_total_time=120"),
    suite("reproducible", Full, Alone, Line, &["git"], "tests/reproducible"),
    suite("vendored", Full, Alone, Line, &["pkg-config"], "tests/mlua/run --vendored $BUILD"),
    // What it says of faults that became known since needs the network.
    suite("cargo-deny", Full, Beside, Exit, &["cargo-deny"], "cargo deny --workspace check licenses bans sources"),
    suite("workflows", Full, Beside, Line, &["npm"], "tests/workflows $BUILD"),
    suite("clients", Full, Alone, Line, &["lua5.2", "busted"], "tests/clients $BUILD"),
    suite("book", Full, Beside, Line, &["mdbook"], "tests/book $BUILD"),
    suite("fuzz-program", Full, Alone, Exit, &[], "fuzz/run program -max_total_time=120"),
    suite("random-programs-many", Full, Alone, Line, &["lua5.2"],
        "tests/random_programs/run --count 50000 --seed 2 $BUILD"),
    suite("native-programs", Full, Alone, Cargo, &[], "PROGRAMS=100000 PROGRAMS_SEED=2 cargo test --test random_programs"),
    suite("rust-version", Full, Alone, Line, &["rustup"], "tests/rust_version"),
    suite("musl", Full, Alone, Line, &["musl-gcc"], "tests/musl"),
    suite("boundary-cxx", Full, Alone, Cargo, &["c++"], "cargo test --features cxx --test boundary"),
    suite("portable-boundary", Full, Alone, Cargo, &["cc"], "cargo test --features portable-boundary --test boundary"),
    suite("portable-boundary-cxx", Full, Alone, Cargo, &["c++"],
        "cargo test --features portable-boundary,cxx --test boundary"),
    suite("portable-boundary-capi", Full, Alone, Line, &["cc"], "tests/variant portable-boundary"),
    // Without an unwinder: everything but destructors and exceptions.
    suite("plain-c-boundary", Full, Alone, Line, &["cc"],
        "CFLAGS=-DLUA52_PLAIN_C tests/variant portable-boundary auxlib buffer calls chunks collector compat convert \
         coroutines debug hooks memory notables operate stack stream tables threads userdata"),
    // Without the pool that hides single objects from the checkers.
    suite("valgrind-full", Full, Alone, Line, &["valgrind"],
        "CAPI_TESTS_TIMEOUT=900 tests/variant system-alloc --valgrind"),
    suite("asan-full", Full, Alone, Line, &["cc"], "CAPI_TESTS_TIMEOUT=900 tests/variant system-alloc --asan"),
];
