//! Proves what src/boundary promises, on a toy in place of a Lua state.
//!
//! The foreign side is C and C++ compiled by each test into a shared object of its own and loaded with dlopen; it
//! reaches the toy's stubs through a table of function pointers.
//!
//! Run it for both flavours: `cargo test --test boundary` and the same with `--features cxx`. Times are printed by
//! `cargo test --release --test boundary -- --ignored --nocapture`.

use lua52::boundary::{self, Link, Ret, VaList};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::PathBuf;
use std::process::Command;

/// The toy: what a core needs to raise, and a place to count.
#[repr(C)]
pub struct Toy {
    link: Link,
}

// The toy's cores. Nothing here may have a cleanup, or it would get an unwind table entry that the release build (which
// aborts on panic) does not have.
unsafe extern "C" fn throw_core(toy: *mut Toy, code: c_int) -> Ret {
    if code == 0 { Ret::ok(77) } else { Ret::raise(toy.cast(), code as u64) }
}

#[unsafe(naked)]
unsafe extern "C-unwind" fn toy_throw(toy: *mut Toy, code: c_int) -> c_int {
    lua52::raising!(throw_core)
}

unsafe extern "C" fn half_core(toy: *mut Toy, x: f64) -> Ret {
    if x < 0.0 { Ret::raise(toy.cast(), 9) } else { Ret::number(x / 2.0) }
}

#[unsafe(naked)]
unsafe extern "C-unwind" fn toy_half(toy: *mut Toy, x: f64) -> f64 {
    lua52::raising_number!(half_core)
}

/// Calls `f(toy, arg)` through a pad; a throw goes on to the caller's pad.
unsafe extern "C" fn call_core(toy: *mut Toy, f: *const c_void, arg: usize) -> Ret {
    let got = unsafe { boundary::call(toy.cast(), f, toy as usize, arg, 0, 0) };
    if got.throw == 0 { got } else { Ret::raise(toy.cast(), got.throw) }
}

#[unsafe(naked)]
unsafe extern "C-unwind" fn toy_call(toy: *mut Toy, f: *const c_void, arg: usize) -> c_int {
    lua52::raising!(call_core)
}

/// A protected call: 0 when `f` returned, else 1000 + what was thrown.
unsafe extern "C" fn pcall_core(toy: *mut Toy, f: *const c_void, arg: usize) -> Ret {
    unsafe {
        let before = (*toy).link.protected;
        (*toy).link.protected = before.wrapping_add(1);
        let got = boundary::call(toy.cast(), f, toy as usize, arg, 0, 0);
        (*toy).link.protected = before;
        match got.throw {
            0 => Ret::ok(0),
            boundary::FOREIGN => Ret::raise(toy.cast(), boundary::FOREIGN),
            code => Ret::ok(code.wrapping_add(1000)),
        }
    }
}

#[unsafe(naked)]
unsafe extern "C-unwind" fn toy_pcall(toy: *mut Toy, f: *const c_void, arg: usize) -> c_int {
    lua52::raising!(pcall_core)
}

/// Sums its variadic arguments as the format says: i int, z size_t, d double, p pointer; '!' raises.
unsafe extern "C" fn sum_core(toy: *mut Toy, format: *const c_char, args: *mut VaList) -> Ret {
    let mut sum = 0.0;
    let mut at = format;
    unsafe {
        while *at != 0 {
            match *at as u8 {
                b'i' => sum += (*args).next_i32() as f64,
                b'z' => sum += (*args).next_usize() as f64,
                b'd' => sum += (*args).next_f64(),
                b'p' => sum += (*args).next_ptr() as usize as f64,
                _ => return Ret::raise(toy.cast(), 8),
            }
            at = at.wrapping_add(1);
        }
    }
    Ret::ok(sum as i64 as u64)
}

#[unsafe(naked)]
unsafe extern "C-unwind" fn toy_sum(toy: *mut Toy, format: *const c_char) -> i64 {
    lua52::raising_variadic!(sum_core, 2)
}

unsafe extern "C" fn builtin_core(toy: *mut Toy, index: usize) -> Ret {
    if index == 13 { Ret::raise(toy.cast(), 13) } else { Ret::ok(index as u64) }
}

mod thunks {
    lua52::builtin_thunks!(super::builtin_core, 256);
}

#[repr(C)]
struct Table {
    throw: unsafe extern "C-unwind" fn(*mut Toy, c_int) -> c_int,
    half: unsafe extern "C-unwind" fn(*mut Toy, f64) -> f64,
    call: unsafe extern "C-unwind" fn(*mut Toy, *const c_void, usize) -> c_int,
    pcall: unsafe extern "C-unwind" fn(*mut Toy, *const c_void, usize) -> c_int,
    sum: unsafe extern "C-unwind" fn(*mut Toy, *const c_char) -> i64,
    /// What the foreign code counts.
    count: unsafe extern "C" fn(c_int),
}

static TABLE: Table =
    Table { throw: toy_throw, half: toy_half, call: toy_call, pcall: toy_pcall, sum: toy_sum, count };

thread_local! {
    static COUNTS: RefCell<Vec<c_int>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" fn count(what: c_int) {
    COUNTS.with_borrow_mut(|counts| counts.push(what));
}

/// What was counted on this thread since the last look.
fn counts() -> Vec<c_int> {
    COUNTS.take()
}

const CXX: bool = cfg!(feature = "cxx");

const HEADER: &str = r#"
#include <stddef.h>
typedef struct Toy Toy;
typedef struct {
  int (*throw_)(Toy *, int);
  double (*half)(Toy *, double);
  int (*call)(Toy *, int (*)(Toy *, size_t), size_t);
  int (*pcall)(Toy *, int (*)(Toy *, size_t), size_t);
  long (*sum)(Toy *, const char *, ...);
  void (*count)(int);
} Table;
#ifdef __cplusplus
extern "C" { extern const Table *T; }
struct Counted {
  int what;
  Counted(int n) : what(n) {}
  ~Counted() { T->count(what); }
};
#define EXPORT extern "C"
#else
#define EXPORT
#endif
const Table *T;
"#;

/// A compiled and loaded piece of foreign code.
struct Foreign {
    handle: *mut c_void,
}

impl Foreign {
    fn new(name: &str, extension: &str, flags: &[&str], source: &str) -> Foreign {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let file = dir.join(format!("{name}.{extension}"));
        let object = dir.join(format!("{name}.so"));
        std::fs::write(&file, format!("{HEADER}{source}")).unwrap();
        let compiler = if extension == "c" { "cc" } else { "c++" };
        let done = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-g", "-o"])
            .args([&object, &file])
            .args(flags)
            .status()
            .unwrap();
        assert!(done.success());
        Foreign::load(&object)
    }

    fn load(object: &std::path::Path) -> Foreign {
        let path = CString::new(object.to_str().unwrap()).unwrap();
        unsafe {
            let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
            assert!(!handle.is_null(), "{:?}", CStr::from_ptr(libc::dlerror()));
            let foreign = Foreign { handle };
            *(foreign.symbol("T") as *mut *const Table) = &TABLE;
            foreign
        }
    }

    fn symbol(&self, name: &str) -> *const c_void {
        let name = CString::new(name).unwrap();
        let at = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        assert!(!at.is_null());
        at
    }

    /// Calls the C function `name(toy, arg)` through a pad.
    fn run(&self, toy: &mut Toy, name: &str, arg: usize) -> Ret {
        let f = self.symbol(name);
        let toy: *mut Toy = toy;
        let got = unsafe { boundary::call(toy.cast(), f, toy as usize, arg, 0, 0) };
        unsafe { assert!(!(*toy).link.has_pad()) };
        got
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        unsafe { libc::dlclose(self.handle) };
    }
}

fn toy() -> Toy {
    Toy { link: Link::new() }
}

#[test]
fn values_and_clean_jumps() {
    let f = Foreign::new(
        "clean",
        "c",
        &[],
        r#"
        int one(Toy *t, size_t n) { return T->throw_(t, n) + 1; }
        __attribute__((noinline)) static int deep(Toy *t, int depth, int code) {
          volatile char space[32];
          space[0] = depth;
          return depth ? deep(t, depth - 1, code) + space[0] : T->throw_(t, code);
        }
        int six(Toy *t, size_t n) { return deep(t, 5, n) + 1; }
        int halves(Toy *t, size_t n) { return 10 * T->half(t, (double)n - 3); }
        int sums(Toy *t, size_t n) {
          long a = T->sum(t, "izdp", -1, (size_t)10, 0.5, (void *)100);
          long b = T->sum(t, "iddiddiddiddzzd", 1, 1., 2., 3, 4., 5., 6, 7., 8., 9, 10., 11., (size_t)12, (size_t)13, 0.);
          if (n) T->sum(t, "!");
          return a * 1000 + b;
        }
        int nested(Toy *t, size_t n) { return T->call(t, six, n) + 1; }
        "#,
    );
    let mut t = toy();
    assert_eq!(f.run(&mut t, "one", 0).value as i32, 78);
    for name in ["one", "six", "nested"] {
        let got = f.run(&mut t, name, 5);
        assert_eq!((got.value, got.throw), (0, 5), "{name}");
    }
    assert_eq!(f.run(&mut t, "nested", 0).value as i32, 77 + 15 + 2);
    assert_eq!(f.run(&mut t, "halves", 4).value as i32, 5);
    assert_eq!(f.run(&mut t, "halves", 0).throw, 9);
    assert_eq!(f.run(&mut t, "sums", 0).value as i32, 109 * 1000 + 91 + 1);
    assert_eq!(f.run(&mut t, "sums", 1).throw, 8);
}

#[test]
fn builtin_thunks() {
    let mut t = toy();
    let this: *mut Toy = &mut t;
    for i in 0..thunks::THUNKS {
        let f = thunks::thunk_address(i);
        assert_eq!(thunks::thunk_index(f), Some(i));
        let got = unsafe { boundary::call(this.cast(), f, this as usize, 0, 0, 0) };
        if i == 13 {
            assert_eq!(got.throw, 13);
        } else {
            assert_eq!((got.value, got.throw), (i as u64, 0));
        }
    }
    assert_eq!(thunks::thunk_index(thunks::thunk_address(0).wrapping_byte_sub(1)), None);
    assert_eq!(thunks::thunk_index(thunks::thunk_address(255).wrapping_byte_add(16)), None);
}

#[test]
fn destructors_run() {
    let f = Foreign::new(
        "destructors",
        "cc",
        &[],
        r#"
        EXPORT int one(Toy *t, size_t n) { Counted c(1); return T->throw_(t, n); }
        __attribute__((noinline)) static int deep(Toy *t, int depth, int code) {
          Counted c(depth);
          return depth ? deep(t, depth - 1, code) + 1 : T->throw_(t, code);
        }
        EXPORT int six(Toy *t, size_t n) { return deep(t, 5, n) + 1; }
        EXPORT int typed(Toy *t, size_t n) {
          Counted c(7);
          try { return six(t, n); } catch (int) { return 999; } catch (Counted &) { return 998; }
        }
        EXPORT int handling(Toy *t, size_t n) {
          try { throw Counted(8); } catch (Counted &) { return T->throw_(t, n); }
        }
        "#,
    );
    let mut t = toy();
    for round in 0..3 {
        assert_eq!(f.run(&mut t, "one", 5).throw, 5);
        assert_eq!(counts(), [1]);
        assert_eq!(f.run(&mut t, "six", 6 + round).throw as usize, 6 + round);
        assert_eq!(counts(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(f.run(&mut t, "typed", 7).throw, 7);
        assert_eq!(counts(), [0, 1, 2, 3, 4, 5, 7]);
        // The temporary's copy is elided, so the exception object is the only one to be destroyed.
        assert_eq!(f.run(&mut t, "handling", 8).throw, 8);
        assert_eq!(counts(), [8]);
        assert_eq!(f.run(&mut t, "one", 0).value as i32, 77);
        assert_eq!(counts(), [1]);
    }
}

#[test]
fn cleanup_attribute_in_c() {
    let source = r#"
        static void done(int *what) { T->count(*what); }
        int one(Toy *t, size_t n) { __attribute__((cleanup(done))) int c = 3; return T->throw_(t, n); }
        "#;
    let with = Foreign::new("cleanup", "c", &["-fexceptions"], source);
    let without = Foreign::new("nocleanup", "c", &[], source);
    let mut t = toy();
    assert_eq!(with.run(&mut t, "one", 5).throw, 5);
    assert_eq!(counts(), [3]);
    // C code that was not compiled for exceptions has no landing for them.
    assert_eq!(without.run(&mut t, "one", 5).throw, 5);
    assert_eq!(counts(), []);
}

#[test]
fn destructor_that_calls_and_raises() {
    let f = Foreign::new(
        "busy",
        "cc",
        &[],
        r#"
        EXPORT int plain(Toy *t, size_t n) { return T->throw_(t, n); }
        EXPORT int counted(Toy *t, size_t n) { Counted c(n); return T->throw_(t, n); }
        struct Calls {
          Toy *t;
          ~Calls() { T->count(T->pcall(t, plain, 11)); T->count(T->pcall(t, counted, 12)); }
        };
        EXPORT int nested(Toy *t, size_t n) { Calls c{t}; return T->throw_(t, n); }
        struct Swallows {
          Toy *t;
          ~Swallows() { try { Counted c(4); T->throw_(t, 50); } catch (...) { T->count(60); } }
        };
        EXPORT int swallowed(Toy *t, size_t n) { Counted o(1); Swallows r{t}; return T->throw_(t, n); }
        "#,
    );
    let mut t = toy();
    for _ in 0..3 {
        assert_eq!(f.run(&mut t, "nested", 5).throw, 5);
        assert_eq!(counts(), [1011, 12, 1012]);
        let got = f.run(&mut t, "swallowed", 20).throw;
        if CXX {
            assert_eq!((got, counts()), (20, vec![4, 60, 1]));
        } else {
            // As PUC compiled as C: the jump passes over the handler, and over what is between it and the pad.
            assert_eq!((got, counts()), (50, vec![]));
        }
    }
}

/// A cleanup that raises: the later error takes the place of the one in flight. (In C++ this is `terminate`.)
#[test]
fn cleanup_that_raises() {
    let f = Foreign::new(
        "replaced",
        "c",
        &["-fexceptions"],
        r#"
        struct Raises { Toy *t; int code; };
        static void raises(struct Raises *r) { T->throw_(r->t, r->code); }
        static void done(int *what) { T->count(*what); }
        #define CLEANUP(f) __attribute__((cleanup(f)))
        int replaced(Toy *t, size_t n) {
          CLEANUP(done) int outer = 1;
          CLEANUP(raises) struct Raises r = {t, (int)n + 1};
          CLEANUP(done) int inner = 2;
          return T->throw_(t, n);
        }
        int twice(Toy *t, size_t n) {
          CLEANUP(done) int outer = 3;
          CLEANUP(raises) struct Raises r = {t, (int)n + 2};
          return replaced(t, n);
        }
        "#,
    );
    let mut t = toy();
    for _ in 0..3 {
        assert_eq!(f.run(&mut t, "replaced", 20).throw, 21);
        assert_eq!(counts(), [2, 1]);
        assert_eq!(f.run(&mut t, "twice", 20).throw, 22);
        assert_eq!(counts(), [2, 1, 3]);
    }
}

#[test]
fn handlers_of_everything() {
    let f = Foreign::new(
        "handlers",
        "cc",
        &[],
        r#"
        EXPORT int swallow(Toy *t, size_t n) {
          Counted o(1);
          try { Counted c(2); T->throw_(t, n); } catch (...) { T->count(3); }
          return 55;
        }
        EXPORT int rethrow(Toy *t, size_t n) {
          try { Counted c(2); T->throw_(t, n); } catch (...) { T->count(3); throw; }
          return 55;
        }
        EXPORT int again(Toy *t, size_t n) {
          try { T->throw_(t, n); } catch (...) { T->count(3); T->throw_(t, n + 1); }
          return 55;
        }
        EXPORT int often(Toy *t, size_t n) {
          for (size_t i = 0; i < n; i++)
            try { T->throw_(t, 9); } catch (...) { T->count(i); }
          return 56;
        }
        static int leaf(Toy *t, int n) noexcept { return T->throw_(t, n) + 1; }
        EXPORT int never(Toy *t, size_t n) { return leaf(t, n); }
        "#,
    );
    let mut t = toy();
    let mut run = |name, n| {
        let got = f.run(&mut t, name, n);
        (got.value as i32, got.throw, counts())
    };
    for _ in 0..3 {
        if CXX {
            assert_eq!(run("swallow", 5), (55, 0, vec![2, 3, 1]));
            assert_eq!(run("rethrow", 5), (0, 5, vec![2, 3]));
            assert_eq!(run("again", 5), (0, 6, vec![3]));
            assert_eq!(run("often", 3), (56, 0, vec![0, 1, 2]));
            assert_eq!(in_child(|| _ = f.run(&mut toy(), "never", 5)), Ended::Signal(libc::SIGABRT));
        } else {
            for name in ["swallow", "rethrow", "again", "often", "never"] {
                let code = if name == "often" { 9 } else { 5 };
                assert_eq!(run(name, 5), (0, code, vec![]), "{name}");
            }
        }
        assert_eq!(run("never", 0), (78, 0, vec![]));
    }
}

#[derive(Debug, PartialEq)]
enum Ended {
    Exit(c_int),
    Signal(c_int),
}

/// Runs `f` in a forked process, which then exits with 0.
fn in_child(f: impl FnOnce()) -> Ended {
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            // No core file, no message.
            libc::setrlimit(libc::RLIMIT_CORE, &libc::rlimit { rlim_cur: 0, rlim_max: 0 });
            libc::close(2);
            f();
            libc::_exit(0);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
        if libc::WIFSIGNALED(status) {
            Ended::Signal(libc::WTERMSIG(status))
        } else {
            Ended::Exit(libc::WEXITSTATUS(status))
        }
    }
}

#[test]
fn frames_without_tables() {
    let flags = &["-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-exceptions"];
    let bare = Foreign::new(
        "bare",
        "c",
        flags,
        r#"
        int one(Toy *t, size_t n) { return T->throw_(t, n) + 1; }
        int over(Toy *t, size_t n) { return ((int (*)(Toy *, size_t))n)(t, 6) + 1; }
        "#,
    );
    let plain = Foreign::new(
        "above",
        "cc",
        &[],
        "EXPORT int one(Toy *t, size_t n) { Counted c(1); return T->throw_(t, n); }",
    );
    let mut t = toy();
    for _ in 0..3 {
        assert_eq!(bare.run(&mut t, "one", 5).throw, 5);
        // Nobody can unwind from the destructor's frame to the pad.
        assert_eq!(bare.run(&mut t, "over", plain.symbol("one") as usize).throw, 6);
        assert_eq!(counts(), []);
    }
}

#[test]
fn foreign_exceptions() {
    let f = Foreign::new(
        "foreign",
        "cc",
        &["-std=c++17"],
        r#"
        #include <exception>
        static int thrower(Toy *t, size_t n) { Counted c(1); throw (int)n; }
        static int middle(Toy *t, size_t n) { Counted c(2); return T->call(t, thrower, n); }
        static int far(Toy *t, size_t n) { Counted c(3); return T->call(t, middle, n); }
        static int protects(Toy *t, size_t n) { Counted c(4); return T->pcall(t, far, n); }
        // Caught outside of everything.
        EXPORT int outside(Toy *t, size_t n) {
          try { return T->call(t, far, n); } catch (int i) { return i + std::uncaught_exceptions(); }
        }
        // Caught by code between two stretches of the library, inside a protected call.
        static int between(Toy *t, size_t n) {
          try { return T->call(t, middle, n); } catch (int i) { return i + 100; }
        }
        EXPORT int inside(Toy *t, size_t n) { int r = T->pcall(t, between, n); T->count(r); return r; }
        // Not caught by anything but, perhaps, the protected call.
        EXPORT int protected_(Toy *t, size_t n) {
          try { int r = T->call(t, protects, n); return r; } catch (int i) { return i + 200; }
        }
        EXPORT int counts_in_flight(Toy *t, size_t n) { return std::uncaught_exceptions(); }
        EXPORT int bare(Toy *t, size_t n) { return T->call(t, thrower, n); }
        EXPORT int raises(Toy *t, size_t n) { Counted c(9); return T->throw_(t, n); }
        EXPORT int catches_bare(Toy *t, size_t n) {
          try { return T->pcall(t, bare, n); } catch (int i) { return i + 300; }
        }
        "#,
    );
    let mut t = toy();
    for _ in 0..3 {
        assert_eq!(f.run(&mut t, "outside", 40).value as i32, 40);
        assert_eq!(counts(), [1, 2, 3]);
        // 0, as any value returned.
        assert_eq!(f.run(&mut t, "inside", 41).value as i32, 0);
        assert_eq!(counts(), [1, 2, 0]);
        let caught = 1000 + boundary::FOREIGN_CAUGHT as i32;
        let got = f.run(&mut t, "protected_", 42).value as i32;
        assert_eq!(got, if CXX { caught } else { 242 });
        assert_eq!(counts(), [1, 2, 3, 4]);
        let got = f.run(&mut t, "catches_bare", 43).value as i32;
        assert_eq!(got, if CXX { caught } else { 343 });
        assert_eq!(counts(), [1]);
        assert_eq!(f.run(&mut t, "counts_in_flight", 0).value as i32, 0);
        assert_eq!(f.run(&mut t, "raises", 6).throw, 6);
        assert_eq!(counts(), [9]);
    }
}

/// The panic of a Rust host passes in both flavours: only Rust may destroy it.
#[test]
fn rust_panics() {
    extern "C-unwind" fn panics(_toy: *mut Toy, n: usize) -> c_int {
        struct Drops;
        impl Drop for Drops {
            fn drop(&mut self) {
                COUNTS.with_borrow_mut(|counts| counts.push(1));
            }
        }
        let _drops = Drops;
        std::panic::resume_unwind(Box::new(n))
    }
    extern "C-unwind" fn protects(toy: *mut Toy, n: usize) -> c_int {
        unsafe { toy_pcall(toy, panics as *const c_void, n) }
    }
    let mut t = toy();
    let this: *mut Toy = &mut t;
    for n in 0..3 {
        let panicked = std::panic::catch_unwind(|| unsafe { toy_call(this, protects as *const c_void, n) });
        assert_eq!(*panicked.unwrap_err().downcast::<usize>().unwrap(), n);
        assert_eq!(counts(), [1]);
        assert!(!unsafe { &(*this).link }.has_pad());
    }
}

/// Drops in a Rust host's frames run when a Lua error crosses them.
#[test]
fn rust_drops() {
    struct Drops(c_int);
    impl Drop for Drops {
        fn drop(&mut self) {
            COUNTS.with_borrow_mut(|counts| counts.push(self.0));
        }
    }
    extern "C-unwind" fn inner(toy: *mut Toy, n: usize) -> c_int {
        let _d = Drops(1);
        unsafe { toy_throw(toy, n as c_int) }
    }
    extern "C-unwind" fn outer(toy: *mut Toy, n: usize) -> c_int {
        let _d = Drops(2);
        inner(toy, n).wrapping_add(1)
    }
    let mut t = toy();
    let this: *mut Toy = &mut t;
    for _ in 0..3 {
        let got = unsafe { boundary::call(this.cast(), outer as *const c_void, this as usize, 6, 0, 0) };
        assert_eq!((got.throw, counts()), (6, vec![1, 2]));
    }
}

#[test]
fn leaving_the_thread() {
    let f = Foreign::new(
        "leaving",
        "cc",
        &["-pthread"],
        r#"
        #include <pthread.h>
        #include <unistd.h>
        static int leave(Toy *t, size_t n) {
          Counted c(1);
          if (n == 0) pthread_exit((void *)5);
          pthread_cancel(pthread_self());
          for (;;) pause();
        }
        static int middle(Toy *t, size_t n) { Counted c(2); return T->pcall(t, leave, n); }
        static void copy(void *);
        struct Start { Toy *t; size_t how; void (*copy)(); };
        static void *start(void *p) {
          Start *s = (Start *)p;
          struct Last { Start *s; ~Last() { s->copy(); } } last{s};
          T->call(s->t, middle, s->how);
          return (void *)6;
        }
        EXPORT size_t thread(Toy *t, size_t how, void (*copy)()) {
          pthread_t id;
          Start s{t, how, copy};
          void *result;
          if (pthread_create(&id, 0, start, &s) || pthread_join(id, &result)) return 7;
          return result == PTHREAD_CANCELED ? 4 : (size_t)result;
        }
        EXPORT int raises(Toy *t, size_t n) { Counted c(9); return T->throw_(t, n); }
        "#,
    );
    static SEEN: std::sync::Mutex<Vec<c_int>> = std::sync::Mutex::new(Vec::new());
    extern "C" fn copy() {
        *SEEN.lock().unwrap() = counts();
    }
    type Thread = extern "C-unwind" fn(*mut Toy, usize, extern "C" fn()) -> usize;
    let thread: Thread = unsafe { std::mem::transmute(f.symbol("thread")) };
    let mut t = toy();
    for (how, result) in [(0, 5), (1, 4)] {
        assert_eq!(thread(&mut t, how, copy), result);
        assert_eq!(*SEEN.lock().unwrap(), [1, 2]);
        assert!(!t.link.has_pad());
        assert_eq!(f.run(&mut t, "raises", 6).throw, 6);
        assert_eq!(counts(), [9]);
    }
}

/// A raise of one state that crosses the frames of another: the other one stays usable.
#[test]
fn two_states() {
    let f = Foreign::new(
        "two",
        "cc",
        &[],
        r#"
        static Toy *first;
        static int inner(Toy *second, size_t n) { Counted c(1); return T->throw_(first, n); }
        EXPORT int across(Toy *t, size_t second) {
          Counted c(2);
          first = t;
          return T->pcall((Toy *)second, inner, 7);
        }
        "#,
    );
    let mut t = toy();
    let mut second = toy();
    for _ in 0..3 {
        assert_eq!(f.run(&mut t, "across", &raw mut second as usize).throw, 7);
        assert_eq!(counts(), [1, 2]);
        assert!(!second.link.has_pad());
        assert_eq!(second.link.protected, 0);
    }
}
