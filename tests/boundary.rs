//! Proves what src/boundary promises, on a toy in place of a Lua state.
//!
//! The foreign side is C and C++ compiled by each test into a shared object of its own and loaded with dlopen; it
//! reaches the toy's stubs through a table of function pointers.

use lua52::boundary::{self, Link, Ret, VaList};
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
    sum: unsafe extern "C-unwind" fn(*mut Toy, *const c_char) -> i64,
}

static TABLE: Table = Table { throw: toy_throw, half: toy_half, call: toy_call, sum: toy_sum };

const HEADER: &str = r#"
#include <stddef.h>
typedef struct Toy Toy;
typedef struct {
  int (*throw_)(Toy *, int);
  double (*half)(Toy *, double);
  int (*call)(Toy *, int (*)(Toy *, size_t), size_t);
  long (*sum)(Toy *, const char *, ...);
} Table;
#ifdef __cplusplus
extern "C" const Table *T;
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
