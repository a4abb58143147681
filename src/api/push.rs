//! Pushes values that C gives.

use super::Bytes;
use super::misuse::api_check;
use crate::api::Lua;
use crate::boundary::VaList;
use crate::gc;
use crate::messages::{self as msg, Arg};
use crate::object::string::bytes_of;
use crate::object::{Builtin, CClosure, Gc, Value, lua_CFunction, string};
use crate::sys;
use crate::throw::LResult;
use crate::vm::error::Raise;
use crate::vm::message;
use crate::vm::thunk;
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
        gc::check(*self)?;
        Ok(s)
    }
    /// `pushlstring` without a collector step.
    #[inline]
    pub fn push_quietly(self, s: &[u8]) -> LResult<Bytes> {
        let s = string::new_str(*self, s)?;
        self.api_push(Value::string(s));
        Ok(bytes_of(s))
    }
    /// `lua_pushfstring` for callers in Rust.
    pub fn pushfmt(self, fmt: &str, args: &[Arg]) -> LResult<Bytes> {
        let s = message::push(*self, fmt, args)?;
        gc::check(*self)?;
        Ok(s)
    }
    /// `lua_pushvfstring`: `%s %d %c %f %p %%`, taken from a C argument list.
    ///
    /// # Safety
    /// `args` holds what `fmt` asks for.
    pub unsafe fn pushvfstring(self, fmt: &[u8], args: &mut VaList) -> LResult<Bytes> {
        let mut next = |letter| {
            // SAFETY: the caller's promise.
            unsafe {
                Some(match letter {
                    b's' => {
                        let p = args.next_ptr() as *const u8;
                        if p.is_null() {
                            Arg::S(b"(null)")
                        } else {
                            Arg::S(core::slice::from_raw_parts(p, sys::strlen(p.cast())))
                        }
                    }
                    b'd' => Arg::D(args.next_i32() as i64),
                    b'c' => Arg::C(args.next_i32() as u8),
                    b'f' => Arg::F(args.next_f64()),
                    _ => Arg::P(args.next_ptr()),
                })
            }
        };
        let mut slot = core::mem::MaybeUninit::uninit();
        let out = super::Buffer::init(&mut slot, self);
        if let Some(letter) = msg::write(fmt, &mut next, &mut |piece| out.add(piece))? {
            return Err(self.runtime_error_fmt(msg::BAD_PUSHFSTRING, &[Arg::C(letter)]));
        }
        let s = out.finish()?;
        gc::check(*self)?;
        Ok(s)
    }
    /// Pushes a C function with `n` upvalues, which it pops. For a thunk of a library function it pushes that function.
    pub fn pushcclosure(self, f: lua_CFunction, n: i32) -> LResult<()> {
        match thunk::builtin_of_c(f) {
            Some(b) => self.pushbuiltin(b, n),
            None if n == 0 => {
                self.api_push(Value::light_c(f));
                Ok(())
            }
            None => self.push_closure(f, None, n),
        }
    }
    /// Pushes a library function; when `n` is not 0, a closure of it with `n` upvalues, which it pops.
    pub fn pushbuiltin(self, f: &'static Builtin, n: i32) -> LResult<()> {
        if n == 0 {
            self.api_push(Value::builtin(f));
            return Ok(());
        }
        self.push_closure(thunk::c_of_builtin(f), Some(f), n)
    }
    fn push_closure(self, f: lua_CFunction, builtin: Option<&'static Builtin>, n: i32) -> LResult<()> {
        api_check!((0..=255).contains(&n), "lua_pushcclosure", "n", "not 0 to 255 upvalues");
        api_check!(self.has_elements(n), "lua_pushcclosure", "n", "fewer values on the stack than upvalues");
        gc::check(*self)?;
        let c = Gc::<CClosure>::new(*self, f, builtin, n as usize)?;
        self.drop_values(n as usize);
        for (i, u) in c.upvalues().iter().enumerate() {
            // SAFETY: the `n` values dropped are still in their slots.
            u.set(unsafe { self.top.get().above(i).read() });
        }
        self.push(Value::c_closure(c));
        Ok(())
    }
    #[inline]
    pub fn pushlightuserdata(self, p: *mut c_void) -> LResult<()> {
        let v = match Value::light(p) {
            Some(v) => v,
            None => self.global().wide_lights.intern(*self, p as u64)?,
        };
        self.api_push(v);
        Ok(())
    }
    /// Whether the thread is the main one.
    #[inline]
    pub fn pushthread(self) -> bool {
        self.api_push(Value::thread(*self));
        self.global().main_thread.get() == Some(*self)
    }
}
