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

lua52::stub! {
    fn toy_throw(toy: *mut Toy, code: c_int) -> c_int = throw_core
}

unsafe extern "C" fn half_core(toy: *mut Toy, x: f64) -> Ret {
    if x < 0.0 { Ret::raise(toy.cast(), 9) } else { Ret::number(x / 2.0) }
}

lua52::number_stub! {
    fn toy_half(toy: *mut Toy, x: f64) -> f64 = half_core
}

/// Calls `f(toy, arg)` through a pad; a throw goes on to the caller's pad.
unsafe extern "C" fn call_core(toy: *mut Toy, f: *const c_void, arg: usize) -> Ret {
    // SAFETY: `f` is a foreign function of the toy's signature.
    let got = unsafe { boundary::call(toy.cast(), f, toy as usize, arg, 0, 0) };
    if got.throw == 0 { got } else { Ret::raise(toy.cast(), got.throw) }
}

lua52::stub! {
    fn toy_call(toy: *mut Toy, f: *const c_void, arg: usize) -> c_int = call_core
}

/// A protected call: 0 when `f` returned, else 1000 + what was thrown.
unsafe extern "C" fn pcall_core(toy: *mut Toy, f: *const c_void, arg: usize) -> Ret {
    // SAFETY: `f` is a foreign function of the toy's signature; the toy outlives the call.
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

lua52::stub! {
    fn toy_pcall(toy: *mut Toy, f: *const c_void, arg: usize) -> c_int = pcall_core
}

/// Sums its variadic arguments as the format says: i int, z size_t, d double, p pointer; '!' raises.
unsafe extern "C" fn sum_core(toy: *mut Toy, format: *const c_char, args: *mut VaList) -> Ret {
    let mut sum = 0.0;
    let mut at = format;
    // SAFETY: a C string, and arguments of the kinds it names.
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

#[cfg(naked_stubs)]
lua52::variadic_stub! {
    fn toy_sum(toy: *mut Toy, format: *const c_char, ...) -> i64 = sum_core
}

// What takes variable arguments is in C there; so it is in the test that calls this.
#[cfg(not(naked_stubs))]
lua52::stub! {
    fn toy_sum(toy: *mut Toy, format: *const c_char, args: *mut VaList) -> i64 = sum_core
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
    #[cfg(naked_stubs)]
    sum: unsafe extern "C-unwind" fn(*mut Toy, *const c_char) -> i64,
    #[cfg(not(naked_stubs))]
    sum: unsafe extern "C-unwind" fn(*mut Toy, *const c_char, *mut VaList) -> i64,
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
        let (variable, usual) = if extension == "c" { ("CC", "cc") } else { ("CXX", "c++") };
        let compiler = std::env::var(variable).unwrap_or(usual.into());
        let done = Command::new(compiler)
            // The last is not the custom of all targets.
            .args(["-shared", "-fPIC", "-O1", "-g", "-fasynchronous-unwind-tables", "-o"])
            .args([&object, &file])
            .args(flags)
            .status()
            .unwrap();
        assert!(done.success());
        Foreign::load(&object)
    }

    fn load(object: &std::path::Path) -> Foreign {
        let path = CString::new(object.to_str().unwrap()).unwrap();
        // SAFETY: the object just compiled; its functions are looked up by name.
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
        // SAFETY: the handle is open.
        let at = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        assert!(!at.is_null());
        at
    }

    /// Calls the C function `name(toy, arg)` through a pad.
    fn run(&self, toy: &mut Toy, name: &str, arg: usize) -> Ret {
        let f = self.symbol(name);
        let toy: *mut Toy = toy;
        // SAFETY: `f` is a function of the object, of the toy's signature.
        let got = unsafe { boundary::call(toy.cast(), f, toy as usize, arg, 0, 0) };
        // SAFETY: the toy is the caller's.
        unsafe { assert!(!(*toy).link.has_pad()) };
        got
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once.
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
        if cfg!(naked_stubs) { &[] } else { &["-DPORTABLE"] },
        r#"
        int one(Toy *t, size_t n) { return T->throw_(t, n) + 1; }
        __attribute__((noinline)) static int deep(Toy *t, int depth, int code) {
          volatile char space[32];
          space[0] = depth;
          return depth ? deep(t, depth - 1, code) + space[0] : T->throw_(t, code);
        }
        int six(Toy *t, size_t n) { return deep(t, 5, n) + 1; }
        int halves(Toy *t, size_t n) { return 10 * T->half(t, (double)n - 3); }
        #ifdef PORTABLE
        #include <stdarg.h>
        static long sum(Toy *t, const char *format, ...) {
          struct { va_list list; } a;
          va_start(a.list, format);
          long r = ((long (*)(Toy *, const char *, void *))T->sum)(t, format, &a);
          va_end(a.list);
          return r;
        }
        #else
        #define sum T->sum
        #endif
        int sums(Toy *t, size_t n) {
          long a = sum(t, "izdp", -1, (size_t)10, 0.5, (void *)100);
          long b = sum(t, "iddiddiddiddzzd", 1, 1., 2., 3, 4., 5., 6, 7., 8., 9, 10., 11., (size_t)12, (size_t)13, 0.);
          if (n) sum(t, "!");
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
        // SAFETY: the thunk has the toy's signature.
        let got = unsafe { boundary::call(this.cast(), f, this as usize, 0, 0, 0) };
        if i == 13 {
            assert_eq!(got.throw, 13);
        } else {
            assert_eq!((got.value, got.throw), (i as u64, 0));
        }
    }
    assert_eq!(thunks::thunk_index(builtin_core as *const c_void), None);
    // In assembly the thunks lie in a row, and a pointer into one is not asked for.
    #[cfg(naked_stubs)]
    for other in
        [thunks::thunk_address(0).wrapping_byte_sub(1), thunks::thunk_address(255).wrapping_byte_add(16)]
    {
        assert_eq!(thunks::thunk_index(other), None);
    }
    #[cfg(not(naked_stubs))]
    for i in 0..thunks::THUNKS {
        assert_eq!(thunks::thunk_index(thunks::thunk_address(i).wrapping_byte_add(1)), None);
    }
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

/// The pad is on another stack than the raise, as with a host's fibers. There is no way to it for an unwinder, so what
/// is left is the jump; nothing may stay behind.
#[test]
fn raise_from_a_fiber() {
    let f = Foreign::new(
        "fiber",
        "cc",
        &[],
        r#"
        #include <sys/mman.h>
        #include <ucontext.h>
        static Toy *toy;
        static int code;
        static void body() { Counted c(1); T->throw_(toy, code); }
        EXPORT int fiber(Toy *t, size_t n) {
          static void *stack;
          static ucontext_t here, there;
          // Below all other stacks: a pad below the raise would tell that it is on another one.
          if (!stack)
            stack = mmap((void *)0x20000000, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          toy = t;
          code = (int)n;
          getcontext(&there);
          there.uc_stack.ss_sp = stack;
          there.uc_stack.ss_size = 1 << 16;
          there.uc_link = &here;
          makecontext(&there, body, 0);
          swapcontext(&here, &there);
          return 0;
        }
        "#,
    );
    let mut t = toy();
    for _ in 0..3 {
        assert_eq!(f.run(&mut t, "fiber", 5).throw, 5);
        assert_eq!(counts(), []);
        let mut in_flight = 0;
        t.link.held(|_| in_flight += 1);
        assert_eq!(in_flight, 1, "only the value that arrived is held");
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
    // SAFETY: the child runs `f` and ends; the parent waits for it.
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
        // SAFETY: the toy it was called with.
        unsafe { toy_pcall(toy, panics as *const c_void, n) }
    }
    let mut t = toy();
    let this: *mut Toy = &mut t;
    for n in 0..3 {
        // SAFETY: the toy outlives the call.
        let panicked = std::panic::catch_unwind(|| unsafe { toy_call(this, protects as *const c_void, n) });
        assert_eq!(*panicked.unwrap_err().downcast::<usize>().unwrap(), n);
        assert_eq!(counts(), [1]);
        // SAFETY: the toy is live.
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
        // SAFETY: the toy it was called with.
        unsafe { toy_throw(toy, n as c_int) }
    }
    extern "C-unwind" fn outer(toy: *mut Toy, n: usize) -> c_int {
        let _d = Drops(2);
        inner(toy, n).wrapping_add(1)
    }
    let mut t = toy();
    let this: *mut Toy = &mut t;
    for _ in 0..3 {
        // SAFETY: a function of the toy's signature.
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
    // SAFETY: the C source declares it so.
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

/// Prints what crossing costs.
#[test]
#[ignore = "prints times, proves nothing"]
fn costs() {
    let f = Foreign::new(
        "costs",
        "cc",
        &["-O2"],
        r#"
        #include <setjmp.h>
        EXPORT int nop(Toy *t, size_t n) { return 1; }
        EXPORT int one(Toy *t, size_t n) { return T->throw_(t, n) + 1; }
        __attribute__((noinline)) static int deep(Toy *t, int depth, int code) {
          volatile char space[32];
          space[0] = depth;
          return depth ? deep(t, depth - 1, code) + space[0] : T->throw_(t, code);
        }
        EXPORT int six(Toy *t, size_t n) { return deep(t, 5, n) + 1; }
        EXPORT int destructor(Toy *t, size_t n) {
          struct D { volatile int *c; ~D() { ++*c; } };
          static volatile int c;
          D d{&c};
          return T->throw_(t, n) + 1;
        }
        static jmp_buf buffer;
        __attribute__((noinline)) static int leap(int code) { longjmp(buffer, code); }
        __attribute__((noinline)) static int direct(int (*f)(int)) { return f(3) + 1; }
        EXPORT int jump(Toy *t, size_t n) {
          volatile size_t i;
          for (i = 0; i < n; i++) if (_setjmp(buffer) == 0) direct(leap);
          return 0;
        }
        "#,
    );
    let bare = Foreign::new(
        "costs_bare",
        "c",
        &["-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-exceptions"],
        "int bare(Toy *t, size_t n) { return T->throw_(t, n) + 1; }",
    );
    extern "C-unwind" fn linked(toy: *mut Toy, n: usize) -> c_int {
        // SAFETY: the toy it was called with.
        unsafe { toy_throw(toy, n as c_int) }.wrapping_add(1)
    }
    extern "C-unwind" fn nothing(_toy: *mut Toy, _n: usize) -> c_int {
        std::hint::black_box(1)
    }
    let mut t = toy();
    let this: *mut Toy = &mut t;
    let rounds = 300_000u32;
    let time = |name: &str, f: &mut dyn FnMut()| {
        let best = (0..5)
            .map(|_| {
                let start = std::time::Instant::now();
                f();
                start.elapsed().as_nanos() as f64 / rounds as f64
            })
            .fold(f64::MAX, f64::min);
        println!("{name:32} {best:8.1} ns");
    };
    let calls = |g: *const c_void| {
        for _ in 0..rounds {
            // SAFETY: a function of the toy's signature.
            std::hint::black_box(unsafe { boundary::call(this.cast(), g, this as usize, 3, 0, 0) });
        }
    };
    let direct: extern "C-unwind" fn(*mut Toy, usize) -> c_int = nothing;
    time("return, no pad", &mut || {
        for _ in 0..rounds {
            std::hint::black_box(std::hint::black_box(direct)(this, 3));
        }
    });
    time("return through a pad", &mut || calls(nothing as *const c_void));
    time("raise, 1 frame of the program", &mut || calls(linked as *const c_void));
    for name in ["one", "six", "destructor"] {
        let g = f.symbol(name);
        time(&format!("raise, {name}, loaded object"), &mut || calls(g));
    }
    time("raise, 1 frame without a table", &mut || calls(bare.symbol("bare")));
    let jump = f.symbol("jump");
    time("setjmp and longjmp", &mut || {
        // SAFETY: a function of the toy's signature.
        unsafe { boundary::call(this.cast(), jump, this as usize, rounds as usize, 0, 0) };
    });
}

/// Two objects, one after the other at the same address, with the same code but different tables.
#[cfg(target_arch = "x86_64")]
#[test]
fn another_object_at_the_same_address() {
    let source = |frame: u32, cleanup: bool| {
        // In both the call returns to the same address; the frame's size and the wish to clean up differ.
        let (table, personality) = if cleanup {
            (".cfi_lsda 0x1b, .Ltable", ".cfi_personality 0x9b, DW.ref.__gcc_personality_v0")
        } else {
            ("", "")
        };
        format!(
            r#"
        __asm__(".text\n.globl frame\n.type frame, @function\nframe:\n"
          ".cfi_startproc\n{personality}\n{table}\n"
          "pushq %rbx\n.cfi_def_cfa_offset 16\n.cfi_offset 3, -16\n"
          "subq ${frame}, %rsp\n.cfi_def_cfa_offset {}\n"
          "movq T@GOTPCREL(%rip), %rax\nmovq (%rax), %rax\n"
          ".Lfrom:\ncall *(%rax)\n.Lto:\n"
          "addq ${frame}, %rsp\n.cfi_remember_state\n.cfi_def_cfa_offset 16\npopq %rbx\n.cfi_def_cfa_offset 8\nret\n"
          ".cfi_restore_state\n"
          ".Lpad: movq %rax, %rbx\nmovl $3, %edi\nmovq T@GOTPCREL(%rip), %rax\nmovq (%rax), %rax\ncall *40(%rax)\n"
          "movq %rbx, %rdi\ncall _Unwind_Resume@PLT\n"
          ".cfi_endproc\n.size frame, .-frame\n"
          ".section .gcc_except_table,\"a\",@progbits\n.balign 4\n"
          ".Ltable: .byte 0xff, 0xff, 3\n.uleb128 .Lend - .Lstart\n"
          ".Lstart: .long .Lfrom - frame, .Lto - .Lfrom, .Lpad - frame\n.byte 0\n.Lend:\n.text\n"
          ".hidden DW.ref.__gcc_personality_v0\n.weak DW.ref.__gcc_personality_v0\n"
          ".section .data.rel.local.DW.ref.__gcc_personality_v0,\"awG\",@progbits,DW.ref.__gcc_personality_v0,comdat\n"
          ".balign 8\n.type DW.ref.__gcc_personality_v0, @object\n.size DW.ref.__gcc_personality_v0, 8\n"
          "DW.ref.__gcc_personality_v0: .quad __gcc_personality_v0\n.text\n");
        "#,
            frame + 16
        )
    };
    let compile = |name: &str, frame, cleanup| {
        Foreign::new(name, "c", &["-Wl,--build-id=none"], &source(frame, cleanup));
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.so"))
    };
    // The unwinder must be loaded already, or it takes the place.
    let objects = [
        compile("same_a", 48, false),
        compile("same_b", 48, true),
        compile("same_c", 16, true),
        compile("same_d", 80, false),
    ];
    let expected: [&[c_int]; 4] = [&[], &[3], &[3], &[]];
    let mut t = toy();
    let mut again = 0;
    let mut before = None;
    for round in 0..60 {
        let which = round % objects.len();
        let f = Foreign::load(&objects[which]);
        let address = f.symbol("frame");
        if before == Some(address) {
            again += 1;
        }
        before = Some(address);
        for code in [5, 6] {
            assert_eq!(f.run(&mut t, "frame", code).throw as usize, code, "round {round}");
            assert_eq!(counts(), expected[which], "round {round}");
        }
    }
    // Other tests load objects at the same time, which can take the place now and then.
    assert!(again > 10, "the loader did not use the same address again ({again})");
}

/// Many threads, each with its own state and its own object, share the cache while objects come and go.
#[test]
fn threads() {
    let objects: Vec<PathBuf> = (0..4)
        .map(|i| {
            let name = format!("threads_{i}");
            let pad = "{ volatile int x; x = 1; x = 2; }".repeat(i * 7);
            Foreign::new(
                &name,
                "cc",
                &[],
                &format!(
                    r#"
                    static int work(int n) {{ {pad} return n; }}
                    EXPORT int clean(Toy *t, size_t n) {{
                      volatile char c[{i} * 40 + 8];
                      c[0] = work(n);
                      return T->throw_(t, n) + c[0];
                    }}
                    EXPORT int counted(Toy *t, size_t n) {{ Counted c(work(n)); return T->throw_(t, n) + 1; }}
                    EXPORT int nested(Toy *t, size_t n) {{ work(1); Counted c(9); return T->call(t, counted, n) + 1; }}
                    "#
                ),
            );
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.so"))
        })
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let objects = &objects;
            scope.spawn(move || {
                let mut t = toy();
                for round in 0..25 {
                    let f = Foreign::load(&objects[(thread + round) % objects.len()]);
                    for n in 1..30 {
                        assert_eq!(f.run(&mut t, "clean", n).throw as usize, n);
                        assert_eq!(f.run(&mut t, "counted", n).throw as usize, n);
                        assert_eq!(f.run(&mut t, "nested", n).throw as usize, n);
                        assert_eq!(counts(), [n as c_int, n as c_int, 9]);
                    }
                }
            });
        }
    });
}

/// Frames of unusual shape: large and aligned locals, `alloca`, a frame pointer, arguments on the stack. (That their
/// tables are understood, and the unwinder not needed, is shown by the tests of `src/boundary/rules.rs`.)
#[test]
fn frame_shapes() {
    let source = r#"
        #include <stdalign.h>
        #include <stdint.h>
        __attribute__((noinline)) static int use(volatile char *p, size_t n) {
          for (size_t i = 0; i < n; i++) p[i] = i;
          return p[n / 2];
        }
        __attribute__((noinline)) int aligned(Toy *t, size_t n) {
          alignas(128) volatile char a[256];
          int r = use(a, 256) + (int)((uintptr_t)a % 128);
          return T->throw_(t, n) + r;
        }
        __attribute__((noinline)) int large(Toy *t, size_t n) {
          volatile char a[100000];
          use(a, 100000);
          return aligned(t, n) + a[5];
        }
        __attribute__((noinline)) int dynamic(Toy *t, size_t n) {
          volatile char *a = __builtin_alloca(n * 100);
          use(a, n * 100);
          alignas(64) volatile char b[64];
          use(b, 64);
          return large(t, n) + a[n] + b[3];
        }
        __attribute__((noinline)) static int many(Toy *t, size_t n, int a, int b, int c, int d, int e, int f, int g) {
          return dynamic(t, n) + a + b + c + d + e + f + g;
        }
        int all(Toy *t, size_t n) { return many(t, n, 1, 2, 3, 4, 5, 6, 7); }
        "#;
    let mut t = toy();
    for (i, flags) in [
        &["-O0"][..],
        &["-O2"],
        &["-O2", "-fno-omit-frame-pointer"],
        &["-Os"],
        &["-O2", "-fstack-protector-all"],
        #[cfg(target_arch = "x86_64")]
        &["-O2", "-mpreferred-stack-boundary=6", "-fcf-protection=full"],
        #[cfg(target_arch = "aarch64")]
        &["-O2", "-mbranch-protection=standard"],
    ]
    .into_iter()
    .enumerate()
    {
        let f = Foreign::new(&format!("shapes_{i}"), "c", flags, source);
        for name in ["aligned", "large", "dynamic", "all"] {
            for round in 5..8 {
                assert_eq!(f.run(&mut t, name, round).throw as usize, round, "{name} {flags:?}");
            }
        }
    }
}

/// A debugger's or profiler's walk finds its way from foreign code through stubs, cores and pads.
#[test]
fn backtrace_through_pads() {
    let f = Foreign::new(
        "walk",
        "c",
        &["-O0"],
        r#"
        #include <execinfo.h>
        int walk(Toy *t, size_t n) { return backtrace(*(void ***)n, 100); }
        int middle(Toy *t, size_t n) { return T->pcall(t, walk, n); }
        int outer(Toy *t, size_t n) { return T->call(t, middle, n) + 1; }
        "#,
    );
    let mut frames = [std::ptr::null_mut::<c_void>(); 100];
    let buffer = frames.as_mut_ptr();
    let mut t = toy();
    assert_eq!(f.run(&mut t, "outer", &raw const buffer as usize).throw, 0);
    let names: Vec<&str> = frames
        .iter()
        // SAFETY: `dladdr` only looks the address up.
        .filter_map(|&pc| unsafe {
            let mut info: libc::Dl_info = std::mem::zeroed();
            let known = !pc.is_null() && libc::dladdr(pc, &mut info) != 0 && !info.dli_sname.is_null();
            known.then(|| CStr::from_ptr(info.dli_sname).to_str().unwrap())
        })
        .filter(|name| ["walk", "middle", "outer", "start_thread"].contains(name))
        .collect();
    assert_eq!(names[..3], ["walk", "middle", "outer"]);
    assert!(frames.iter().filter(|pc| !pc.is_null()).count() > 10);
}
