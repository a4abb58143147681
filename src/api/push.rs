//! From C to the stack.

use super::access::bytes_of;
use super::misuse::api_check;
use super::{Arg, Bytes};
use crate::boundary::VaList;
use crate::gc;
use crate::messages as msg;
use crate::num;
use crate::object::thread::EXTRA_STACK;
use crate::object::{Builtin, CClosure, Gc, Lua, Value, lua_CFunction, string};
use crate::stdlib;
use crate::throw::LResult;
use core::ffi::c_void;

impl Lua {
    #[inline(always)]
    pub fn pushnil(self) {
        self.api_push(Value::NIL)
    }
    #[inline(always)]
    pub fn pushnumber(self, n: f64) {
        if n.is_nan() { self.push_nan(n) } else { self.api_push(Value(n.to_bits())) }
    }
    #[cold]
    #[inline(never)]
    fn push_nan(self, n: f64) {
        self.api_push(Value::number(n))
    }
    #[inline(always)]
    pub fn pushinteger(self, n: isize) {
        self.api_push(Value((n as f64).to_bits()))
    }
    #[inline(always)]
    pub fn pushunsigned(self, n: u32) {
        self.api_push(Value((n as f64).to_bits()))
    }
    #[inline(always)]
    pub fn pushboolean(self, b: bool) {
        self.api_push(Value::boolean(b))
    }
    #[inline]
    pub fn pushlstring(self, s: &[u8]) -> LResult<Bytes> {
        let s = self.push_quietly(s)?;
        gc::check(self)?;
        Ok(s)
    }
    /// `pushlstring` without a collector step.
    #[inline]
    pub fn push_quietly(self, s: &[u8]) -> LResult<Bytes> {
        let s = string::new_str(self, s)?;
        self.api_push(Value::string(s));
        Ok(bytes_of(s))
    }
    /// `lua_pushfstring` for callers in Rust.
    pub fn pushfmt(self, fmt: &str, args: &[Arg]) -> LResult<Bytes> {
        let s = self.push_message(fmt, args)?;
        gc::check(self)?;
        Ok(s)
    }
    /// `pushfmt` for the making of errors: no collector step, so no finalizer gets in between.
    pub fn push_message(self, fmt: &str, args: &[Arg]) -> LResult<Bytes> {
        let mut rest = args.iter();
        let mut make = || self.format(fmt.as_bytes(), |_| rest.next().copied());
        if cfg!(not(feature = "apicheck")) {
            return make();
        }
        // An error is made wherever the program is, in a full frame in the stack's reserve: no push of the host's.
        let ci = self.call_info();
        let frame_top = ci.top.replace(self.top.get().wrapping_add(EXTRA_STACK));
        let made = make();
        ci.top.set(frame_top);
        made
    }
    /// `lua_pushvfstring`: `%s %d %c %f %p %%`, taken from a C argument list.
    ///
    /// # Safety
    /// `args` holds what `fmt` asks for.
    pub unsafe fn pushvfstring(self, fmt: &[u8], args: &mut VaList) -> LResult<Bytes> {
        let s = self.format(fmt, |kind| {
            // SAFETY: the caller's promise.
            unsafe {
                Some(match kind {
                    b's' => {
                        let p = args.next_ptr() as *const u8;
                        if p.is_null() {
                            Arg::S(b"(null)")
                        } else {
                            Arg::S(core::slice::from_raw_parts(p, libc::strlen(p.cast())))
                        }
                    }
                    b'd' => Arg::D(args.next_i32() as i64),
                    b'c' => Arg::C(args.next_i32() as u8),
                    b'f' => Arg::F(args.next_f64()),
                    _ => Arg::P(args.next_ptr()),
                })
            }
        })?;
        gc::check(self)?;
        Ok(s)
    }
    /// Builds a message in the native stack's buffer as far as it fits, the rest in a `Buffer`'s box.
    fn format<'a>(self, fmt: &[u8], mut next: impl FnMut(u8) -> Option<Arg<'a>>) -> LResult<Bytes> {
        let mut slot = core::mem::MaybeUninit::uninit();
        let out = super::Buffer::init(&mut slot, self);
        let mut rest = fmt;
        while let Some(at) = rest.iter().position(|&c| c == b'%') {
            out.add(&rest[..at])?;
            let kind = rest.get(at + 1).copied().unwrap_or(0);
            if kind == b'%' {
                out.addbyte(b'%')?;
            } else if matches!(kind, b's' | b'd' | b'c' | b'f' | b'p') {
                match next(kind) {
                    Some(arg) => add_arg(out, arg)?,
                    None => debug_assert!(false, "a message format with too few arguments"),
                }
            } else {
                return Err(self.runtime_error_fmt(msg::BAD_PUSHFSTRING, &[Arg::C(kind)]));
            }
            rest = rest.get(at + 2..).unwrap_or(&[]);
        }
        out.add(rest)?;
        out.finish()
    }
    /// A C function with `n` upvalues taken from the top. A thunk of a library function gives that function back.
    pub fn pushcclosure(self, f: lua_CFunction, n: i32) -> LResult<()> {
        match stdlib::builtin_of_c(f) {
            Some(b) => self.pushbuiltin(b, n),
            None if n == 0 => {
                self.api_push(Value::light_c(f));
                Ok(())
            }
            None => self.push_closure(f, None, n),
        }
    }
    /// A library function; with `n` upvalues a closure.
    pub fn pushbuiltin(self, f: &'static Builtin, n: i32) -> LResult<()> {
        if n == 0 {
            self.api_push(Value::builtin(f));
            return Ok(());
        }
        self.push_closure(stdlib::c_of_builtin(f), Some(f), n)
    }
    fn push_closure(self, f: lua_CFunction, builtin: Option<&'static Builtin>, n: i32) -> LResult<()> {
        api_check!((0..=255).contains(&n), "lua_pushcclosure", "n", "not 0 to 255 upvalues");
        api_check!(self.has_elements(n), "lua_pushcclosure", "n", "fewer values on the stack than upvalues");
        gc::check(self)?;
        let c = Gc::<CClosure>::new(self, f, builtin, n as usize)?;
        self.drop_values(n as usize);
        for (i, u) in c.upvalues().iter().enumerate() {
            // SAFETY: the `n` values dropped are still in their slots.
            u.set(unsafe { *self.top.get().add(i) });
        }
        self.push(Value::c_closure(c));
        Ok(())
    }
    #[inline]
    pub fn pushlightuserdata(self, p: *mut c_void) -> LResult<()> {
        let v = match Value::light(p) {
            Some(v) => v,
            None => self.global().wide_lights.intern(self, p as u64)?,
        };
        self.api_push(v);
        Ok(())
    }
    /// Whether the thread is the main one.
    #[inline]
    pub fn pushthread(self) -> bool {
        self.api_push(Value::thread(self));
        self.global().main_thread.get() == Some(self)
    }
}

fn add_arg(out: &mut super::Buffer, arg: Arg) -> LResult<()> {
    let mut text = [0u8; num::NUMBER_BUFFER];
    let n = match arg {
        Arg::S(s) => return out.add(s),
        Arg::C(c) => return out.addbyte(c),
        Arg::D(d) => num::format_signed(d, &mut text),
        Arg::F(f) => num::format_g14(f, &mut text),
        Arg::P(p) => format_pointer(p, &mut text),
    };
    out.add(&text[..n])
}

/// `%p` as glibc writes it.
pub(crate) fn format_pointer(p: *const c_void, out: &mut [u8]) -> usize {
    if p.is_null() {
        out[..5].copy_from_slice(b"(nil)");
        return 5;
    }
    let bits = p as usize;
    let digits = (usize::BITS - bits.leading_zeros()).div_ceil(4) as usize;
    out[..2].copy_from_slice(b"0x");
    for i in 0..digits {
        out[2 + i] = b"0123456789abcdef"[bits >> (4 * (digits - 1 - i)) & 15];
    }
    2 + digits
}
